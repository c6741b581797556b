pub(crate) const fn signed_in() -> signed_in {
    signed_in {}
}

#[doc(hidden)]
#[allow(non_camel_case_types)]
pub(crate) struct signed_in {}

impl ::koa::__private::Declared for signed_in {
    type Provides = (User,);
    const ABOUT: ::koa::__private::About = ::koa::__private::About::new(
        "signed_in",
        &["UserSession"],
        ::core::file!(),
        0,
    );
    fn call<'a, N>(
        ctx: &'a mut ::koa::Context,
        next: N,
    ) -> impl ::core::marker::Send + 'a + ::core::future::Future<Output = ::koa::Result>
    where
        N: ::koa::Next<User> + 'a,
    {
        #[deny(unused_must_use)]
        #[allow(clippy::unused_async)]
        async fn signed_in(
            ctx: &mut Context,
            session: Slot<UserSession>,
            next: impl Next<User>,
        ) -> Result {
            let Some(name) = ctx[session].user.clone() else {
                throw!(401, "Please login!")
            };
            next.provide(ctx, User { name }).await
        }
        ::koa::__private::opened::<
            (UserSession,),
            _,
        >(ctx, move |ctx| signed_in(ctx, ::koa::__private::slot(), next))
    }
}

impl<List, I> ::koa::Requires<List, (I,)> for signed_in
where
    List: ::koa::ProvidesMut<UserSession, I>,
{}
