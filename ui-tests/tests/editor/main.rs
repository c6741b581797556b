//! What an editor shows of items under koa's macros, and where it jumps to from there: the user's own code. The real
//! rust-analyzer is asked about [`sample`], where it is installed: `rustup component add rust-analyzer`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod analyzer;
mod connection;
mod sample;

use std::path::Path;

use analyzer::Analyzer;

/// A token, marked in what surrounds it; where a jump from it lands; and what is shown when the mouse is over it.
#[derive(Clone, Copy)]
struct Look {
    at: &'static str,
    lands: &'static str,
    shows: &'static [&'static str],
}

const LOOKS: &[Look] = &[
    // Functions, by their names.
    Look {
        at: ".with(«signed_in»)",
        lands: "async fn «signed_in»(ctx: &mut Context, login: Slot<Login>, next: impl Next<User>) -> Result {",
        shows: &[
            "Lets nobody pass who has not signed in.",
            "async fn signed_in(ctx: &mut Context, login: Slot<Login>, next: impl Next<User>) -> Result",
        ],
    },
    Look {
        at: "with(«signed_in»))]",
        lands: "async fn «signed_in»(ctx: &mut Context, login: Slot<Login>, next: impl Next<User>) -> Result {",
        shows: &["Lets nobody pass who has not signed in."],
    },
    Look {
        at: ".with(«whoami»)",
        lands: "async fn «whoami»(user: &User, login: &Login) -> String {",
        shows: &[
            "Says who is there.",
            "async fn whoami(user: &User, login: &Login) -> String",
        ],
    },
    Look {
        at: "async fn «signed_in»",
        lands: "async fn «signed_in»(ctx: &mut Context, login: Slot<Login>, next: impl Next<User>) -> Result {",
        shows: &[
            "Lets nobody pass who has not signed in.",
            "async fn signed_in(ctx: &mut Context, login: Slot<Login>, next: impl Next<User>) -> Result",
        ],
    },
    // Arguments, and what is done with them.
    Look {
        at: "ctx[«login»].visits += 1",
        lands: "async fn signed_in(ctx: &mut Context, «login»: Slot<Login>, next: impl Next<User>) -> Result {",
        shows: &["login: Slot<Login>"],
    },
    Look {
        at: "login: Slot<«Login»>, next: impl Next<User>",
        lands: "struct «Login» {",
        shows: &["What is known of a visitor."],
    },
    Look {
        at: "next: impl Next<«User»>",
        lands: "struct «User» {",
        shows: &["Who has signed in."],
    },
    Look {
        at: "«next».provide",
        lands: "async fn signed_in(ctx: &mut Context, login: Slot<Login>, «next»: impl Next<User>) -> Result {",
        shows: &["next: impl Next<User>"],
    },
    Look {
        at: "whoami(user: &«User»",
        lands: "struct «User» {",
        shows: &["Who has signed in."],
    },
    Look {
        at: "let greeting = «user»",
        lands: "async fn whoami(«user»: &User, login: &Login) -> String {",
        shows: &["user: &User"],
    },
    Look {
        at: "user.«greeting»();",
        lands: "fn «greeting»(&self) -> String {",
        shows: &[
            "What they are greeted with.",
            "fn greeting(&self) -> String",
        ],
    },
    Look {
        at: "let times = login.«visits»",
        lands: "«visits»: u32,",
        shows: &["How often they came."],
    },
    Look {
        at: "let Some(name) = «given»",
        lands: "let «given» = ctx[login].user.clone();",
        shows: &["let given"],
    },
    // A middleware with options.
    Look {
        at: "async fn «call»",
        lands: "async fn «call»(&self, ctx: &mut Context, login: Slot<Login>, next: impl Next) -> Result {",
        shows: &[
            "Counts a request, and lets it pass or not.",
            "async fn call(&self, ctx: &mut Context, login: Slot<Login>, next: impl Next) -> Result",
        ],
    },
    Look {
        at: ".with(«RateLimit» { per_minute: 600 })",
        lands: "struct «RateLimit» {",
        shows: &["Refuses those who ask too often."],
    },
    Look {
        at: "self.«allows»(asked)",
        lands: "fn «allows»(&self, count: u32) -> bool {",
        shows: &[
            "Whether so many are not too many.",
            "fn allows(&self, count: u32) -> bool",
        ],
    },
    Look {
        at: "allows(«asked»)",
        lands: "let «asked» = ctx[login].visits;",
        shows: &["let asked"],
    },
    Look {
        at: "<= self.«per_minute»",
        lands: "«per_minute»: u32,",
        shows: &["How much is not too often."],
    },
    // A controller.
    Look {
        at: "async fn «show»",
        lands: "async fn «show»(&self, number: usize, login: &mut Login) -> Option<String> {",
        shows: &[
            "Shows one post.",
            "async fn show(&self, number: usize, login: &mut Login) -> Option<String>",
        ],
    },
    Look {
        at: "Posts::«show_path»",
        lands: "async fn «show»(&self, number: usize, login: &mut Login) -> Option<String> {",
        shows: &["The path of `show`: `/posts/:number`."],
    },
    Look {
        at: "self.«title»(number)",
        lands: "fn «title»(&self, number: usize) -> Option<&str> {",
        shows: &["The title of a post."],
    },
    Look {
        at: "self.title(«number»)",
        lands: "async fn show(&self, «number»: usize, login: &mut Login) -> Option<String> {",
        shows: &["number: usize"],
    },
    Look {
        at: "Some(«title».to_owned())",
        lands: "let «title» = self.title(number)?;",
        shows: &["let title"],
    },
    Look {
        at: "        login.«visits» += 1",
        lands: "«visits»: u32,",
        shows: &["How often they came."],
    },
    Look {
        at: "(RateLimit { «per_minute»: 60 })",
        lands: "«per_minute»: u32,",
        shows: &["How much is not too often."],
    },
    Look {
        at: "Json(post): Json<«NewPost»>",
        lands: "struct «NewPost» {",
        shows: &["A post as it is sent."],
    },
    Look {
        at: "Json(post): «Json»<NewPost>",
        lands: "pub struct «Json»<T>(pub T);",
        shows: &["A value to be sent, or read, as JSON."],
    },
    Look {
        at: "Query(page): «Query»<Page>",
        lands: "pub struct «Query»<T>(pub T);",
        shows: &["pub struct Query"],
    },
    Look {
        at: "Query<«Page»>",
        lands: "struct «Page» {",
        shows: &["Which of them are shown."],
    },
    Look {
        at: "-> «Html»<String>",
        lands: "pub struct «Html»<T>(pub T);",
        shows: &["pub struct Html"],
    },
    Look {
        at: "theme: Option<«Theme»>",
        lands: "struct «Theme» {",
        shows: &["How a visitor wants the pages."],
    },
    // A session.
    Look {
        at: "«Login»::middleware()",
        lands: "struct «Login» {",
        shows: &["What is known of a visitor."],
    },
    Look {
        at: "Login::«middleware»()",
        lands: "struct «Login» {",
        shows: &["Provides a [`Login`]"],
    },
    Look {
        at: "struct «Login»",
        lands: "struct «Login» {",
        shows: &["What is known of a visitor."],
    },
    Look {
        at: "«visits»: u32",
        lands: "«visits»: u32,",
        shows: &["How often they came."],
    },
];

