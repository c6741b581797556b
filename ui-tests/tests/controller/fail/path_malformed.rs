use koa::prelude::*;

struct Posts;

#[controller("posts")]
impl Posts {
    #[get("/{id}")]
    async fn show(&self, id: u64) -> String {
        id.to_string()
    }

    #[get("/:id?")]
    async fn perhaps(&self, id: u64) -> String {
        id.to_string()
    }

    #[get("/files/*")]
    async fn file(&self) -> String {
        String::new()
    }

    #[get("/search?q=1")]
    async fn search(&self) -> String {
        String::new()
    }

    #[get]
    async fn nowhere(&self) -> String {
        String::new()
    }
}

fn main() {
    let _ = App::new().controller(Posts);
}
