//! What the macros generate, as a person would see it, compared with the files in `snapshots/`.
//!
//! After a change of what is generated: `KOA_UPDATE_SNAPSHOTS=1 cargo test -p koa-macros`, and read what changed.

use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;
use quote::quote;

use crate::controller::expand as expand_controller;
use crate::{entry, middleware, session};

fn check(name: &str, expanded: TokenStream) {
    let file = syn::parse2(expanded).unwrap();
    let text = spaced(&prettyplease::unparse(&file));
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("snapshots")
        .join(format!("{name}.rs"));
    if std::env::var_os("KOA_UPDATE_SNAPSHOTS").is_some() {
        fs::write(path, text).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == expected,
        "{} is not what is generated, which is:\n{text}",
        path.display()
    );
}

/// With an empty line before each item but the first, as people write.
fn spaced(text: &str) -> String {
    let mut spaced = String::new();
    let mut ends_item = false;
    for line in text.lines() {
        if ends_item && !line.starts_with('}') {
            spaced.push('\n');
        }
        spaced.push_str(line);
        spaced.push('\n');
        ends_item = line == "}" || (line.ends_with(['}', ';']) && !line.starts_with([' ', '/']));
    }
    spaced
}

#[test]
fn middleware_plain() {
    check(
        "middleware_plain",
        middleware::expand(
            quote!(),
            quote! {
                /// Says how long the layers below took.
                pub async fn response_time(ctx: &mut Context, next: impl Next) -> Result {
                    let start = Instant::now();
                    next.run(ctx).await?;
                    ctx.set("X-Response-Time", format!("{}ms", start.elapsed().as_millis()))
                }
            },
        ),
    );
}

#[test]
fn middleware_provider() {
    check(
        "middleware_provider",
        middleware::expand(
            quote!(),
            quote! {
                pub(crate) async fn signed_in(
                    ctx: &mut Context,
                    session: Slot<UserSession>,
                    next: impl Next<User>,
                ) -> Result {
                    let Some(name) = ctx[session].user.clone() else { throw!(401, "Please login!") };
                    next.provide(ctx, User { name }).await
                }
            },
        ),
    );
}

#[test]
fn endpoint() {
    check(
        "endpoint",
        middleware::expand(
            quote!(),
            quote! {
                async fn hello() -> &'static str {
                    "hello"
                }
            },
        ),
    );
}

#[test]
fn endpoint_with_lends() {
    check(
        "endpoint_with_lends",
        middleware::expand(
            quote!(cancel_on_disconnect),
            quote! {
                async fn create(ctx: &mut Context, session: &mut UserSession, user: &User) -> Result<Json<Post>> {
                    session.posts += 1;
                    Ok(Json(Post::from(user, ctx)))
                }
            },
        ),
    );
}

#[test]
fn endpoint_with_cookies() {
    check(
        "endpoint_with_cookies",
        middleware::expand(
            quote!(),
            quote! {
                async fn count(
                    ctx: &mut Context,
                    #[cookie("visits", signed = false)] visits: Option<u32>,
                    #[cookie("prefs", encrypt, json)] prefs: Prefs,
                ) -> Result {
                    ctx.cookies().set("visits", visits.unwrap_or(0) + 1)
                }
            },
        ),
    );
}

#[test]
fn middleware_generic() {
    check(
        "middleware_generic",
        middleware::expand(
            quote!(crate = "my::koa"),
            quote! {
                #[cfg(feature = "roles")]
                #[deprecated]
                pub async fn require<R: Role, N>(ctx: &mut Context, user: Slot<User<R>>, next: N) -> Result
                where
                    N: Next,
                {
                    ensure!(ctx[user].has(R::NAME), 403);
                    next.run(ctx).await
                }
            },
        ),
    );
}

#[test]
fn block() {
    check(
        "block",
        middleware::expand(
            quote!(),
            quote! {
                impl<S: Store> RateLimit<S> {
                    const HEADER: &'static str = "X-RateLimit-Limit";

                    pub async fn call(&self, ctx: &mut Context, user: Slot<User>, next: impl Next) -> Result {
                        self.count(&ctx[user]).await?;
                        next.run(ctx).await
                    }

                    async fn count(&self, user: &User) -> Result {
                        self.store.count(user.id).await
                    }
                }
            },
        ),
    );
}

/// The controller of the README, as it stands there.
#[test]
fn controller_of_the_readme() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let block = &readme[readme.find("#[controller(").unwrap()..];
    let block = &block[..block.find("\n}\n").unwrap() + 2];
    let mut block: syn::ItemImpl = syn::parse_str(block).unwrap();
    let options = block.attrs.remove(0);
    let options = options.meta.require_list().unwrap().tokens.clone();
    check(
        "controller_of_the_readme",
        expand_controller(options, quote!(#block)),
    );
}

#[test]
fn controller_with_session() {
    check(
        "controller_with_session",
        expand_controller(
            quote!("/posts", with(signed_in)),
            quote! {
                impl Posts {
                    #[get("/:id")]
                    async fn show(&self, id: u64, user: &User) -> Option<Json<Post>> {
                        self.store.find(id, &user.name).await.map(Json)
                    }

                    #[post("/")]
                    async fn create(&self, session: &mut Session, Json(post): Json<NewPost>) -> Result<Redirect> {
                        let id = self.store.insert(post).await?;
                        session.posts += 1;
                        Ok(Redirect::to(Self::show_path(id)))
                    }
                }
            },
        ),
    );
}

#[test]
fn controller_with_layers() {
    check(
        "controller_with_layers",
        expand_controller(
            quote!("/files/:tenant"),
            quote! {
                /// Files of a tenant.
                #[cfg(feature = "files")]
                impl<S: Store> Files<S> {
                    #[get("/*path", cancel_on_disconnect)]
                    pub async fn read(&self, tenant: Tenant, path: String) -> Result<Body> {
                        Body::file(self.place(&tenant, &path)).await
                    }

                    #[put("/*path", with(signed_in, Limit { per_minute: 60 }))]
                    #[post("/new/:path.bin")]
                    async fn write(&self, ctx: &mut Context, tenant: Tenant, path: String) -> Result {
                        self.store.write(&tenant, &path, ctx.request.stream()?).await
                    }
                }
            },
        ),
    );
}

#[test]
fn controller_mistakes() {
    check(
        "controller_mistakes",
        expand_controller(
            quote!("/posts"),
            quote! {
                impl Posts {
                    #[get("/:id")]
                    async fn show(&self, user: &User) -> String {
                        user.name.clone()
                    }
                }
            },
        ),
    );
}

#[test]
fn session_with_settings() {
    check(
        "session",
        session::expand(
            quote!(
                key = "__Host-session",
                max_age = "1d",
                renew,
                absolute = "30d",
                secure,
                same_site = "lax",
                valid = is_known
            ),
            &quote! {
                /// Who it is.
                #[derive(Debug)]
                pub struct UserSession {
                    pub user: Option<String>,
                    #[serde(alias = "visited")]
                    pub visits: u32,
                }
            },
        ),
    );
}

#[test]
fn main() {
    check(
        "main",
        entry::expand(
            quote!(),
            quote! {
                async fn main() -> Result {
                    App::new().with(hello).listen("127.0.0.1:3000").await
                }
            },
        ),
    );
}

#[test]
fn mistakes() {
    check(
        "mistakes",
        middleware::expand(
            quote!(cancel_on_disconect),
            quote! {
                fn profile(ctx: &mut Context, id: u64, next: impl Next<User>) -> Result {
                    next.run(ctx).await
                }
            },
        ),
    );
}
