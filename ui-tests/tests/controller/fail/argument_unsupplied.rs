use koa::prelude::*;

struct Posts;

#[controller("/posts")]
impl Posts {
    #[get("/:post_id")]
    async fn show(&self, id: u64, post_id: u64) -> String {
        format!("{id} {post_id}")
    }

    #[get("/")]
    async fn list(&self, text: &str) -> String {
        text.to_owned()
    }
}

fn main() {
    let _ = App::new().controller(Posts);
}
