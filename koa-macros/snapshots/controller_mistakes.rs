::core::compile_error! {
    "no argument takes the parameter `:id` of `/posts/:id`\nadd one to `show`: `id: String`, or another type with `FromStr`"
}

impl Posts {
    #[allow(unused)]
    async fn show(&self, user: &User) -> String {
        user.name.clone()
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
    const ROUTES: &'static [::koa::__private::Route] = &[];
    type Around = ::koa::__private::Around<()>;
    type AroundOne = ();
    fn layers() -> (Self::Around, Self::AroundOne) {
        (::koa::__private::around(()), ())
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
            let _ = (&captures, &ctx);
            match route {
                _ => ::core::result::Result::Ok(()),
            }
        }
    }
}

impl<List> ::koa::Requires<List, ()> for Posts
where
    Self: ::core::marker::Send + ::core::marker::Sync + 'static,
{}

impl Posts {
    /// The path of `show`: `/posts/:id`.
    #[allow(dead_code, clippy::needless_pass_by_value)]
    #[must_use]
    fn show_path() -> ::std::string::String {
        ::std::string::String::from("/posts/:id")
    }
}
