//! Groups of middleware, mounted under prefixes, and what they ask of the layers above them.
//!
//! `cargo run -p examples --bin mounted`, then `curl -H 'X-User: ada' http://127.0.0.1:3000/api/me`.

use koa::prelude::*;

/// Who makes the request.
struct User {
    name: String,
}

/// The greeting of the whole app.
struct Greeting(&'static str);

/// Hands a `User` to everything below it.
#[middleware]
async fn signed_in(ctx: &mut Context, next: impl Next<User>) -> Result {
    let name = ctx.get("X-User").into_owned();
    ensure!(!name.is_empty(), 401, "Please say who you are, in X-User");
    next.provide(ctx, User { name }).await
}

/// An endpoint that needs a `User`: mounted where nothing provides one, it does not compile.
#[middleware]
async fn me(ctx: &mut Context, user: &User, greeting: &Greeting) -> String {
    let place = ctx.request.mount_path();
    format!("{}, {}! You are at {place}.", greeting.0, user.name)
}

#[middleware]
async fn version() -> &'static str {
    "1.0"
}

/// A function can make a group. What its layers ask for, and do not provide themselves, stands in its type.
fn api() -> Group<impl Onion, (&'static Greeting,)> {
    Stack::new()
        .mount("/version", version)
        .with(signed_in)
        .mount("/me", me)
        .group()
}

#[middleware]
async fn home() -> &'static str {
    "<p>See <a href=/api/me>/api/me</a></p>"
}

#[koa::main]
async fn main() -> Result {
    let app = App::new()
        .context(Greeting("Hello"))
        .mount("/api", api())
        .with(home);

    let server = app.bind(("127.0.0.1", examples::port())).await?;
    println!("listening on http://{}", server.addresses()[0]);
    server.run().await
}
