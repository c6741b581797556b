//! What stays inside a part of the app: what it provides, and the path it sees; also where it is dropped half-way.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::mpsc::channel;
use std::task::Poll;

use client::get;
use koa::prelude::*;
use serve::serve;

struct User(&'static str);

#[middleware]
async fn visitor(ctx: &mut Context, next: impl Next<User>) -> Result {
    next.provide(ctx, User("visitor")).await
}

#[middleware]
async fn admin(ctx: &mut Context, next: impl Next<User>) -> Result {
    next.provide(ctx, User("admin")).await
}

#[middleware]
async fn pass(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

#[middleware]
async fn who(user: &User) -> &'static str {
    user.0
}

/// Says, on the way back up, whom it sees.
#[middleware]
async fn after(ctx: &mut Context, user: Slot<User>, next: impl Next) -> Result {
    next.run(ctx).await?;
    let name = ctx[user].0;
    ctx.append("X-After", name)
}

#[test]
fn what_a_mount_provides_does_not_reach_the_layers_after_it() {
    let inner = Stack::new().with(admin).with(pass);
    let app = App::new()
        .with(visitor)
        .with(after)
        .mount("/in", inner)
        .with(who);
    let server = serve(app);
    let answer = get(server.address, "/in");
    assert_eq!(answer.text(), "visitor", "the endpoint after the mount");
    assert_eq!(
        answer.header("x-after"),
        Some("visitor"),
        "the layer before it"
    );
}

fn returned() -> Group<impl Onion> {
    Stack::new().with(admin).with(pass).group()
}

#[test]
fn nor_does_what_groups_options_and_boxes_provide() {
    let group = App::new().with(visitor).with(returned()).with(who);
    assert_eq!(get(serve(group).address, "/").text(), "visitor");

    let option = Some(Stack::new().with(admin).with(pass));
    let option = App::new().with(visitor).with(option).with(who);
    assert_eq!(get(serve(option).address, "/").text(), "visitor");

    let boxed = vec![BoxMiddleware::<()>::new(
        Stack::new().with(admin).with(pass),
    )];
    let boxed = App::new().with(visitor).with(boxed).with(who);
    assert_eq!(get(serve(boxed).address, "/").text(), "visitor");
}

struct Visits(u32);

/// Gives what stands below it up after its first wait, and answers itself.
#[middleware]
async fn impatient(ctx: &mut Context, next: impl Next) -> Result {
    let gave_up = {
        let mut rest = pin!(next.run(ctx));
        poll_fn(|cx| Poll::Ready(rest.as_mut().poll(cx).is_pending())).await
    };
    if gave_up {
        ctx.set_body("gave up");
    }
    Ok(())
}

#[middleware]
async fn visits(ctx: &mut Context, next: impl Next<Visits>) -> Result {
    let (result, visits) = next.lend(ctx, Visits(0)).await;
    ctx.set("X-Visits", visits.map_or(99, |visits| visits.0))?;
    result
}

#[middleware]
async fn count(ctx: &mut Context, visits: Slot<Visits>, next: impl Next) -> Result {
    next.run(ctx).await?;
    ctx[visits].0 += 10;
    Ok(())
}

#[middleware]
async fn forever(visits: &mut Visits) -> &'static str {
    visits.0 += 1;
    pending().await
}

#[test]
fn what_an_endpoint_was_lent_goes_back_when_it_is_dropped() {
    let app = App::new()
        .with(visits)
        .with(count)
        .with(impatient)
        .with(forever);
    let server = serve(app);
    let answer = get(server.address, "/");
    assert_eq!(answer.text(), "gave up");
    assert_eq!(answer.header("x-visits"), Some("11"));
}

#[middleware]
async fn panics(visits: &mut Visits) -> &'static str {
    visits.0 += 1;
    panic!("as it should");
}

#[middleware]
async fn rescue(ctx: &mut Context, next: impl Next) -> Result {
    if next.run(ctx).await.is_err() {
        ctx.set_body("rescued");
    }
    Ok(())
}

#[middleware]
async fn fails(visits: &mut Visits) -> Result {
    visits.0 += 1;
    throw!(400, "as it should");
}

