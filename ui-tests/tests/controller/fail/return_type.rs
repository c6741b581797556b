use koa::prelude::*;

struct Posts;

struct Post;

enum Failure {
    Gone,
}

#[controller("/posts")]
impl Posts {
    #[get("/")]
    async fn first(&self) -> Post {
        Post
    }

    #[get("/last")]
    async fn last(&self) -> Result<String, Failure> {
        Err(Failure::Gone)
    }
}

fn main() {
    let _ = App::new().controller(Posts);
}
