use koa::prelude::*;

mod users {
    pub(crate) struct Current<T>(pub(crate) T);
}

#[middleware]
async fn profile(user: &users::Current<Vec<String>>) -> String {
    user.0.join(" ")
}

fn main() {
    let _ = App::new().with(profile);
}
