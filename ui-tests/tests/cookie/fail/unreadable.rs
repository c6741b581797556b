use koa::prelude::*;

struct Prefs;

#[middleware]
async fn text(#[cookie("prefs")] prefs: Option<Prefs>) -> &'static str {
    drop(prefs);
    ""
}

#[middleware]
async fn json(#[cookie("prefs", json)] prefs: Prefs) -> &'static str {
    let Prefs = prefs;
    ""
}

fn main() {
    let _ = App::new().with(text).with(json);
}
