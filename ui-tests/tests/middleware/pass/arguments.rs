//! Arguments are recognised by their types, under any name and in any order.

use koa::prelude::*;

struct User(String);
struct Visits(u32);
struct Config {
    greeting: &'static str,
}

#[middleware]
async fn next_first(next: impl Next, ctx: &mut Context) -> Result {
    next.run(ctx).await
}

#[middleware]
async fn provides(c: &mut koa::Context, rest: impl koa::Next<User>) -> koa::Result<()> {
    rest.provide(c, User(String::new())).await
}

#[middleware]
async fn provides_too(
    ctx: &mut Context,
    visits: Slot<User>,
    next: impl koa::Next<Visits>,
) -> Result {
    ctx[visits].0.push('x');
    next.provide(ctx, Visits(1)).await
}

#[middleware]
async fn two_slots(
    a: Slot<User>,
    ctx: &mut Context,
    b: koa::Slot<Visits>,
    next: impl Next<()>,
) -> Result {
    ctx[b].0 += u32::from(ctx[a].0.is_empty());
    next.run(ctx).await
}

#[middleware]
async fn declared<N: Next>(ctx: &mut Context, next: N) -> Result {
    next.run(ctx).await
}

#[middleware]
async fn declared_in_where<N>(ctx: &mut Context, next: N) -> Result
where
    N: Next<u64>,
{
    next.provide(ctx, 1).await
}

#[middleware]
async fn never_runs_next(_: &mut Context, _: impl Next) -> Result {
    Ok(())
}

#[middleware]
async fn reads_the_context(ctx: &Context) -> String {
    ctx.path().to_owned()
}

#[middleware]
async fn asks_for_nothing() -> &'static str {
    "hello"
}

#[middleware]
async fn lends(
    user: &User,
    visits: &mut Visits,
    ctx: &mut Context,
    config: &Config,
    again: &Config,
    id: Slot<u64>,
) -> String {
    visits.0 += ctx[id] as u32;
    format!("{} {} {}", config.greeting, again.greeting, user.0)
}

#[middleware]
async fn lends_without_context(user: &User) -> Result<String> {
    Ok(user.0.clone())
}

#[middleware]
async fn lends_under_names_of_the_machine(
    ctx: &User,
    next: &mut Visits,
    returned: &Config,
    c: &mut Context,
) -> Result {
    c.set_body(format!("{} {} {}", ctx.0, next.0, returned.greeting));
    Ok(())
}

#[middleware]
async fn patterns(
    User(name): &User,
    &mut Visits(ref mut count): &mut Visits,
    Config { greeting, .. }: &Config,
    _: &mut Context,
) -> String {
    *count += 1;
    format!("{greeting} {name}")
}

#[middleware]
async fn mutable_binding(mut ctx: &mut Context, mut next: impl Next) -> Result {
    let reborrowed = &mut ctx;
    let run = &mut next;
    let _ = run;
    next.run(reborrowed).await
}

fn main() {
    let _app = App::new()
        .context(Config { greeting: "hi" })
        .with(next_first)
        .with(provides)
        .with(provides_too)
        .with(two_slots)
        .with(declared)
        .with(declared_in_where)
        .with(never_runs_next)
        .with(reads_the_context)
        .with(asks_for_nothing)
        .with(lends)
        .with(lends_without_context)
        .with(lends_under_names_of_the_machine)
        .with(patterns)
        .with(mutable_binding)
        .callback();
}