/// Where types of the standard library stand between: asked where the toolchain has its sources, the component `rust-src`.
const LOOKS_THROUGH_STD: &[Look] = &[
    Look {
        at: "ctx[login].«visits» += 1",
        lands: "«visits»: u32,",
        shows: &["How often they came."],
    },
    Look {
        at: "by {}\", post.«title»",
        lands: "«title»: String,",
        shows: &["What it is about."],
    },
];

#[test]
fn hovering_and_jumping_land_on_the_users_own_code() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/editor/sample.rs");
    let Some(mut analyzer) = Analyzer::open(&file) else {
        return;
    };
    let mut looks = LOOKS.to_vec();
    if analyzer::std_sources().exists() {
        looks.extend_from_slice(LOOKS_THROUGH_STD);
    } else {
        eprintln!(
            "NOT ASKED: {} looks, without rust-src",
            LOOKS_THROUGH_STD.len()
        );
    }
    let mut wrong = Vec::new();
    for Look { at, lands, shows } in looks {
        let landed = analyzer.jumps(at);
        if landed != [lands] {
            wrong.push(format!("from {at}\n  to {lands}\n not {landed:#?}"));
        }
        let shown = analyzer.hover(at);
        let missing = shows.iter().find(|part| !shown.contains(*part));
        let foreign = FOREIGN.iter().find(|part| shown.contains(*part));
        if missing.is_some() || foreign.is_some() {
            wrong.push(format!(
                "over {at}\n without {missing:?}, with {foreign:?}:\n{shown}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What of the generated code, or of what it calls, would show where it stands at the user's names.
const FOREIGN: [&str; 5] = ["__private", "extern crate", "pub mod", "auto trait", "'a"];

#[test]
fn the_sample_is_a_program() {
    let (_, path) = sample::app();
    assert_eq!(path, "/posts/7");
}
