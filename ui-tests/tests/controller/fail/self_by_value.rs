use koa::prelude::*;

struct Posts;

#[controller("/posts")]
impl Posts {
    #[get("/")]
    async fn list(self) -> String {
        String::new()
    }

    #[post("/")]
    async fn create(&mut self) -> String {
        String::new()
    }
}

fn main() {
    let _ = App::new().controller(Posts);
}
