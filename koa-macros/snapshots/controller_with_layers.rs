/// Files of a tenant.
#[cfg(feature = "files")]
impl<S: Store> Files<S> {
    #[deny(unused_must_use)]
    #[allow(clippy::unused_async)]
    pub async fn read(&self, tenant: Tenant, path: String) -> Result<Body> {
        Body::file(self.place(&tenant, &path)).await
    }
    #[deny(unused_must_use)]
    #[allow(clippy::unused_async)]
    async fn write(&self, ctx: &mut Context, tenant: Tenant, path: String) -> Result {
        self.store.write(&tenant, &path, ctx.request.stream()?).await
    }
}

#[cfg(feature = "files")]
impl<S: Store> ::koa::Controller for Files<S>
where
    Self: ::core::marker::Send + ::core::marker::Sync + 'static,
{
    const NAME: &'static str = "Files<S>";
    const PLACE: ::koa::__private::Place = ::koa::__private::Place {
        file: ::core::file!(),
        line: 0,
    };
    const ROUTES: &'static [::koa::__private::Route] = &[
        ::koa::__private::Route {
            verb: ::koa::__private::Verb::Get,
            path: "/files/:tenant/*path",
            shape: "/files/:/*",
            handler: "Files<S>::read",
            place: ::koa::__private::Place {
                file: ::core::file!(),
                line: 0,
            },
            takes: &["tenant: Tenant", "path: String"],
            layers: &[],
        },
        ::koa::__private::Route {
            verb: ::koa::__private::Verb::Put,
            path: "/files/:tenant/*path",
            shape: "/files/:/*",
            handler: "Files<S>::write",
            place: ::koa::__private::Place {
                file: ::core::file!(),
                line: 0,
            },
            takes: &["ctx: &mut Context", "tenant: Tenant", "path: String"],
            layers: &["signed_in", "Limit { per_minute: 60 }"],
        },
        ::koa::__private::Route {
            verb: ::koa::__private::Verb::Post,
            path: "/files/:tenant/new/:path.bin",
            shape: "/files/:/new/:.bin",
            handler: "Files<S>::write",
            place: ::koa::__private::Place {
                file: ::core::file!(),
                line: 0,
            },
            takes: &["ctx: &mut Context", "tenant: Tenant", "path: String"],
            layers: &[],
        },
    ];
    type Around = ::koa::__private::Around<()>;
    type AroundOne = (
        ::koa::__private::Around<(::koa::__private::Of<signed_in>, Limit)>,
    );
    fn layers() -> (Self::Around, Self::AroundOne) {
        (
            ::koa::__private::around(()),
            (
                ::koa::__private::around((
                    ::koa::__private::of::<signed_in>(),
                    Limit { per_minute: 60 },
                )),
            ),
        )
    }
    fn serve_once<Above: ::koa::Onion>() {
        const {
            ::koa::__private::served_once(Self::ROUTES, 0, &Above::SERVED);
            ::koa::__private::served_once(Self::ROUTES, 1, &Above::SERVED);
            ::koa::__private::served_once(Self::ROUTES, 2, &Above::SERVED);
        }
    }
    async fn run<'a>(
        &'a self,
        layers: &'a Self::AroundOne,
        route: usize,
        captures: &'a ::koa::__private::Captures,
        ctx: &'a mut ::koa::Context,
    ) -> ::koa::Result {
        let handler = ::koa::__private::Handler::new(self, route, captures);
        match route {
            1 => handler.inside(&layers.0, ctx).await,
            _ => handler.alone(ctx).await,
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
                    ::koa::__private::cancel_on_disconnect(
                            ::koa::__private::connection(ctx),
                            async move {
                                let tenant = ::koa::__private::parameter::<
                                    Tenant,
                                >(ctx, captures, 0, "tenant")?;
                                let path = ::koa::__private::parameter::<
                                    String,
                                >(ctx, captures, 1, "path")?;
                                let returned = <Self>::read(self, tenant, path).await;
                                ::koa::__private::reply::<_>(ctx, returned)
                            },
                        )
                        .await
                }
                1 => {
                    let tenant = ::koa::__private::parameter::<
                        Tenant,
                    >(ctx, captures, 0, "tenant")?;
                    let path = ::koa::__private::parameter::<
                        String,
                    >(ctx, captures, 1, "path")?;
                    <Self>::write(self, ctx, tenant, path).await
                }
                2 => {
                    let tenant = ::koa::__private::parameter::<
                        Tenant,
                    >(ctx, captures, 0, "tenant")?;
                    let path = ::koa::__private::parameter::<
                        String,
                    >(ctx, captures, 1, "path")?;
                    <Self>::write(self, ctx, tenant, path).await
                }
                _ => ::core::result::Result::Ok(()),
            }
        }
    }
}

#[cfg(feature = "files")]
impl<S: Store, List, I0> ::koa::Requires<List, (I0,)> for Files<S>
where
    Self: ::core::marker::Send + ::core::marker::Sync + 'static,
    ::koa::__private::Around<
        (::koa::__private::Of<signed_in>, Limit),
    >: ::koa::Requires<List, I0>,
{}

#[cfg(feature = "files")]
impl<S: Store> Files<S> {
    /// The path of `read`: `/files/:tenant/*path`.
    #[allow(dead_code, clippy::needless_pass_by_value)]
    #[must_use]
    pub fn read_path(
        tenant: impl ::koa::PathValue<Tenant>,
        path: impl ::koa::PathValue<String>,
    ) -> ::std::string::String {
        ::koa::__private::written(
            &["/files/", "/", ""],
            &[&::koa::PathValue::text(&tenant), &::koa::PathValue::text(&path)],
            true,
        )
    }
    /// The path of `write`: `/files/:tenant/*path`.
    #[allow(dead_code, clippy::needless_pass_by_value)]
    #[must_use]
    fn write_path(
        tenant: impl ::koa::PathValue<Tenant>,
        path: impl ::koa::PathValue<String>,
    ) -> ::std::string::String {
        ::koa::__private::written(
            &["/files/", "/", ""],
            &[&::koa::PathValue::text(&tenant), &::koa::PathValue::text(&path)],
            true,
        )
    }
}
