impl<S: Store> RateLimit<S> {
    const HEADER: &'static str = "X-RateLimit-Limit";
    #[deny(unused_must_use)]
    #[allow(clippy::unused_async)]
    pub async fn call(
        &self,
        ctx: &mut Context,
        user: Slot<User>,
        next: impl Next,
    ) -> Result {
        self.count(&ctx[user]).await?;
        next.run(ctx).await
    }
    async fn count(&self, user: &User) -> Result {
        self.store.count(user.id).await
    }
}

impl<S: Store> ::koa::Middleware for RateLimit<S>
where
    Self: ::core::marker::Send + ::core::marker::Sync + 'static,
{
    type Provides = ();
    type Wiring = Self;
    const ABOUT: ::koa::__private::About = ::koa::__private::About::new(
        "RateLimit<S>",
        &["User"],
        ::core::file!(),
        0,
    );
    fn call<'a, N>(
        &'a self,
        ctx: &'a mut ::koa::Context,
        next: N,
    ) -> impl ::core::marker::Send + 'a + ::core::future::Future<Output = ::koa::Result>
    where
        N: ::koa::Next + 'a,
    {
        ::koa::__private::opened::<
            (User,),
            _,
        >(ctx, move |ctx| Self::call(self, ctx, ::koa::__private::slot(), next))
    }
}

impl<S: Store, List, I> ::koa::Requires<List, (I,)> for RateLimit<S>
where
    Self: ::core::marker::Send + ::core::marker::Sync + 'static,
    List: ::koa::ProvidesMut<User, I>,
{}
