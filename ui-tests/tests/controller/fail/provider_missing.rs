use koa::prelude::*;

struct Posts;

struct User {
    name: String,
}

#[controller("/posts")]
impl Posts {
    #[get("/")]
    async fn list(&self, user: &User) -> String {
        user.name.clone()
    }
}

fn main() {
    let _ = App::new().controller(Posts);
}
