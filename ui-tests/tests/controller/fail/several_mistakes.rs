use koa::prelude::*;

struct Posts;

#[controller("/posts")]
impl Posts {
    #[get("/:id")]
    async fn show(&self) -> String {
        String::new()
    }

    #[post("/")]
    fn create(&self, title: String, next: impl Next) -> String {
        drop(next);
        title
    }
}

fn main() {
    let _ = App::new().controller(Posts);
}
