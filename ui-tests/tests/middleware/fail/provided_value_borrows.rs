use koa::prelude::*;

struct Parsed<'a>(&'a str);

#[middleware]
async fn parse<'a>(ctx: &'a mut Context, next: impl Next<Parsed<'a>>) -> Result {
    next.provide(ctx, Parsed("")).await
}

#[middleware]
async fn show(parsed: &Parsed<'_>) -> String {
    parsed.0.to_owned()
}

fn main() {
    let _ = App::new().with(parse).with(show);
}
