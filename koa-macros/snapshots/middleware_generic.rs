#[cfg(feature = "roles")]
#[deprecated]
pub const fn require<R: Role + 'static>() -> require<R> {
    require {
        of: ::core::marker::PhantomData,
    }
}

#[cfg(feature = "roles")]
#[doc(hidden)]
#[allow(non_camel_case_types)]
pub struct require<R> {
    of: ::core::marker::PhantomData<fn() -> R>,
}

#[cfg(feature = "roles")]
impl<R: Role + 'static> my::koa::__private::Declared for require<R> {
    type Provides = ();
    const ABOUT: my::koa::__private::About = my::koa::__private::About::new(
        "require<R>",
        &["User<R>"],
        ::core::file!(),
        0,
    );
    fn call<'a, N_>(
        ctx: &'a mut my::koa::Context,
        next: N_,
    ) -> impl ::core::marker::Send + 'a + ::core::future::Future<
        Output = my::koa::Result,
    >
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
        my::koa::__private::opened::<
            (User<R>,),
            _,
        >(ctx, move |ctx| require::<R, _>(ctx, my::koa::__private::slot(), next))
    }
}

#[cfg(feature = "roles")]
impl<R: Role + 'static, List, I> my::koa::Requires<List, (I,)> for require<R>
where
    List: my::koa::ProvidesMut<User<R>, I>,
{}
