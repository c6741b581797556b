//! A small site with a login: sign in, be remembered, count the visits, sign out. All that it knows of a visitor is one
//! typed session.
//!
//! `cargo run -p examples`, then open http://127.0.0.1:3000. The session is in the browser's cookie, sealed; with
//! `cargo run -p examples -- --redis redis://127.0.0.1` it is in a Redis, and the cookie has its id.

use std::time::Duration;

use html_escape::encode_safe;
use koa::prelude::*;
use koa::{Keygrip, MaxAge, RedisStore, Sessions};
use serde::Deserialize;
use subtle::{Choice, ConstantTimeEq};

/// Until the browser is closed, unless "remember me" says otherwise; and for 90 days at most.
#[session(max_age = "session", absolute = "90d", same_site = "lax")]
struct Login {
    user: Option<String>,
    visits: u32,
}

const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A real site keeps hashes of passwords, made by argon2 or the like, and no passwords.
const USERS: [(&str, &str); 2] = [("ada", "analytical"), ("grace", "compiler")];

/// Everybody is compared with, in a time that tells no more than the lengths: not who there is, nor how much was right.
fn is_right(form: &SignIn) -> bool {
    let same = |one: &str, other: &str| one.as_bytes().ct_eq(other.as_bytes());
    let users = USERS.iter();
    let found = users.fold(Choice::from(0), |found, (name, password)| {
        found | (same(name, &form.name) & same(password, &form.password))
    });
    found.into()
}

#[derive(Deserialize)]
struct SignIn {
    name: String,
    password: String,
    remember: Option<String>,
}

/// Another site cannot sign its visitors in here, its pages cannot show ours, and what is shown is not kept.
#[middleware]
async fn careful(ctx: &mut Context, next: impl Next) -> Result {
    let from_elsewhere = ctx.get("Sec-Fetch-Site") == "cross-site";
    ensure!(
        !from_elsewhere || ctx.method() == "GET",
        403,
        "This form is ours"
    );
    ctx.set(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    )?;
    ctx.set("Cache-Control", "no-store")?;
    next.run(ctx).await
}

struct Site;

#[controller]
impl Site {
    #[get("/")]
    async fn home(&self, session: &mut Session<Login>) -> String {
        let Some(user) = session.user.clone() else {
            return sign_in_page("", "");
        };
        session.visits += 1;
        let until = match session.max_age() {
            Some(MaxAge::For(_)) => "and remembered for 30 days",
            _ => "until you close the browser",
        };
        let content = include_str!("login/signed_in.html")
            .replace("{until}", until)
            .replace("{visits}", &session.visits.to_string());
        page(&format!("Hello, {}!", shown(&user)), &content)
    }

    #[post("/sign-in")]
    async fn sign_in(
        &self,
        ctx: &mut Context,
        session: &mut Session<Login>,
        Form(form): Form<SignIn>,
    ) -> Result {
        if !is_right(&form) {
            let problem = "<p role=\"alert\">The name or the password is wrong.</p>";
            return (403, sign_in_page(&form.name, problem)).reply(ctx);
        }
        session.replace(Login {
            user: Some(form.name),
            visits: 0,
        });
        session.set_max_age(match form.remember {
            Some(_) => MaxAge::For(REMEMBERED),
            None => MaxAge::Session,
        });
        // In a store it has a new id from here on: whoever knew the old one is not signed in.
        session.regenerate(ctx).await?;
        go_home().reply(ctx)
    }

    #[post("/sign-out")]
    async fn sign_out(&self, session: &mut Session<Login>) -> Redirect {
        session.destroy();
        go_home()
    }

    #[get("/style.css")]
    async fn style(&self, ctx: &mut Context) -> Result<&'static str> {
        ctx.set_type("css")?;
        Ok(include_str!("login/style.css"))
    }
}

/// With a GET, whatever it was.
fn go_home() -> Redirect {
    Redirect::to(Site::home_path()).with_status(303)
}

fn sign_in_page(name: &str, problem: &str) -> String {
    let content = include_str!("login/sign_in.html")
        .replace("{problem}", problem)
        .replace("{name}", &shown(name));
    page("Sign in", &content)
}

/// What visitors say, as a text in HTML and no place for anything else.
fn shown(text: &str) -> String {
    encode_safe(text).replace('{', "&#123;")
}

fn page(title: &str, content: &str) -> String {
    include_str!("login/page.html")
        .replace("{title}", title)
        .replace("{content}", content)
}

/// In the cookie, or in a Redis.
fn sessions() -> Result<Sessions<Login>> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Ok(Login::middleware()),
        (Some("--redis"), Some(url)) => Ok(Login::middleware().store(RedisStore::open(url)?)),
        _ => throw!("the only option is --redis URL"),
    }
}

#[koa::main]
async fn main() -> Result {
    let app = App::new()
        // Without `KOA_KEYS` an example's, which is no secret.
        .keys(Keygrip::from_env("KOA_KEYS").unwrap_or_else(|_| "an example's key".into()))
        .with(careful)
        .with(sessions()?)
        .controller(Site);

    let server = app.bind(("127.0.0.1", examples::port())).await?;
    println!("listening on http://{}", server.addresses()[0]);
    server.run().await
}
