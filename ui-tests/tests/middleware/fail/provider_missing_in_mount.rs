use koa::prelude::*;

struct User;

#[middleware]
async fn profile(_: &User) -> &'static str {
    "profile"
}

fn main() {
    let inner = Stack::new().mount("/profile", profile);
    let _ = App::new()
        .mount("/me", profile)
        .mount("/api", inner);
}
