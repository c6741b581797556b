//! What a middleware may return.

use koa::prelude::*;

mod plain {
    use super::*;

    #[middleware]
    pub(crate) async fn nothing(ctx: &mut Context) {
        ctx.set_body("nothing");
    }

    #[middleware]
    pub(crate) async fn unit(ctx: &mut Context, next: impl Next) -> () {
        let _ = next.run(ctx).await;
    }

    #[middleware]
    pub(crate) async fn text() -> &'static str {
        "text"
    }

    #[middleware]
    pub(crate) async fn text_beside_the_context(ctx: &mut Context) -> &'static str {
        ctx.remove("X-Gone");
        "text"
    }

    #[middleware]
    pub(crate) async fn bytes() -> Vec<u8> {
        vec![1]
    }

    #[middleware]
    pub(crate) async fn perhaps() -> Option<String> {
        None
    }

    #[middleware]
    pub(crate) async fn status() -> (u16, &'static str) {
        (201, "made")
    }

    #[middleware]
    pub(crate) async fn json() -> Json<Vec<u8>> {
        Json(vec![1])
    }
}

mod results {
    use super::*;

    #[middleware]
    pub(crate) async fn plain() -> Result {
        Ok(())
    }

    #[middleware]
    pub(crate) async fn by_path() -> koa::Result<()> {
        Ok(())
    }

    #[middleware]
    pub(crate) async fn body() -> Result<String> {
        Ok(std::fs::read_to_string("hello")?)
    }

    #[middleware]
    pub(crate) async fn status_and_body(fail: &bool) -> Result<(u16, Option<String>)> {
        ensure!(!fail, 503);
        Ok((200, None))
    }

    #[middleware]
    pub(crate) async fn other_error() -> std::result::Result<(), std::io::Error> {
        Ok(())
    }

    #[middleware]
    pub(crate) async fn after_next(
        ctx: &mut Context,
        next: impl Next,
    ) -> std::result::Result<&'static str, koa::Error> {
        next.run(ctx).await?;
        Ok("done")
    }

    #[middleware]
    pub(crate) async fn throws(_: &mut Context, _: impl Next) -> Result {
        throw!(418, "short and stout")
    }
}

/// An alias of one's own, with koa's error.
mod alias {
    use super::{Context, Next, middleware};

    type Result<T = ()> = std::result::Result<T, koa::Error>;

    #[middleware]
    pub(crate) async fn plain(ctx: &mut Context, next: impl Next) -> Result {
        next.run(ctx).await
    }

    #[middleware]
    pub(crate) async fn body() -> Result<&'static str> {
        Ok("body")
    }
}

fn main() {
    let _app = App::new()
        .context(false)
        .with(plain::nothing)
        .with(plain::unit)
        .with(plain::text)
        .with(plain::text_beside_the_context)
        .with(plain::bytes)
        .with(plain::perhaps)
        .with(plain::status)
        .with(plain::json)
        .with(results::plain)
        .with(results::by_path)
        .with(results::body)
        .with(results::status_and_body)
        .with(results::other_error)
        .with(results::after_next)
        .with(results::throws)
        .with(alias::plain)
        .with(alias::body)
        .callback();
}
