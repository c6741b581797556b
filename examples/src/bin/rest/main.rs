//! A REST API: posts and their comments, behind a login; input is validated, errors are in JSON.
//! `cargo run -p examples --bin rest`, then, with `alias ask='curl -b jar -c jar --json'`,
//! `ask '{"name":"ada","password":"analytical"}' :3000/api/login`, `ask '{"text":"Hello"}' :3000/api/posts`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use koa::{Keygrip, prelude::*};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use subtle::ConstantTimeEq;

#[middleware]
async fn json_errors(ctx: &mut Context, next: impl Next) -> Result {
    if let Err(error) = next.run(ctx).await {
        ctx.app().emit_error(&error, ctx);
        ctx.set_status(error.status())?;
        let message = error.expose().then(|| error.message());
        let field = error.properties().get("field");
        ctx.set_body(serde_json::json!({ "error": message, "field": field }));
    }
    Ok(())
}

#[session(max_age = "1d", renew, same_site = "lax")]
struct Login {
    name: String, // empty until then
}

struct User(String);

#[middleware]
async fn signed_in(ctx: &mut Context, login: Slot<Login>, next: impl Next<User>) -> Result {
    let name = ctx[login].name.clone();
    ensure!(!name.is_empty(), 401, "Please log in");
    next.provide(ctx, User(name)).await
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

/// The password of everybody. A real site keeps hashes, made by argon2 or the like, of many.
struct Logins(&'static str);

#[controller("/api/login")]
impl Logins {
    #[post("/")]
    async fn log_in(&self, login: &mut Login, Json(who): Json<Credentials>) -> Result<(u16, ())> {
        let right = who.password.as_bytes().ct_eq(self.0.as_bytes());
        ensure!(bool::from(right), 403, "the password is wrong");
        login.name = who.name;
        Ok((204, ()))
    }

    #[delete("/")]
    async fn log_out(login: &mut Session<Login>) -> (u16, ()) {
        login.destroy();
        (204, ())
    }
}

/// A post, or a comment. What is wrong with it is told the client, with the field.
#[derive(Deserialize)]
struct Written {
    #[serde(deserialize_with = "some_text")]
    text: String,
}

fn some_text<'de, D: Deserializer<'de>>(json: D) -> std::result::Result<String, D::Error> {
    let text = String::deserialize(json)?;
    let fits = (1..=500).contains(&text.trim().len());
    fits.then_some(text)
        .ok_or_else(|| D::Error::custom("it has 1 to 500 bytes"))
}

#[derive(Clone, Serialize)]
struct Post {
    id: usize,
    author: String,
    text: String,
    comments: Vec<String>,
}

/// What was deleted leaves its place.
struct Posts(Mutex<Vec<Option<Post>>>);

#[controller("/api/posts")]
impl Posts {
    fn all(&self) -> MutexGuard<'_, Vec<Option<Post>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[get("/")]
    async fn list(&self) -> Json<Vec<Post>> {
        Json(self.all().iter().flatten().cloned().collect())
    }

    #[get("/:id")]
    async fn show(&self, id: usize) -> Option<Json<Post>> {
        self.all().get(id)?.clone().map(Json)
    }

    #[post("/", with(signed_in))]
    async fn create(&self, user: &User, Json(new): Json<Written>) -> (u16, Json<Post>) {
        let mut all = self.all();
        let post = Post {
            id: all.len(),
            author: user.0.clone(),
            text: new.text,
            comments: Vec::new(),
        };
        all.push(Some(post.clone()));
        (201, Json(post))
    }

    /// Only the author's own post is there to be deleted.
    #[delete("/:id", with(signed_in))]
    async fn delete(&self, id: usize, user: &User) -> Option<(u16, ())> {
        let mut all = self.all();
        all.get_mut(id)?.take_if(|post| post.author == user.0)?;
        Some((204, ()))
    }

    #[post("/:id/comments", with(signed_in))]
    async fn comment(&self, id: usize, user: &User, Json(new): Json<Written>) -> Option<Redirect> {
        let mut all = self.all();
        let comments = &mut all.get_mut(id)?.as_mut()?.comments;
        comments.push(format!("{}: {}", user.0, new.text));
        Some(Redirect::to(Self::show_path(id)).with_status(303))
    }
}

fn app() -> App<impl Onion, impl Sized, impl Sized> {
    App::new()
        .keys(Keygrip::from_env("KOA_KEYS").unwrap_or_else(|_| "no secret".into()))
        .with(json_errors)
        .with(Login::middleware())
        .controller(Logins("analytical"))
        .controller(Posts(Mutex::default()))
}

#[koa::main]
async fn main() -> Result {
    app().listen(("127.0.0.1", examples::port())).await
}

#[cfg(test)]
mod tests;
