#[allow(non_camel_case_types)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy)]
struct hello;

impl ::koa::Middleware for hello {
    type Provides = ();
    fn call<'a, N>(
        &'a self,
        ctx: &'a mut ::koa::Context,
        _: N,
    ) -> impl ::core::future::Future<Output = ::koa::Result> + ::core::marker::Send + 'a
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
            ::koa::__private::reply(ctx, returned)
        }
    }
}

impl<List> ::koa::Requires<List, ()> for hello {}
