/// Says how long the layers below took.
///
/// ```text
/// async fn response_time(ctx: &mut Context, next: impl Next) -> Result
/// ```
pub const fn response_time() -> response_time {
    response_time {}
}

/// Says how long the layers below took.
#[doc(hidden)]
#[allow(non_camel_case_types)]
pub struct response_time {}

impl ::koa::__private::Declared for response_time {
    type Provides = ();
    const ABOUT: ::koa::__private::About = ::koa::__private::About::new(
        "response_time",
        &[],
        ::core::file!(),
        0,
    );
    fn call<'a, N>(
        ctx: &'a mut ::koa::Context,
        next: N,
    ) -> impl ::core::marker::Send + 'a + ::core::future::Future<Output = ::koa::Result>
    where
        N: ::koa::Next + 'a,
    {
        #[deny(unused_must_use)]
        #[allow(clippy::unused_async)]
        async fn response_time(ctx: &mut Context, next: impl Next) -> Result {
            let start = Instant::now();
            next.run(ctx).await?;
            ctx.set("X-Response-Time", format!("{}ms", start.elapsed().as_millis()))
        }
        response_time(ctx, next)
    }
}

impl<List> ::koa::Requires<List, ()> for response_time {}
