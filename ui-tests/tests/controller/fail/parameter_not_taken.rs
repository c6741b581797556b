use koa::prelude::*;

struct Posts;

#[controller("/posts")]
impl Posts {
    #[get("/:id/comments/:comment")]
    async fn show(&self, id: u64) -> String {
        id.to_string()
    }
}

fn main() {
    let _ = App::new().controller(Posts);
}