#[test]
fn and_when_it_fails() {
    let app = App::new().with(visits).with(count).with(rescue).with(fails);
    let answer = get(serve(app).address, "/");
    assert_eq!(
        (answer.text().as_str(), answer.header("x-visits")),
        ("rescued", Some("11"))
    );
    let app = App::new().silent(true).with(visits).with(panics);
    assert_eq!(get(serve(app).address, "/").status, 500);
}

#[middleware]
async fn stuck() -> &'static str {
    pending().await
}

#[test]
fn the_path_is_what_it_was_when_a_mount_is_dropped() {
    let (says, said) = channel();
    struct Log(std::sync::mpsc::Sender<String>);
    #[middleware]
    impl Log {
        async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
            next.run(ctx).await?;
            self.0.send(ctx.path().to_owned()).unwrap();
            Ok(())
        }
    }
    let app = App::new()
        .with(Log(says))
        .with(impatient)
        .mount("/slow", stuck);
    let server = serve(app);
    assert_eq!(get(server.address, "/slow/path").text(), "gave up");
    assert_eq!(said.recv().unwrap(), "/slow/path");
}

/// It would not compile if an optional group counted as a single layer.
#[test]
fn optional_groups_of_many_layers_compile() {
    macro_rules! fifteen {
        () => {
            Some(
                Stack::new()
                    .with(pass)
                    .with(pass)
                    .with(pass)
                    .with(pass)
                    .with(pass)
                    .with(pass)
                    .with(pass)
                    .with(pass)
                    .with(pass)
                    .with(pass)
                    .with(pass)
                    .with(pass)
                    .with(pass)
                    .with(pass)
                    .with(pass),
            )
        };
    }
    let app = App::new()
        .with(fifteen!())
        .with(fifteen!())
        .with(fifteen!())
        .with(fifteen!())
        .with(fifteen!())
        .with(visitor)
        .with(who);
    assert_eq!(get(serve(app).address, "/").text(), "visitor");
}

/// A value whose end is a panic.
struct Bad;

impl Drop for Bad {
    fn drop(&mut self) {
        panic!("it cannot be dropped");
    }
}

/// Says what it finds in a context that should be new, and leaves all in it that can be left.
#[middleware]
async fn soil(ctx: &mut Context) -> Result {
    let extension = ctx.request.parts().extensions.get::<u8>();
    let found = format!(
        "{} {} {:?} {:?} {} {} {:?} {:?} {}",
        ctx.status(),
        ctx.response.headers().len(),
        ctx.response.message(),
        ctx.response.length(),
        ctx.body().is_none(),
        ctx.method(),
        ctx.state.get::<u8>(),
        extension,
        ctx.request.headers().len(),
    );
    let what = ctx.path().to_owned();
    if what == "/plain" {
        ctx.set_body(found);
        return Ok(());
    }
    ctx.state.insert(1_u8);
    ctx.request.parts_mut().extensions.insert(1_u8);
    ctx.request.headers_mut().insert("x-old", "1".parse()?);
    ctx.set("X-Old", "1")?;
    ctx.set_method(koa::http::Method::PUT);
    ctx.set_url("/rewritten?old");
    ctx.set_length(1);
    ctx.set_status(201)?;
    ctx.set_message("Old")?;
    ctx.set_body(found);
    match &*what {
        "/error" => throw!(400, "old"),
        "/panic" => panic!("old"),
        "/drop" => drop(ctx.state.insert(Bad)),
        "/hand" => ctx.respond_with(koa::http::Response::new("old")),
        "/nothing" => ctx.set_body(()),
        _ => {}
    }
    Ok(())
}

/// Contexts stand in places that requests leave to one another.
#[test]
fn nothing_of_a_request_is_left_to_the_next() {
    let server = serve(App::new().silent(true).with(visitor).with(soil));
    let new = "404 0 \"Not Found\" None true GET None None 1";
    let mut client = client::Client::connect(server.address);
    for before in ["/", "/error", "/panic", "/drop", "/hand", "/nothing"] {
        for _ in 0..4 {
            client.get(before);
            let answer = client.get("/");
            assert_eq!((answer.status, &*answer.text()), (201, new), "{before}");
            assert_eq!(answer.header("x-old"), Some("1"));
            let answer = client.get("/plain");
            assert_eq!((answer.status, &*answer.text()), (200, new), "{before}");
        }
    }
}
