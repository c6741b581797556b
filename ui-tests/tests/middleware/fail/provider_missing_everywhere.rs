use koa::prelude::*;

struct User;

#[middleware]
async fn greet(user: &User) -> &'static str {
    let User = user;
    "hello"
}

fn main() {
    let _ = App::new().with(greet);
}
