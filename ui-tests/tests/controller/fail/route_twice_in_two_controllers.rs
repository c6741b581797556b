use koa::prelude::*;

struct Posts;

#[controller("/posts")]
impl Posts {
    #[get("/:id")]
    async fn show(&self, id: u64) -> String {
        id.to_string()
    }
}

struct Pages;

#[controller("/")]
impl Pages {
    #[get("/posts/:slug")]
    async fn page(&self, slug: String) -> String {
        slug
    }
}

fn main() {
    let _ = App::new().controller(Posts).controller(Pages);
}
