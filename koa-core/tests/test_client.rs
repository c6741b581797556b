//! The client for tests: requests, answers, the cookie jar, the clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

use std::time::Duration;

use koa::prelude::*;
use koa::test::Client;
use koa::{Cookie, Socket};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sum {
    a: u32,
    b: u32,
}

struct Sums;

#[controller("/sums")]
impl Sums {
    #[post("/")]
    async fn json(Json(sum): Json<Sum>) -> Json<u32> {
        Json(sum.a + sum.b)
    }

    #[post("/form")]
    async fn form(Form(sum): Form<Sum>) -> Json<Sum> {
        Json(sum)
    }

    #[get("/")]
    async fn query(Query(sum): Query<Sum>) -> String {
        (sum.a + sum.b).to_string()
    }

    #[put("/text")]
    async fn text(ctx: &mut Context) -> Result<String> {
        let secure = ctx.secure();
        let text = ctx.request.text().await?;
        Ok(format!("{} {secure} {text} {}", ctx.ip(), ctx.get("X-A")))
    }

    #[get("/visits")]
    async fn visits(ctx: &mut Context) -> Result<String> {
        let visits = ctx.cookies().get("visits")?;
        let visits: u32 = visits.and_then(|visits| visits.parse().ok()).unwrap_or(0);
        let cookie = Cookie::new("visits").max_age(Duration::from_secs(60));
        ctx.cookies().set(cookie, visits + 1)?;
        Ok(visits.to_string())
    }
}

#[tokio::test]
async fn requests_and_answers() -> Result {
    let client = Client::new(App::new().controller(Sums));
    let sum = Sum { a: 1, b: 2 };
    let answer = client.post(Sums::json_path()).json(&sum).await?;
    assert_eq!((answer.status(), answer.json::<u32>()?), (200, 3));
    assert_eq!(
        client.post("/sums/form").form(&sum).await?.json::<Sum>()?,
        sum
    );
    assert_eq!(client.get("/sums").query(&sum).await?.text(), "3");
    let text = client
        .put("/sums/text")
        .body_of("text/plain", "hi")
        .header("X-A", "a");
    assert_eq!(text.await?.text(), "127.0.0.1 false hi a");
    let head = client.head("/sums?a=1&b=2").await?;
    assert_eq!(
        (head.header("content-length"), head.bytes().len()),
        (Some("1"), 0)
    );
    assert_eq!(
        client.delete("/sums").await?.header("allow"),
        Some("POST, HEAD, GET")
    );
    assert!(client.get("/").header("not a name", "").await.is_err());

    let peer: std::net::SocketAddr = ([192, 0, 2, 1], 1).into();
    let client = client.with_socket(Socket::new(peer).with_encrypted(true));
    let answer = client.put("/sums/text").body_of("text/plain", "").await?;
    assert_eq!(answer.text(), "192.0.2.1 true  ");
    Ok(())
}

#[tokio::test]
async fn cookies_are_kept_until_the_clock_says_otherwise() -> Result {
    let client = Client::new(App::new().controller(Sums));
    for visits in ["0", "1", "2"] {
        assert_eq!(client.get("/sums/visits").await?.text(), visits);
    }
    assert_eq!(client.cookie("visits").as_deref(), Some("3"));
    client.advance(Duration::from_secs(61));
    assert_eq!(client.cookie("visits"), None);
    assert_eq!(client.get("/sums/visits").await?.text(), "0");
    client.set_cookie("visits", "41");
    assert_eq!(client.get("/sums/visits").await?.text(), "41");
    client.clear_cookies();
    assert_eq!(client.get("/sums/visits").await?.text(), "0");
    Ok(())
}
