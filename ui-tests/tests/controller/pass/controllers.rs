//! Controllers in many forms.

use std::marker::PhantomData;

use koa::prelude::*;

struct User(String);

#[middleware]
async fn signed_in(ctx: &mut Context, next: impl Next<User>) -> Result {
    next.provide(ctx, User(String::new())).await
}

#[middleware]
async fn asks(ctx: &mut Context, user: Slot<User>, next: impl Next<u64>) -> Result {
    let length = ctx[user].0.len() as u64;
    next.provide(ctx, length).await
}

#[middleware]
async fn require<R: Send + Sync>(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

mod layers {
    use super::*;

    #[derive(Default)]
    pub struct Unit;

    #[middleware]
    impl Unit {
        async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
            next.run(ctx).await
        }
    }

    pub struct Limit {
        pub per_minute: u32,
    }

    impl Limit {
        pub fn new(per_minute: u32) -> Self {
            Self { per_minute }
        }
    }

    #[middleware]
    impl Limit {
        async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
            ctx.set("X-Limit", self.per_minute)?;
            next.run(ctx).await
        }
    }
}

trait Store: Send + Sync + 'static {
    fn get(&self, key: &str) -> Option<String>;
}

struct Memory;

impl Store for Memory {
    fn get(&self, _: &str) -> Option<String> {
        None
    }
}

struct Generic<S, const N: usize> {
    store: S,
}

/// Documented.
#[controller("/generic/:tenant", with(require::<u8>, layers::Unit, layers::Limit::new(7)))]
impl<S: Store, const N: usize> Generic<S, N> {
    const LENGTH: usize = N;

    /// Documented too.
    #[get("/:key")]
    pub async fn get<'a>(&'a self, ctx: &'a mut Context, tenant: String, key: String) -> Option<String> {
        ctx.set("X-Length", Self::LENGTH).ok()?;
        self.helper(&tenant)?;
        self.store.get(&key)
    }

    #[post("/", with(asks, layers::Limit { per_minute: 1 }))]
    #[put("/")]
    async fn lends(&self, user: &User, length: Option<Query<u64>>, tenant: String) -> Result<String> {
        Ok(format!("{} {length:?} {tenant}", user.0))
    }

    #[get("/type/:type")]
    async fn raw(&self, r#type: String, tenant: String) -> String {
        r#type + &tenant
    }

    fn helper(&self, key: &str) -> Option<String> {
        self.store.get(key)
    }
}

struct Plain<T>(PhantomData<fn() -> T>);

#[controller("/plain", crate = "koa")]
impl<T: 'static> Plain<T> {
    #[get("/")]
    async fn nothing() {}

    #[get("/names/:route/:captures/:ctx/:returned")]
    async fn names(route: u8, captures: u8, ctx: u8, returned: u8, context: &mut Context) -> String {
        format!("{} {route} {captures} {ctx} {returned}", context.path())
    }

    #[all("/*rest")]
    async fn patterns(User(name): &User, rest: String, Query(query): Query<Vec<(String, String)>>) -> String {
        format!("{name} {rest} {query:?}")
    }
}

fn api() -> Group<impl Onion, (&'static User,)> {
    Stack::new().controller(Plain::<u8>(PhantomData)).group()
}

fn main() {
    let _ = Generic::<Memory, 3>::get_path("tenant", "key");
    let _app = App::new()
        .with(signed_in)
        .mount("/v1", api())
        .mount("/v2", Stack::new().controller(Plain::<u16>(PhantomData)))
        .controller(Generic::<_, 3> { store: Memory })
        .controller(Plain::<u32>(PhantomData))
        .with(asks)
        .callback();
}
