use koa::prelude::*;

#[session]
struct UserSession {
    user: Option<String>,
}

#[middleware]
async fn show(session: &UserSession) -> String {
    format!("{:?}", session.user)
}

#[middleware]
async fn count(ctx: &mut Context, session: Slot<UserSession>, next: impl Next) -> Result {
    ctx[session].user = None;
    next.run(ctx).await
}

#[middleware]
async fn log_out(session: &mut Session<UserSession>) {
    session.destroy();
}

fn main() {
    let _ = App::new().with(show);
    let _ = App::new().with(count);
    let _ = App::new().mount("/log-out", Stack::new().with(log_out));
    let _ = App::new().with(show).with(UserSession::middleware());
}
