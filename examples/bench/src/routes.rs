//! The route table: fifty routes in eight controllers, and a body that goes back as it came.

use koa::prelude::*;
use serde::{Deserialize, Serialize};

macro_rules! resources {
    ($($name:ident $prefix:literal { $($more:tt)* })*) => {$(
        pub(crate) struct $name;

        #[controller($prefix)]
        impl $name {
            #[get("/")]
            async fn list() -> &'static str {
                "ok"
            }

            #[post("/")]
            async fn create() -> &'static str {
                "ok"
            }

            #[get("/:id")]
            #[put("/:id")]
            #[delete("/:id")]
            #[get("/:id/comments")]
            async fn one(id: u64) -> &'static str {
                let _ = id;
                "ok"
            }

            $($more)*
        }
    )*};
}

resources! {
    Users "/users" {
        #[get("/:id/posts")]
        async fn posts(id: u64) -> &'static str {
            let _ = id;
            "ok"
        }

        #[get("/:id/posts/:post_id")]
        async fn post(id: &str, post_id: &str) -> String {
            format!("user {id} post {post_id}")
        }
    }
    Posts "/posts" {}
    Teams "/teams" {}
    Orgs "/orgs" {}
    Repos "/repos" {}
    Issues "/issues" {}
    Events "/events" {}
    Files "/files" {}
}

/// A body that goes back as it came.
pub(crate) struct Echo;

#[derive(Serialize, Deserialize)]
struct Body {
    id: u64,
    name: String,
    active: bool,
    tags: Vec<String>,
    scores: Vec<u32>,
    text: String,
}

#[controller("/echo")]
impl Echo {
    #[post("/")]
    async fn echo(body: Json<Body>) -> Json<Body> {
        body
    }
}
