//! The procedural macros of koa. Use them through the `koa` crate, which re-exports them.
//!
//! Each macro goes the same way: *parse* the item without its bodies, make a *model* of what it says, *check* that,
//! and *expand* it. All of it is plain functions over `proc_macro2`; only this file knows that it is a macro.

mod attributes;
mod block;
mod call;
mod controller;
mod cookie;
mod entry;
mod errors;
mod item;
mod middleware;
mod names;
mod options;
mod paths;
mod pattern;
mod place;
mod session;
#[cfg(test)]
mod snapshots;
mod types;

use proc_macro::TokenStream;

/// Makes a middleware of an `async fn`, or of a struct's `impl` block.
///
/// On a function it declares a middleware of the function's name:
///
/// ```ignore
/// #[middleware]
/// async fn signed_in(ctx: &mut Context, session: Slot<Session>, next: impl Next<User>) -> Result {
///     let Some(name) = ctx[session].user.clone() else { throw!(401, "Please login!") };
///     next.provide(ctx, User { name }).await
/// }
///
/// App::new().with(Session::middleware()).with(signed_in)
/// ```
///
/// Arguments are recognised by their types, in any order and under any name:
///
/// | argument | what it is |
/// | --- | --- |
/// | `&mut Context`, `&Context` | the request and its response |
/// | `impl Next` | the layers below, to be run with `next.run(ctx)` |
/// | `impl Next<T>` | the same; they are given a `T`, with `next.provide(ctx, value)` |
/// | `Slot<T>` | the key to a `T` that a layer above provides: `ctx[slot]` |
/// | `&T`, `&mut T` | what a layer above provides; in an endpoint only |
/// | `Query<T>`, `Json<T>`, and others | what `koa::FromContext` makes of the request |
/// | `#[cookie("name")] name: T` | a cookie's value, by its `FromStr`; a 400 where it is missing |
/// | `#[cookie("name", json)] name: Option<T>` | a cookie's value as JSON, if there is one |
///
/// A middleware without `next` is an endpoint. It may return its body: whatever `koa::Reply` is implemented for.
///
/// A function with type parameters makes a middleware for each: `.with(require::<Admin>)`.
///
/// On an `impl` block it makes a middleware of the struct, whose fields are then the options. The block has an
/// `async fn call(&self, ..)` with the arguments above, and may have anything else:
///
/// ```ignore
/// struct RateLimit { per_minute: u32 }
///
/// #[middleware]
/// impl RateLimit {
///     async fn call(&self, ctx: &mut Context, next: impl Next) -> Result { /* .. */ }
/// }
///
/// App::new().with(RateLimit { per_minute: 60 })
/// ```
///
/// # Options
///
/// - `cancel_on_disconnect`: when the client goes away, this layer and those below are dropped at their next `.await`;
///   otherwise a request runs to its end.
/// - `crate = "path"`: where the `koa` crate is, if not at `::koa`.
#[proc_macro_attribute]
pub fn middleware(options: TokenStream, item: TokenStream) -> TokenStream {
    middleware::expand(options.into(), item.into()).into()
}

/// Makes a controller of a struct's `impl` block: methods are routes, the struct's fields are their services.
///
/// ```ignore
/// struct Posts { store: Arc<Store> }
///
/// #[controller("/posts", with(signed_in))]
/// impl Posts {
///     #[get("/:id")]
///     async fn show(&self, id: u64, user: &User) -> Result<Json<Post>> { /* .. */ }
///
///     #[post("/", with(limited))]
///     async fn create(&self, session: &mut Session, post: Json<NewPost>) -> Result<Json<Post>> { /* .. */ }
/// }
///
/// App::new().with(session).controller(Posts { store })
/// ```
///
/// # Routes
///
/// `#[get]`, `#[post]`, `#[put]`, `#[patch]`, `#[delete]`, `#[head]`, `#[options]` and `#[all]`, several on one method if
/// need be, each with its path: text, a parameter `:id` (with text around it, `:name.json`), and at the end a wildcard
/// `*rest`. A route for `GET` is one for `HEAD` too.
///
/// # Arguments
///
/// | argument | what it is |
/// | --- | --- |
/// | `id: T`, with `:id` or `*id` in the path | that parameter, read with `FromStr`; a 400 where it cannot be |
/// | `&mut Context`, `&Context` | the request and its response |
/// | `&T`, `&mut T` | what a layer above provides |
/// | `Query<T>`, `Json<T>`, `Form<T>`, `Header<T>`, `Multipart` | that of the request; `Option<..>`, `Result<..>` of them |
/// | any other type | what its `FromContext` makes of the request |
///
/// # Options
///
/// - `with(a, b)`, of the controller or of a route: middleware around it, as the name of a function or a value of a struct.
/// - `cancel_on_disconnect`, of a route: when the client goes away, the handler is dropped at its next `.await`.
/// - `crate = "path"`, of the controller: where the `koa` crate is, if not at `::koa`.
///
/// # Paths
///
/// For each handler there is a function that writes its path, with the parameters as arguments: `Posts::show_path(7)`.
/// Where a method has several routes, it is the first one's; the prefix of a mount is not in it.
#[proc_macro_attribute]
pub fn controller(options: TokenStream, item: TokenStream) -> TokenStream {
    controller::expand(options.into(), item.into()).into()
}

