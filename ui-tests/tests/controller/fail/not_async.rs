use koa::prelude::*;

struct Posts;

#[controller("/posts")]
impl Posts {
    #[get("/")]
    fn list(&self) -> String {
        String::new()
    }
}

fn main() {
    let _ = App::new().controller(Posts);
}
