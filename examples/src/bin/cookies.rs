//! Cookies: a count of visits that is signed, a note that is encrypted, a theme that scripts may see.
//!
//! `cargo run -p examples --bin cookies`, then `curl -c jar -b jar http://127.0.0.1:3000` a few times, and
//! `curl -c jar -b jar http://127.0.0.1:3000/note/secret`.

use koa::prelude::*;
use koa::{Cookie, cookie};

const THEME: Cookie = cookie!(
    "theme",
    max_age = "30d",
    same_site = "lax",
    signed = false,
    http_only = false
);
const NOTE: Cookie = cookie!("note", max_age = "1h", encrypt);

/// `/theme/dark` and `/note/..` set the cookie of that name, `/forget` removes them.
#[middleware]
async fn change(ctx: &mut Context, next: impl Next) -> Result {
    let path = ctx.path().to_owned();
    if let Some(theme) = path.strip_prefix("/theme/") {
        ctx.cookies().set(THEME, theme)?;
    } else if let Some(note) = path.strip_prefix("/note/") {
        ctx.cookies().set(NOTE, note)?;
    } else if path == "/forget" {
        for cookie in [THEME, NOTE, Cookie::new("visits")] {
            ctx.cookies().remove(cookie)?;
        }
    } else {
        return next.run(ctx).await;
    }
    ctx.redirect("/")
}

#[middleware]
async fn show(
    ctx: &mut Context,
    #[cookie("visits")] visits: Option<u32>,
    #[cookie("theme", signed = false)] theme: Option<String>,
    #[cookie("note", encrypt)] note: Option<String>,
) -> Result<String> {
    let visits = visits.unwrap_or(0) + 1;
    ctx.cookies().set("visits", visits)?;
    let theme = theme.as_deref().unwrap_or("light");
    let note = note.as_deref().unwrap_or("nothing");
    Ok(format!("visit {visits}, {theme}, noted: {note}"))
}

#[koa::main]
async fn main() -> Result {
    // A real app reads its keys from where secrets are kept: `Keygrip::from_env("KOA_KEYS")?`.
    let app = App::new()
        .keys(["an example's key, which is no secret"])
        .with(change)
        .with(show);

    let server = app.bind(("127.0.0.1", examples::port())).await?;
    println!("listening on http://{}", server.addresses()[0]);
    server.run().await
}
