use koa::prelude::*;

struct Posts;

#[controller("/posts")]
impl Posts {
    #[get("/:id")]
    async fn show(&self, id: u64) -> String {
        id.to_string()
    }
}

fn main() {
    let _ = Posts::show_path("seven");
    let _ = Posts::show_path();
    let _ = App::new().controller(Posts);
}
