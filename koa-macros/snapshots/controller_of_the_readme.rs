impl Posts {
    #[deny(unused_must_use)]
    #[allow(clippy::unused_async)]
    async fn show(&self, id: usize) -> Option<String> {
        self.titles.get(id).cloned()
    }
    #[deny(unused_must_use)]
    #[allow(clippy::unused_async)]
    async fn create(&self, user: &User, Json(post): Json<NewPost>) -> (u16, String) {
        (201, format!("{} by {}", post.title, user.name))
    }
}

impl ::koa::Controller for Posts
where
    Self: ::core::marker::Send + ::core::marker::Sync + 'static,
{
    const NAME: &'static str = "Posts";
    const PLACE: ::koa::__private::Place = ::koa::__private::Place {
        file: ::core::file!(),
        line: 0,
    };
    const ROUTES: &'static [::koa::__private::Route] = &[
        ::koa::__private::Route {
            verb: ::koa::__private::Verb::Get,
            path: "/posts/:id",
            shape: "/posts/:",
            handler: "Posts::show",
            place: ::koa::__private::Place {
                file: ::core::file!(),
                line: 0,
            },
            takes: &["id: usize"],
            layers: &[],
        },
        ::koa::__private::Route {
            verb: ::koa::__private::Verb::Post,
            path: "/posts",
            shape: "/posts",
            handler: "Posts::create",
            place: ::koa::__private::Place {
                file: ::core::file!(),
                line: 0,
            },
            takes: &["user: &User", "Json (post): Json<NewPost>"],
            layers: &[],
        },
    ];
    type Around = ::koa::__private::Around<(::koa::__private::Of<signed_in>,)>;
    type AroundOne = ();
    fn layers() -> (Self::Around, Self::AroundOne) {
        (::koa::__private::around((::koa::__private::of::<signed_in>(),)), ())
    }
    fn serve_once<Above: ::koa::Onion>() {
        const {
            ::koa::__private::served_once(Self::ROUTES, 0, &Above::SERVED);
            ::koa::__private::served_once(Self::ROUTES, 1, &Above::SERVED);
        }
    }
    #[allow(unused_variables)]
    fn handle<'a>(
        &'a self,
        route: usize,
        captures: &'a ::koa::__private::Captures,
        ctx: &'a mut ::koa::Context,
    ) -> impl ::core::marker::Send + 'a + ::core::future::Future<
        Output = ::koa::Result,
    > {
        async move {
            match route {
                0 => {
                    let id = ::koa::__private::parameter::<
                        usize,
                    >(ctx, captures, 0, "id")?;
                    let returned = <Self>::show(self, id).await;
                    ::koa::__private::reply::<_>(ctx, returned)
                }
                1 => {
                    let taken1 = <Json<NewPost> as ::koa::FromContext>::from_context(ctx)
                        .await;
                    let taken1 = ::koa::__private::taken(ctx, "post", taken1)?;
                    let mut user = ::koa::__private::lend::<User>(ctx).await?;
                    let (ctx, user) = user.parts();
                    let returned = <Self>::create(self, user, taken1).await;
                    ::koa::__private::reply::<_>(ctx, returned)
                }
                _ => ::core::result::Result::Ok(()),
            }
        }
    }
}

impl<List, I0, I1> ::koa::Requires<List, (I0, I1)> for Posts
where
    Self: ::core::marker::Send + ::core::marker::Sync + 'static,
    ::koa::__private::Around<
        (::koa::__private::Of<signed_in>,),
    >: ::koa::Requires<List, I0>,
    <::koa::__private::Around<
        (::koa::__private::Of<signed_in>,),
    > as ::koa::__private::Inner<List>>::List: ::koa::Provides<User, I1>,
{}

impl Posts {
    /// The path of `show`: `/posts/:id`.
    #[allow(dead_code, clippy::needless_pass_by_value)]
    #[must_use]
    fn show_path(id: impl ::koa::PathValue<usize>) -> ::std::string::String {
        ::koa::__private::written(
            &["/posts/", ""],
            &[&::koa::PathValue::text(&id)],
            false,
        )
    }
    /// The path of `create`: `/posts`.
    #[allow(dead_code, clippy::needless_pass_by_value)]
    #[must_use]
    fn create_path() -> ::std::string::String {
        ::std::string::String::from("/posts")
    }
}
