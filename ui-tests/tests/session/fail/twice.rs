use koa::prelude::*;

#[session]
struct UserSession {
    visits: u32,
}

#[middleware]
async fn count(session: &mut UserSession, whole: &mut Session<UserSession>) -> String {
    session.visits += 1;
    whole.destroy();
    String::new()
}

fn main() {
    let _ = App::new().with(UserSession::middleware()).with(count);
}
