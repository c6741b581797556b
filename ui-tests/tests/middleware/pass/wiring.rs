//! What is provided above reaches those below: through groups, mounts and boxes.

use koa::prelude::*;

struct User(&'static str);
struct Visits(u32);
struct Config(&'static str);

#[middleware]
async fn provide_user(ctx: &mut Context, next: impl Next<User>) -> Result {
    next.provide(ctx, User("ada")).await
}

#[middleware]
async fn provide_visits(ctx: &mut Context, user: Slot<User>, next: impl Next<Visits>) -> Result {
    let visits = ctx[user].0.len() as u32;
    next.provide(ctx, Visits(visits)).await
}

#[middleware]
async fn show(user: &User, visits: &mut Visits, config: &Config) -> String {
    visits.0 += 1;
    format!("{} {} {}", config.0, user.0, visits.0)
}

fn group() -> koa::Group<impl koa::Onion, (&'static User, &'static mut Visits, &'static Config)> {
    Stack::new().with(show).group()
}

fn main() {
    let _app = App::new()
        .context(Config("hi"))
        .with(Stack::new().with(provide_user).with(provide_visits))
        .with(Some(show))
        .with(vec![BoxMiddleware::<(&'static User,)>::new(user_alone)])
        .mount("/returned", group())
        .mount("/show", show)
        .mount("/group", Stack::new().with(show).mount("/deeper", show))
        .callback();
}

#[middleware]
async fn user_alone(user: &User) -> &'static str {
    user.0
}
