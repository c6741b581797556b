//! A route is served once in an app, however many layers and groups are between two controllers.

use koa::prelude::*;

struct Posts;

#[controller("/posts")]
impl Posts {
    #[get("/")]
    async fn list(&self) -> &'static str {
        "posts"
    }

    #[get("/:id")]
    async fn show(&self, id: u64) -> String {
        id.to_string()
    }
}

struct Pages;

#[controller]
impl Pages {
    #[get("/posts/:slug/")]
    async fn page(&self, slug: String) -> String {
        slug
    }
}

struct Lists;

#[controller]
impl Lists {
    #[get("/lists")]
    #[get("/posts")]
    async fn list(&self) -> &'static str {
        "lists"
    }
}

#[middleware]
async fn pass(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

fn lists() -> Group<impl Onion> {
    Stack::new().with(pass).controller(Lists).group()
}

fn main() {
    // A layer is between them.
    let _ = App::new().controller(Posts).with(pass).controller(Pages).callback();
    // One is in a group.
    let _ = App::new().controller(Posts).with(lists()).callback();
    // Under a prefix they are others, but for those that are together under it.
    let _ = App::new()
        .controller(Posts)
        .mount("/v1", Stack::new().controller(Lists).with(Stack::new().with(pass).controller(Lists)))
        .callback();
}
