//! Cookies are described in constants, in places, and on arguments, by literals and by other expressions.

use std::time::Duration;

use koa::prelude::*;
use koa::{Cookie, Priority, SameSite, cookie};

const DOMAIN: &str = "example.com";
const AGE: Duration = Duration::from_secs(60);

const THEME: Cookie = cookie!("theme", max_age = "30d", same_site = "lax", http_only = false);
const SAME: Cookie = Cookie::new("theme")
    .max_age(Duration::from_secs(30 * 24 * 60 * 60))
    .same_site(SameSite::Lax)
    .http_only(false);
const ALL: Cookie = cookie!(
    "__Secure-all",
    max_age = AGE,
    path = "/a",
    domain = DOMAIN,
    secure,
    http_only = true,
    same_site = "none",
    priority = "high",
    partitioned,
    remove_unpartitioned,
    signed = false,
    encrypt,
    overwrite,
);

#[derive(serde::Deserialize)]
struct Prefs {
    dark: bool,
}

#[middleware]
async fn read(
    #[cookie("count")] count: Option<u32>,
    #[cookie("name", signed = false)] name: String,
    #[cookie("prefs", json, encrypt)] prefs: Option<Prefs>,
    ctx: &mut Context,
) -> Result<String> {
    ctx.cookies().set(cookie!("seen", crate = "koa"), 1)?;
    Ok(format!("{count:?} {name} {}", prefs.is_some_and(|prefs| prefs.dark)))
}

struct Counted;

#[middleware]
impl Counted {
    async fn call(&self, ctx: &mut Context, #[cookie("n")] n: Option<u8>, next: impl Next) -> Result {
        ctx.set("X-Count", n.unwrap_or(0).to_string())?;
        next.run(ctx).await
    }
}

fn main() {
    assert_eq!(THEME, SAME);
    assert_eq!(
        ALL,
        Cookie::new("__Secure-all")
            .max_age(AGE)
            .path("/a")
            .domain(DOMAIN)
            .secure(true)
            .http_only(true)
            .same_site(SameSite::None)
            .priority(Priority::High)
            .partitioned(true)
            .remove_unpartitioned(true)
            .signed(false)
            .encrypt(true)
            .overwrite(true)
    );
    let _ = App::new().with(Counted).with(read);
}
