use koa::prelude::*;

struct NotAnError;

#[middleware]
async fn fails() -> Result<&'static str, NotAnError> {
    Err(NotAnError)
}

fn main() {
    let _ = App::new().with(fails);
}
