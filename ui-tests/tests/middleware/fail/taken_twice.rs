use koa::prelude::*;

struct Session {
    visits: u32,
}

#[middleware]
async fn swap(old: &mut Session, new: &mut Session) -> String {
    std::mem::swap(old, new);
    String::new()
}

#[middleware]
async fn compare(old: &Session, new: &mut Session) -> String {
    (old.visits == new.visits).to_string()
}

#[middleware]
async fn keys(ctx: &mut Context, key: Slot<Session>, session: &Session) -> String {
    (ctx[key].visits == session.visits).to_string()
}

#[middleware]
async fn contexts(one: &mut Context, two: &mut Context) -> String {
    format!("{} {}", one.path(), two.path())
}

#[middleware]
async fn run_both(ctx: &mut Context, one: impl Next, two: impl Next) -> Result {
    one.run(ctx).await?;
    two.run(ctx).await
}

fn main() {
    let _ = App::new().with(run_both).with(swap).with(compare).with(keys).with(contexts);
}
