//! Generated code and the user's do not get in each other's way.

use koa::prelude::{App, Context as Ctx};
use koa::{Context, Slot, middleware};

/// Types and functions with the names that generated code uses.
struct List;
struct N;
struct I;
struct I0;
struct I1;
struct Send;
#[allow(dead_code)]
struct Option;
#[allow(dead_code)]
struct Future;
#[allow(dead_code)]
trait Middleware {}
#[allow(dead_code)]
fn lend() {}

/// The user's own, beside koa's.
#[allow(dead_code)]
struct Result;

#[middleware]
async fn provide_list(ctx: &mut Context, next: impl koa::Next<List>) -> koa::Result {
    let _ = (N, I, Send);
    next.provide(ctx, List).await
}

#[middleware]
async fn provide_i0(ctx: &mut Context, next: impl koa::Next<I0>) -> koa::Result {
    next.provide(ctx, I0).await
}

#[middleware]
async fn provide_i1<N: koa::Next<I1>>(
    ctx: &mut Context,
    the_list: Slot<List>,
    next: N,
) -> koa::Result {
    let List = ctx[the_list];
    next.provide(ctx, I1).await
}

#[middleware]
async fn take(_: &List, i0: &mut I0, i1: &I1) -> &'static str {
    let (I0, I1) = (i0, i1);
    "taken"
}

#[middleware]
async fn r#match(ctx: &mut Context, r#next: impl koa::Next, r#type: Slot<List>) -> koa::Result {
    let List = ctx[r#type];
    next.run(ctx).await
}

#[middleware]
async fn r#loop<T: std::default::Default>() -> &'static str {
    drop(T::default());
    "loop"
}

#[middleware]
async fn raw_lend(r#ref: &I0) -> &'static str {
    let I0 = r#ref;
    "lent"
}

/// A middleware that is named as its own argument is.
#[middleware]
async fn list(list: &List) -> &'static str {
    let List = list;
    "list"
}

/// `Context` under another name has to be written out once.
#[middleware]
async fn renamed(context: &mut Context, next: impl koa::Next) -> koa::Result {
    let context: &mut Ctx = context;
    next.run(context).await
}

macro_rules! header {
    ($name:ident, $header:literal, $next:ty) => {
        #[middleware]
        async fn $name(ctx: &mut Context, next: $next) -> koa::Result {
            ctx.set($header, stringify!($name))?;
            next.run(ctx).await
        }
    };
}

macro_rules! block {
    ($name:ident { $($body:tt)* }) => {
        struct $name;

        #[middleware]
        impl $name {
            async fn call(&self, ctx: &mut Context, next: impl koa::Next) -> koa::Result {
                $($body)*
                next.run(ctx).await
            }
        }
    };
}

header!(one, "X-One", impl koa::Next);
header!(two, "X-Two", impl koa::Next<()>);
block!(Made { let ctx_of_the_macro = 1; let _ = ctx_of_the_macro; });

fn main() {
    let _app = App::new()
        .with(provide_list)
        .with(provide_i0)
        .with(provide_i1)
        .with(r#match)
        .with(r#loop::<u8>)
        .with(raw_lend)
        .with(list)
        .with(renamed)
        .with(one)
        .with(two)
        .with(Made)
        .with(take)
        .callback();
}
