//! Errors: thrown, returned, and panicked; answered by a middleware, or by the app.
//!
//! `cargo run -p examples --bin errors`, then for instance `curl -i http://127.0.0.1:3000/api/teapot`.

use koa::prelude::*;

#[derive(serde::Serialize)]
struct Problem<'a> {
    error: &'a str,
}

/// Answers the errors below it in JSON, as an API would; the app's listeners hear of them all the same.
#[middleware]
async fn json_errors(ctx: &mut Context, next: impl Next) -> Result {
    if let Err(error) = next.run(ctx).await {
        let message = if error.expose() {
            error.message()
        } else {
            "something went wrong"
        };
        let answer = Body::json(&Problem { error: message });
        ctx.set_status(error.status())?;
        ctx.set_body(answer);
        ctx.app().emit_error(&error, ctx);
    }
    Ok(())
}

/// A way to fail for each path.
#[middleware]
async fn fail(ctx: &mut Context) -> Result<&'static str> {
    match ctx.path() {
        // The client sees the message of an error below 500 ..
        "/teapot" => throw!(418, "short and stout"),
        // .. and not that of any other: this is a 500 for it.
        "/secret" => throw!("the database is on fire"),
        // Any error goes up with `?`; a missing file is a 404.
        "/file" => {
            std::fs::read("/no/such/file")?;
        }
        // A panic is a 500 too, and the server goes on.
        #[allow(clippy::panic, reason = "it is what this path shows")]
        "/panic" => panic!("this was not meant to be"),
        "/login" => {
            ensure!(!ctx.get("Authorization").is_empty(), 401, "Please login!");
        }
        _ => {}
    }
    Ok("nothing failed")
}

#[koa::main]
async fn main() -> Result {
    let app = App::new()
        .on_error(|error, ctx| eprintln!("{} {}: {error:?}", ctx.method(), ctx.path()))
        .mount("/api", Stack::new().with(json_errors).with(fail))
        .with(fail);

    let server = app.bind(("127.0.0.1", examples::port())).await?;
    println!("listening on http://{}", server.addresses()[0]);
    server.run().await
}
