//! What a user of koa writes, as it stands in an editor.

use koa::prelude::*;

/// What is known of a visitor.
#[session(max_age = "1d")]
struct Login {
    /// The name that they gave.
    user: Option<String>,
    /// How often they came.
    visits: u32,
}

/// Who has signed in.
struct User {
    /// As it is greeted.
    name: String,
}

impl User {
    /// What they are greeted with.
    fn greeting(&self) -> String {
        format!("Hello, {}", self.name)
    }
}

/// Lets nobody pass who has not signed in.
#[middleware]
async fn signed_in(ctx: &mut Context, login: Slot<Login>, next: impl Next<User>) -> Result {
    ctx[login].visits += 1;
    let given = ctx[login].user.clone();
    let Some(name) = given else {
        throw!(401, "Please log in");
    };
    next.provide(ctx, User { name }).await
}

/// How a visitor wants the pages.
struct Theme {
    color: &'static str,
}

impl std::str::FromStr for Theme {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let color = if text == "day" { "blue" } else { "white" };
        Ok(Self { color })
    }
}

/// Says who is there.
#[middleware]
async fn whoami(user: &User, login: &Login) -> String {
    let greeting = user.greeting();
    let times = login.visits;
    format!("{greeting}, for the {times}th time")
}

/// Says what the visitor likes.
#[middleware]
async fn likes(#[cookie("theme")] theme: Option<Theme>) -> &'static str {
    theme.map_or("nothing", |theme| theme.color)
}

/// Refuses those who ask too often.
struct RateLimit {
    /// How much is not too often.
    per_minute: u32,
}

#[middleware]
impl RateLimit {
    /// Counts a request, and lets it pass or not.
    async fn call(&self, ctx: &mut Context, login: Slot<Login>, next: impl Next) -> Result {
        let asked = ctx[login].visits;
        ensure!(self.allows(asked), 429);
        next.run(ctx).await
    }

    /// Whether so many are not too many.
    fn allows(&self, count: u32) -> bool {
        count <= self.per_minute
    }
}

/// A post as it is sent.
#[derive(serde::Deserialize)]
struct NewPost {
    /// What it is about.
    title: String,
}

/// Which of them are shown.
#[derive(serde::Deserialize)]
struct Page {
    /// From 0.
    number: usize,
}

/// The posts of the site.
struct Posts {
    /// Their titles, by number.
    titles: Vec<String>,
}

#[controller("/posts", with(signed_in))]
impl Posts {
    /// Shows one post.
    #[get("/:number")]
    async fn show(&self, number: usize, login: &mut Login) -> Option<String> {
        login.visits += 1;
        let title = self.title(number)?;
        Some(title.to_owned())
    }

    /// Greets who is there.
    #[get("/", with(RateLimit { per_minute: 60 }))]
    async fn index(&self, user: &User, Query(page): Query<Page>) -> Html<String> {
        Html(format!("{}, on page {}", user.greeting(), page.number))
    }

    /// Takes a new post, and says where it is.
    #[post("/", with(RateLimit { per_minute: 6 }))]
    async fn create(&self, user: &User, Json(post): Json<NewPost>) -> (u16, String) {
        (201, format!("{} by {}", post.title, user.name))
    }

    /// The title of a post.
    fn title(&self, number: usize) -> Option<&str> {
        self.titles.get(number).map(String::as_str)
    }
}

/// All of it, put together.
pub(crate) fn app() -> (impl Sized, String) {
    let posts = Posts { titles: Vec::new() };
    let app = App::new()
        .keys(["a key of at least thirty-two letters"])
        .with(Login::middleware())
        .with(RateLimit { per_minute: 600 })
        .controller(posts)
        .with(signed_in)
        .mount("/likes", Stack::new().with(likes))
        .with(whoami);
    (app, Posts::show_path(7))
}
