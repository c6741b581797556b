use koa::prelude::*;

#[session]
struct Visits {
    visits: u32,
}

#[middleware]
async fn count(session: &mut Visits) -> String {
    session.vists += 1;
    session.visits.to_string()
}

fn main() {
    let _ = App::new().with(Visits::middleware()).with(count);
}