/// Makes a session of a struct, whose fields the compiler checks.
///
/// ```ignore
/// #[session(max_age = "1d", renew)]
/// pub struct UserSession {
///     pub user: Option<String>,
///     pub visits: u32,
/// }
///
/// App::new().keys(keys).with(UserSession::middleware())
/// ```
///
/// Layers below take it as `&UserSession`, `&mut UserSession`, `Slot<UserSession>`, or, for what can be done with the whole
/// of it, as `&mut Session<UserSession>`. What a field needs to be written and read is serde's; `#[serde(..)]` attributes
/// work as always. A field that is added is its default in the sessions of before; one that is removed is forgotten; one
/// that is renamed keeps its values with `#[serde(alias = "old_name")]`.
///
/// # Options
///
/// - `key = "EGG_SESS"`: the cookie's name. Two sessions of an app that have the same do not compile.
/// - `max_age = "1d"`: how long it lives from when it was last saved: `"30m"`, `"1.5h"`, `"2w"`, or `"session"`, until the
///   browser is closed.
/// - `absolute = "30d"`: how long it lives from when it began, whatever prolongs it.
/// - `renew`: its life begins anew when it is used and more than half of it is over. `rolling`: whenever it is used.
/// - `encrypt` (the default), `signed`, `http_only`, `secure`, `same_site`, `domain`, `path`, `partitioned`, `priority`,
///   `overwrite`: those of the cookie, as `cookie!` takes them.
/// - `store = expr`: where it is kept, if not in the cookie. `prefix = "sess:"`: what stands before the ids there.
///   `external_key = (get, set)`: where the id comes from and goes to, in place of the cookie.
/// - `valid = function`, `before_save = function`: `fn(&Context, &UserSession) -> bool`, `fn(&Context, &mut UserSession)`.
/// - `auto_commit = false`: it is saved where the program says so.
/// - `compat = "koa"`, `compat = "egg"`: it is written and read as koa-session or egg-session does, with their defaults.
/// - `crate = "path"`: where the `koa` crate is, if not at `::koa`.
#[proc_macro_attribute]
pub fn session(options: TokenStream, item: TokenStream) -> TokenStream {
    session::expand(options.into(), &item.into()).into()
}

/// Describes a cookie: its name, and how it is sent and protected.
///
/// ```ignore
/// const THEME: Cookie = cookie!("theme", max_age = "30d", same_site = "lax", http_only = false);
///
/// ctx.cookies().set(THEME, "dark")?;
/// let theme = ctx.cookies().get(THEME)?;
/// ```
///
/// What is a literal is checked when compiling, by the rules of
/// [RFC 6265bis](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis-20): names, `__Host-` and
/// `__Secure-` prefixes, ages of at most 400 days, attributes that contradict one another. Other expressions are checked
/// when the cookie is set.
///
/// # Attributes
///
/// Each is a method of `koa::Cookie`: `max_age = "30d"` (or `"90m"`, `"1.5h"`, `"2w"`), `path = "/"`,
/// `domain = "example.com"`, `secure`, `http_only`, `same_site = "strict" | "lax" | "none"`,
/// `priority = "low" | "medium" | "high"`, `partitioned`, `remove_unpartitioned`, `signed`, `encrypt`, `overwrite`.
/// Those without a value are true, and false with `= false`.
#[proc_macro]
pub fn cookie(tokens: TokenStream) -> TokenStream {
    cookie::expand(tokens.into()).into()
}

/// Runs an `async fn main` on tokio's runtime, with a thread for each core. What runs when it ends is dropped, and what blocks
/// a thread has one second more.
///
/// ```ignore
/// #[koa::main]
/// async fn main() -> Result {
///     App::new().with(hello).listen("127.0.0.1:3000").await
/// }
/// ```
///
/// # Options
///
/// - `crate = "path"`: where the `koa` crate is, if not at `::koa`.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::expand(options.into(), item.into()).into()
}
