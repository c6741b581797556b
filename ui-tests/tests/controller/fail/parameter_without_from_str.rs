use koa::prelude::*;

struct Posts;

struct PostId(u64);

#[controller("/posts")]
impl Posts {
    #[get("/:id")]
    async fn show(&self, id: PostId) -> String {
        id.0.to_string()
    }
}

fn main() {
    let _ = App::new().controller(Posts);
}
