//! Generic middleware, and lifetimes.

use std::fmt::{Debug, Display};
use std::marker::PhantomData;
use std::sync::Arc;

use koa::prelude::*;

trait Role: Send + Sync + 'static {
    const NAME: &'static str;
}

struct Admin;

impl Role for Admin {
    const NAME: &'static str = "admin";
}

struct User<R>(PhantomData<R>);

/// Hands over a `User` of the role.
#[middleware]
async fn require<R: Role>(ctx: &mut Context, next: impl Next<User<R>>) -> Result {
    ctx.set("X-Role", R::NAME)?;
    next.provide(ctx, User(PhantomData)).await
}

#[middleware]
async fn greet<R>(_user: &User<R>) -> &'static str
where
    R: Role,
{
    R::NAME
}

#[middleware]
async fn limit<const N: usize>(ctx: &mut Context, next: impl Next) -> Result {
    ctx.set("X-Limit", N.to_string())?;
    next.run(ctx).await
}

#[middleware]
async fn two<A: Default + Display, B: Default + Display>() -> String {
    format!("{} {}", A::default(), B::default())
}

#[middleware]
async fn everything<'a, T: Role, N, const SIZE: usize>(
    ctx: &'a mut Context,
    user: Slot<User<T>>,
    next: N,
) -> Result
where
    T: Sized,
    N: Next<[u8; SIZE]>,
{
    let _ = &ctx[user];
    next.provide(ctx, [0; SIZE]).await
}

#[middleware]
async fn unsized_parameter<T: ?Sized + 'static>(ctx: &mut Context, next: impl Next) -> Result {
    ctx.set("X-Type", std::any::type_name::<T>())?;
    next.run(ctx).await
}

#[middleware]
async fn lifetimes<'a, 'b: 'a>(user: &'a User<Admin>, ctx: &'b mut Context) -> Result<String> {
    let _ = user;
    Ok(ctx.path().to_owned())
}

trait Store: Send + Sync + 'static {
    fn get(&self, key: &str) -> Option<String>;
}

struct Memory;

impl Store for Memory {
    fn get(&self, key: &str) -> Option<String> {
        Some(key.to_owned())
    }
}

struct Auth<S> {
    store: Arc<S>,
}

#[middleware]
impl<S: Store> Auth<S> {
    const HEADER: &'static str = "X-User";

    async fn call(&self, ctx: &mut Context, next: impl Next<String>) -> Result {
        let name = self.look_up("ada");
        ctx.set(Self::HEADER, &*name)?;
        next.provide(ctx, name).await
    }

    fn look_up(&self, key: &str) -> String {
        self.store.get(key).unwrap_or_default()
    }
}

struct Everything<T, const N: usize>([T; N]);

#[middleware]
impl<T, const N: usize> Everything<T, N>
where
    T: Debug + Send + Sync + 'static,
{
    async fn call<'r, Rest: Next>(&'r self, ctx: &'r mut Context, next: Rest) -> Result {
        ctx.set("X-Everything", format!("{:?}", self.0))?;
        next.run(ctx).await
    }
}

/// No bounds at all: whatever `T` is, the middleware holds none.
struct Phantom<T>(PhantomData<fn() -> T>);

#[middleware]
impl<T: 'static> Phantom<T> {
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        let _ = &self.0;
        next.run(ctx).await
    }
}

fn main() {
    const REQUIRE: fn() -> require<Admin> = require::<Admin>;
    let copied = REQUIRE;
    let _app = App::new()
        .with(copied)
        .with(limit::<10>)
        .with(everything::<Admin, 4>)
        .with(unsized_parameter::<str>)
        .with(unsized_parameter::<std::rc::Rc<u8>>)
        .with(Auth { store: Arc::new(Memory) })
        .with(Everything([1, 2]))
        .with(Phantom::<std::cell::Cell<u8>>(PhantomData))
        .with(lifetimes)
        .with(two::<u8, String>)
        .with(greet::<Admin>)
        .callback();
}
