::core::compile_error! {
    "`#[middleware]` has no option `cancel_on_disconect`: did you mean `cancel_on_disconnect`?\nits options are `cancel_on_disconnect`, `crate = \"..\"`"
}

::core::compile_error! {
    "a middleware is asynchronous: write `async fn profile`"
}

::core::compile_error! {
    "a middleware that runs `next` cannot be given a `u64`; it can take:\n- `ctx: &mut Context`\n- `next: impl Next`, or `next: impl Next<T>` to provide a `T`\n- `name: Slot<T>`, the key to a `T` that a middleware above provides\n- `name: Query<T>`, `Json<T>`, `Form<T>`, `Header<T>`, or another type that implements `FromContext`"
}

::core::compile_error! {
    "this middleware provides a `User`, so `next` cannot run without one\nwrite `next.provide(ctx, value).await`; or, if it provides nothing, declare `next: impl Next`"
}

///
/// ```text
/// async fn profile(ctx: &mut Context, id: u64, next: impl Next<User>) -> Result
/// ```
const fn profile() -> profile {
    profile {}
}

#[doc(hidden)]
#[allow(non_camel_case_types)]
struct profile {}

impl ::koa::__private::Declared for profile {
    type Provides = (User,);
    const ABOUT: ::koa::__private::About = ::koa::__private::About::new(
        "profile",
        &[],
        ::core::file!(),
        0,
    );
    fn call<'a, N>(
        _: &'a mut ::koa::Context,
        _: N,
    ) -> impl ::core::marker::Send + 'a + ::core::future::Future<Output = ::koa::Result>
    where
        N: ::koa::Next<User> + 'a,
    {
        #[allow(unused)]
        async fn profile(ctx: &mut Context, id: u64, next: impl Next<User>) -> Result {
            next.provide(ctx, loop {}).await
        }
        async { ::core::result::Result::Ok(()) }
    }
}

impl<List> ::koa::Requires<List, ()> for profile {}
