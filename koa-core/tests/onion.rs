//! The order of the layers, what they hand on, groups and mounts, over a real socket.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use client::get;
use koa::prelude::*;
use serve::serve;

#[derive(Default)]
struct Trail(String);

fn mark(ctx: &mut Context, sign: &str) {
    ctx.state.get_or_default::<Trail>().0.push_str(sign);
}

/// Marks the way down and the way back up.
struct Mark(&'static str, &'static str);

#[middleware]
impl Mark {
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        mark(ctx, self.0);
        next.run(ctx).await?;
        mark(ctx, self.1);
        Ok(())
    }
}

/// Answers with the trail, once all layers are done.
#[middleware]
async fn show(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await?;
    let trail = std::mem::take(&mut ctx.state.get_or_default::<Trail>().0);
    ctx.set_body(trail);
    Ok(())
}

#[middleware]
async fn end(ctx: &mut Context) {
    mark(ctx, "|");
}

#[test]
fn layers_run_down_and_back_up() {
    let app = App::new()
        .with(show)
        .with(Mark("a", "A"))
        .with(Mark("b", "B"))
        .with(end)
        .with(Mark("never", "never"));
    let server = serve(app);
    assert_eq!(get(server.address, "/").text(), "ab|BA");
}

#[test]
fn a_group_is_a_layer_among_others() {
    let group = Stack::new().with(Mark("b", "B")).with(Mark("c", "C"));
    let app = App::new()
        .with(show)
        .with(Mark("a", "A"))
        .with(group)
        .with(Mark("d", "D"))
        .with(Stack::new())
        .with(end);
    let server = serve(app);
    assert_eq!(get(server.address, "/").text(), "abcd|DCBA");
}

#[test]
fn sixty_four_layers_run() {
    macro_rules! eight {
        ($app:expr) => {
            $app.with(Mark("<", ">"))
                .with(Mark("<", ">"))
                .with(Mark("<", ">"))
                .with(Mark("<", ">"))
                .with(Mark("<", ">"))
                .with(Mark("<", ">"))
                .with(Mark("<", ">"))
                .with(Mark("<", ">"))
        };
    }
    let app = eight!(eight!(eight!(eight!(App::new().with(show)))));
    let app = eight!(eight!(eight!(eight!(app)))).with(end);
    let server = serve(app);
    let wanted = format!("{}|{}", "<".repeat(64), ">".repeat(64));
    assert_eq!(get(server.address, "/").text(), wanted);
}

#[derive(Debug)]
struct User(&'static str);
#[derive(Debug)]
struct Visits(u32);

#[middleware]
async fn with_user(ctx: &mut Context, next: impl Next<User>) -> Result {
    next.provide(ctx, User("ada")).await
}

#[middleware]
async fn with_visits(ctx: &mut Context, next: impl Next<Visits>) -> Result {
    next.provide(ctx, Visits(1)).await
}

#[middleware]
async fn count(ctx: &mut Context, visits: Slot<Visits>, next: impl Next) -> Result {
    ctx[visits].0 += 1;
    next.run(ctx).await?;
    let seen = ctx[visits].0;
    ctx.set("X-Visits", seen)
}

#[middleware]
async fn greet(ctx: &mut Context, visits: &mut Visits, user: &User) -> String {
    visits.0 *= 10;
    format!("{} {} {}", ctx.path(), user.0, visits.0)
}

#[test]
fn what_is_provided_reaches_the_layers_below() {
    let app = App::new()
        .with(with_visits)
        .with(with_user)
        .with(count)
        .with(greet);
    let server = serve(app);
    let answer = get(server.address, "/x");
    assert_eq!(answer.text(), "/x ada 20");
    assert_eq!(answer.header("x-visits"), Some("20"));
}

#[test]
fn a_group_provides_to_the_layers_after_it() {
    let providers = Stack::new().with(with_visits).with(with_user);
    let server = serve(App::new().with(providers).with(greet));
    assert_eq!(get(server.address, "/").text(), "/ ada 10");
}

#[middleware]
async fn place(ctx: &mut Context) -> String {
    format!("{} under {:?}", ctx.path(), ctx.request.mount_path())
}

/// Goes on from inside a mount, and says on the way back where it is again.
#[middleware]
async fn through(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await?;
    let path = ctx.path().to_owned();
    ctx.set("X-Inside", path)
}

#[middleware]
async fn outside(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await?;
    let path = ctx.path().to_owned();
    ctx.set("X-Outside", path)
}

#[test]
fn a_mount_takes_its_prefix_off_the_path() {
    let inner = Stack::new().mount("/inner", place).with(through);
    let app = App::new()
        .with(outside)
        .mount("/api", inner)
        .mount("/slash/", place)
        .mount("bare", place)
        .with(place);
    let server = serve(app);
    let text = |path| get(server.address, path).text();

    assert_eq!(text("/api/inner/x?q=1"), r#"/x under "/api/inner""#);
    assert_eq!(text("/api/inner"), r#"/ under "/api/inner""#);
    assert_eq!(text("/apis"), r#"/apis under """#);
    assert_eq!(text("/slash/x"), r#"/x under "/slash""#);
    assert_eq!(text("/slash"), r#"/slash under """#);
    assert_eq!(text("/bare/x"), r#"/x under "/bare""#);

    // What goes on from inside sees the whole path, and the layer inside its own again.
    let answer = get(server.address, "/api/else");
    assert_eq!(answer.text(), r#"/api/else under """#);
    assert_eq!(answer.header("x-inside"), Some("/else"));
    assert_eq!(answer.header("x-outside"), Some("/api/else"));
}

#[test]
fn a_composition_can_be_decided_at_run_time() {
    for stamped in [true, false] {
        let mut layers = vec![BoxMiddleware::new(Mark("a", "A"))];
        if stamped {
            layers.push(BoxMiddleware::new(Mark("b", "B")));
        }
        let app = App::new()
            .with(show)
            .with(layers)
            .with(stamped.then_some(Mark("c", "C")))
            .with(end);
        let server = serve(app);
        let wanted = if stamped { "abc|CBA" } else { "a|A" };
        assert_eq!(get(server.address, "/").text(), wanted);
    }
}

fn greeting() -> Group<impl Onion, (&'static User, Slot<Visits>)> {
    Stack::new().with(greet).group()
}

#[test]
fn a_function_can_return_a_group() {
    let server = serve(
        App::new()
            .with(with_user)
            .with(with_visits)
            .with(greeting()),
    );
    assert_eq!(get(server.address, "/").text(), "/ ada 10");
}
