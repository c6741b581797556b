use koa::prelude::*;

struct User {
    #[allow(dead_code)]
    name: String,
}

#[middleware]
async fn me() -> User {
    User { name: "ada".to_owned() }
}

#[middleware]
async fn me_or_error() -> Result<User> {
    throw!(401)
}

fn main() {
    let _ = App::new().with(me).with(me_or_error);
}
