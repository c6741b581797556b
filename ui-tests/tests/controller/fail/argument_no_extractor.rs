use koa::prelude::*;

struct Posts;

struct Session {
    visits: u32,
}

#[controller("/posts")]
impl Posts {
    #[get("/")]
    async fn list(&self, session: Session) -> String {
        session.visits.to_string()
    }
}

fn main() {
    let _ = App::new().controller(Posts);
}
