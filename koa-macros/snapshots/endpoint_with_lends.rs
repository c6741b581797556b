///
/// ```text
/// async fn create(ctx: &mut Context, session: &mut UserSession, user: &User) -> Result<Json<Post>>
/// ```
const fn create() -> create {
    create {}
}

#[doc(hidden)]
#[allow(non_camel_case_types)]
struct create {}

impl ::koa::__private::Declared for create {
    type Provides = ();
    const ABOUT: ::koa::__private::About = ::koa::__private::About::new(
        "create",
        &["UserSession", "User"],
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
        async fn create(
            ctx: &mut Context,
            session: &mut UserSession,
            user: &User,
        ) -> Result<Json<Post>> {
            session.posts += 1;
            Ok(Json(Post::from(user, ctx)))
        }
        ::koa::__private::cancel_on_disconnect(
            ::koa::__private::connection(ctx),
            async move {
                let mut session = ::koa::__private::lend_mut::<UserSession>(ctx).await?;
                let (ctx, session) = session.parts_mut();
                let mut user = ::koa::__private::lend::<User>(ctx).await?;
                let (ctx, user) = user.parts();
                let returned = create(ctx, session, user).await;
                ::koa::__private::reply::<_>(ctx, returned)
            },
        )
    }
}

impl<List, I0, I1> ::koa::Requires<List, (I0, I1)> for create
where
    List: ::koa::ProvidesMut<UserSession, I0>,
    List: ::koa::Provides<User, I1>,
{}
