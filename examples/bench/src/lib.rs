//! The server of the benchmarks.
//!
//! | path | answer |
//! | --- | --- |
//! | `/` | `Hello World` |
//! | `/json` | `{"message":"Hello, World!"}`, serialised for each request |
//! | `/cookie` | one more than the signed cookie `visits` says, which is set to it |
//! | `/session` | one more than the session says, which is kept in an encrypted cookie |
//! | `/session-mem` | the same with the session in memory |
//! | `/onion/{n}`, n = 0, 1, 5, 10, 20 | n, as counted by n layers in the request's state, before and after `next` |
//! | `/onion-alt/{n}` | n, behind n layers that do nothing |
//! | `/users/{id}/posts/{post_id}` | both; one of fifty routes |
//! | `POST /echo` | the JSON body, read and written again |

mod routes;

use std::pin::Pin;

use koa::MemoryStore;
use koa::prelude::*;

/// Serves on 127.0.0.1.
///
/// Boxed, so that all of it is compiled in this crate: an `async fn` is once more in each that awaits it, and what has two
/// callers is not inlined. The servers that it is compared with stand in one crate each.
///
/// # Errors
///
/// That the port is taken.
pub fn serve(port: u16) -> Pin<Box<dyn Future<Output = Result>>> {
    let counting = Ladder {
        none: Stack::new().with(Passed),
        one: Stack::new().with(count).with(Passed),
        five: five!(Stack::new(), count).with(Passed),
        ten: five!(five!(Stack::new(), count), count).with(Passed),
        twenty: five!(
            five!(five!(five!(Stack::new(), count), count), count),
            count
        )
        .with(Passed),
    };
    let empty = Ladder {
        none: Says("0"),
        one: Stack::new().with(pass).with(Says("1")),
        five: five!(Stack::new(), pass).with(Says("5")),
        ten: five!(five!(Stack::new(), pass), pass).with(Says("10")),
        twenty: five!(five!(five!(five!(Stack::new(), pass), pass), pass), pass).with(Says("20")),
    };
    let app = App::new()
        .keys(["a key of the benchmarks, which is no secret"])
        .with(plain)
        .mount(
            "/session-mem",
            Stack::new()
                .with(InMemory::middleware().store(MemoryStore::new()))
                .with(in_memory),
        )
        .mount(
            "/session",
            Stack::new().with(InCookie::middleware()).with(in_cookie),
        )
        .controller(routes::Users)
        .controller(routes::Posts)
        .controller(routes::Teams)
        .controller(routes::Orgs)
        .controller(routes::Repos)
        .controller(routes::Issues)
        .controller(routes::Events)
        .controller(routes::Files)
        .controller(routes::Echo)
        .mount("/onion", counting)
        .mount("/onion-alt", empty);
    Box::pin(app.listen(("127.0.0.1", port)))
}

macro_rules! five {
    ($stack:expr, $layer:expr) => {
        $stack
            .with($layer)
            .with($layer)
            .with($layer)
            .with($layer)
            .with($layer)
    };
}
use five;

#[session(key = "session")]
struct InCookie {
    visits: u64,
}

#[session(key = "session-mem")]
struct InMemory {
    visits: u64,
}

#[middleware]
async fn in_cookie(session: &mut InCookie) -> String {
    session.visits += 1;
    session.visits.to_string()
}

#[middleware]
async fn in_memory(session: &mut InMemory) -> String {
    session.visits += 1;
    session.visits.to_string()
}

#[derive(serde::Serialize)]
struct Message {
    message: &'static str,
}

#[middleware]
async fn plain(ctx: &mut Context, next: impl Next) -> Result {
    match ctx.path() {
        "/cookie" => {
            let visits = ctx.cookies().get("visits")?;
            let visits: u64 = visits.and_then(|visits| visits.parse().ok()).unwrap_or(0);
            ctx.cookies().set("visits", visits + 1)?;
            ctx.set_body((visits + 1).to_string());
        }
        "/" => ctx.set_body("Hello World"),
        "/json" => ctx.set_body(Json(Message {
            message: "Hello, World!",
        })),
        _ => return next.run(ctx).await,
    }
    Ok(())
}

/// What the layers of `/onion` count.
#[derive(Default)]
struct Counts {
    before: u32,
    after: u32,
}

#[middleware]
async fn count(ctx: &mut Context, next: impl Next) -> Result {
    ctx.state.get_or_default::<Counts>().before += 1;
    next.run(ctx).await?;
    ctx.state.get_or_default::<Counts>().after += 1;
    Ok(())
}

/// The end of `/onion`: how many layers there were.
struct Passed;

#[middleware]
impl Passed {
    async fn call(&self, ctx: &mut Context) -> String {
        let counts = ctx.state.get::<Counts>();
        counts.map_or(0, |counts| counts.before).to_string()
    }
}

#[middleware]
async fn pass(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

/// The end of `/onion-alt`.
struct Says(&'static str);

#[middleware]
impl Says {
    async fn call(&self) -> &'static str {
        self.0
    }
}

/// Layers of one path each.
struct Ladder<A, B, C, D, E> {
    none: A,
    one: B,
    five: C,
    ten: D,
    twenty: E,
}

#[middleware]
impl<A, B, C, D, E> Ladder<A, B, C, D, E>
where
    A: Middleware<Provides: koa::Provision<Value = ()>>,
    B: Middleware<Provides: koa::Provision<Value = ()>>,
    C: Middleware<Provides: koa::Provision<Value = ()>>,
    D: Middleware<Provides: koa::Provision<Value = ()>>,
    E: Middleware<Provides: koa::Provision<Value = ()>>,
{
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        match ctx.path() {
            "/0" => self.none.call(ctx, next).await,
            "/1" => self.one.call(ctx, next).await,
            "/5" => self.five.call(ctx, next).await,
            "/10" => self.ten.call(ctx, next).await,
            "/20" => self.twenty.call(ctx, next).await,
            _ => next.run(ctx).await,
        }
    }
}
