use koa::prelude::*;

struct Session {
    visits: u32,
}

#[middleware]
async fn count(ctx: &mut Context, session: &mut Session, next: impl Next) -> Result {
    session.visits += 1;
    next.run(ctx).await
}

fn main() {
    let _ = App::new().with(count);
}
