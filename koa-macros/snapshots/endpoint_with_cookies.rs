///
/// ```text
/// async fn count(ctx: &mut Context, visits: Option<u32>, prefs: Prefs) -> Result
/// ```
const fn count() -> count {
    count {}
}

#[doc(hidden)]
#[allow(non_camel_case_types)]
struct count {}

impl ::koa::__private::Declared for count {
    type Provides = ();
    const ABOUT: ::koa::__private::About = ::koa::__private::About::new(
        "count",
        &[],
        ::core::file!(),
        0,
    );
    fn call<'a, N>(
        ctx: &'a mut ::koa::Context,
        _: N,
    ) -> impl ::core::marker::Send + 'a + ::core::future::Future<Output = ::koa::Result>
    where
        N: ::koa::Next + 'a,
    {
        #[deny(unused_must_use)]
        #[allow(clippy::unused_async)]
        async fn count(ctx: &mut Context, visits: Option<u32>, prefs: Prefs) -> Result {
            ctx.cookies().set("visits", visits.unwrap_or(0) + 1)
        }
        async move {
            let visits = ::koa::__private::optional_cookie::<
                u32,
                ::koa::__private::FromText,
            >(ctx, ::koa::Cookie::new("visits").signed(false))?;
            let prefs = ::koa::__private::required_cookie::<
                Prefs,
                ::koa::__private::FromJson,
            >(ctx, ::koa::Cookie::new("prefs").encrypt(true))?;
            count(ctx, visits, prefs).await
        }
    }
}

impl<List> ::koa::Requires<List, ()> for count {}
