#[cfg(feature = "roles")]
#[deprecated]
#[allow(non_camel_case_types)]
pub struct require<R> {
    of: ::core::marker::PhantomData<fn() -> R>,
}

#[cfg(feature = "roles")]
#[allow(deprecated)]
#[deprecated]
pub const fn require<R: Role + 'static>() -> require<R> {
    require {
        of: ::core::marker::PhantomData,
    }
}

#[cfg(feature = "roles")]
#[allow(deprecated)]
impl<R> ::core::clone::Clone for require<R> {
    fn clone(&self) -> Self {
        *self
    }
}

#[cfg(feature = "roles")]
#[allow(deprecated)]
impl<R> ::core::marker::Copy for require<R> {}

#[cfg(feature = "roles")]
#[allow(deprecated)]
impl<R> ::core::fmt::Debug for require<R> {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.write_str("require")
    }
}

#[cfg(feature = "roles")]
#[allow(deprecated)]
impl<R: Role + 'static> my::koa::Middleware for require<R> {
    type Provides = ();
    fn call<'a, N_>(
        &'a self,
        ctx: &'a mut my::koa::Context,
        next: N_,
    ) -> impl ::core::future::Future<
        Output = my::koa::Result,
    > + ::core::marker::Send + 'a
    where
        N_: my::koa::Next + 'a,
    {
        #[deny(unused_must_use)]
        #[allow(clippy::unused_async)]
        async fn require<R: Role, N>(
            ctx: &mut Context,
            user: Slot<User<R>>,
            next: N,
        ) -> Result
        where
            N: Next,
        {
            ensure!(ctx[user].has(R::NAME), 403);
            next.run(ctx).await
        }
        require::<R, _>(ctx, my::koa::__private::slot(), next)
    }
}

#[cfg(feature = "roles")]
#[allow(deprecated)]
impl<R: Role + 'static, List, I> my::koa::Requires<List, (I,)> for require<R>
where
    List: my::koa::ProvidesMut<User<R>, I>,
{}
