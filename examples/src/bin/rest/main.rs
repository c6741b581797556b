//! A REST API: posts and their comments, errors in JSON, input that is validated.
//!
//! `cargo run -p examples --bin rest`, then
//! `curl -H 'X-User: ada' --json '{"title":"Hello"}' http://127.0.0.1:3000/api/posts`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use koa::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Clone, Serialize)]
struct Post {
    id: usize,
    author: String,
    title: String,
    comments: Vec<String>,
}

/// The service of both controllers.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<Vec<Option<Post>>>>);

impl Store {
    fn posts(&self) -> MutexGuard<'_, Vec<Option<Post>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who makes the request.
struct User(String);

#[middleware]
async fn signed_in(ctx: &mut Context, next: impl Next<User>) -> Result {
    let name = ctx.get("X-User").into_owned();
    ensure!(!name.is_empty(), 401, "Please say who you are, in X-User");
    next.provide(ctx, User(name)).await
}

/// Errors are answered in JSON, with what else is known of them.
#[middleware]
async fn json_errors(ctx: &mut Context, next: impl Next) -> Result {
    if let Err(error) = next.run(ctx).await {
        ctx.app().emit_error(&error, ctx);
        ctx.set_status(error.status())?;
        let message = error.expose().then(|| error.message());
        let field = error.properties().get("field");
        ctx.set_body(json!({ "error": message.unwrap_or("something went wrong"), "field": field }));
    }
    Ok(())
}

/// A title that is one: what is wrong with it is told the client, with the field.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Title(String);

impl TryFrom<String> for Title {
    type Error = &'static str;

    fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
        match text.trim().len() {
            1..=80 => Ok(Self(text)),
            _ => Err("a title has 1 to 80 characters"),
        }
    }
}

#[derive(Deserialize)]
struct NewPost {
    title: Title,
}

struct Posts(Store);

#[controller("/api/posts")]
impl Posts {
    #[get("/")]
    async fn list(&self) -> Json<Vec<Post>> {
        Json(self.0.posts().iter().flatten().cloned().collect())
    }

    #[get("/:id")]
    async fn show(&self, id: usize) -> Option<Json<Post>> {
        self.0.posts().get(id)?.clone().map(Json)
    }

    #[post("/", with(signed_in))]
    async fn create(
        &self,
        ctx: &mut Context,
        user: &User,
        Json(post): Json<NewPost>,
    ) -> Result<(u16, Json<Post>)> {
        let mut posts = self.0.posts();
        let (id, author, title) = (posts.len(), user.0.clone(), post.title.0);
        let post = Post {
            id,
            author,
            title,
            comments: Vec::new(),
        };
        posts.push(Some(post.clone()));
        ctx.set("Location", Self::show_path(id))?;
        Ok((201, Json(post)))
    }

    #[delete("/:id", with(signed_in))]
    async fn delete(&self, id: usize, user: &User) -> Result<(u16, ())> {
        let mut posts = self.0.posts();
        let place = posts.get_mut(id).filter(|place| place.is_some());
        let Some(place) = place else { throw!(404) };
        let own = place.as_ref().is_some_and(|post| post.author == user.0);
        ensure!(own, 403, "not your post");
        *place = None;
        Ok((204, ()))
    }
}

struct Comments(Store);

#[controller("/api/posts/:post/comments", with(signed_in))]
impl Comments {
    #[post("/")]
    async fn create(&self, post: usize, user: &User, Json(text): Json<String>) -> Result<Redirect> {
        let mut posts = self.0.posts();
        let Some(Some(found)) = posts.get_mut(post) else {
            throw!(404, "no such post")
        };
        found.comments.push(format!("{}: {text}", user.0));
        Ok(Redirect::to(Posts::show_path(post)).with_status(303))
    }
}

fn app() -> App<impl Onion, impl Sized, impl Sized> {
    let store = Store::default();
    App::new()
        .with(json_errors)
        .controller(Posts(store.clone()))
        .controller(Comments(store))
}

#[koa::main]
async fn main() -> Result {
    app().listen(("127.0.0.1", examples::port())).await
}

#[cfg(test)]
mod tests;
