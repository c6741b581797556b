///
/// ```text
/// async fn hello() -> &'static str
/// ```
const fn hello() -> hello {
    hello {}
}

#[doc(hidden)]
#[allow(non_camel_case_types)]
struct hello {}

impl ::koa::__private::Declared for hello {
    type Provides = ();
    const ABOUT: ::koa::__private::About = ::koa::__private::About::new(
        "hello",
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
        async fn hello() -> &'static str {
            "hello"
        }
        async move {
            let returned = hello().await;
            ::koa::__private::reply::<_>(ctx, returned)
        }
    }
}

impl<List> ::koa::Requires<List, ()> for hello {}
