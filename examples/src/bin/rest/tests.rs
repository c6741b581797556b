use std::time::Duration;

use koa::test::{Answer, Client};
use serde_json::{Value, json};

use super::*;

/// The status, and what the answer says.
fn said(answer: &Answer) -> (u16, Value) {
    (answer.status(), answer.json().unwrap_or_default())
}

fn wrong(message: &str, field: Option<&str>) -> Value {
    json!({ "error": message, "field": field })
}

async fn log_in<C: Onion>(client: &Client<C>, name: &str, password: &str) -> Result<Answer> {
    let who = json!({ "name": name, "password": password });
    client.post(Logins::log_in_path()).json(&who).await
}

/// A client that ada is signed in with, and her post.
async fn with_a_post() -> Result<Client<impl Onion>> {
    let client = Client::new(app());
    log_in(&client, "ada", "analytical").await?;
    let new = client.post(Posts::create_path());
    let made = new.json(&json!({ "text": "Hello" })).await?;
    assert_eq!(made.status(), 201);
    Ok(client)
}

#[tokio::test]
async fn visitors_log_in_and_out() -> Result {
    let client = Client::new(app());
    let new = json!({ "text": "Hello" });
    let create = || client.post("/api/posts").json(&new);
    let please = (401, wrong("Please log in", None));
    assert_eq!(said(&create().await?), please);
    for password in ["", "analytica", "ANALYTICAL"] {
        assert_eq!(
            said(&log_in(&client, "ada", password).await?),
            (403, wrong("the password is wrong", None))
        );
    }
    assert_eq!(client.cookie("EGG_SESS"), None);
    assert_eq!(log_in(&client, "ada", "analytical").await?.status(), 204);
    assert_eq!(create().await?.status(), 201);
    assert_eq!(client.delete(Logins::log_out_path()).await?.status(), 204);
    assert_eq!(said(&create().await?), please);
    // A login ends by itself.
    log_in(&client, "grace", "analytical").await?;
    assert_eq!(create().await?.status(), 201);
    client.advance(Duration::from_secs(25 * 60 * 60));
    assert_eq!(said(&create().await?), please);
    Ok(())
}

#[tokio::test]
async fn posts_are_made_listed_and_shown() -> Result {
    let nobody = Client::new(app());
    assert_eq!(said(&nobody.get("/api/posts").await?), (200, json!([])));
    let client = with_a_post().await?;
    client.clear_cookies();
    let post = json!({ "id": 0, "author": "ada", "text": "Hello", "comments": [] });
    assert_eq!(
        said(&client.get(Posts::show_path(0)).await?),
        (200, post.clone())
    );
    assert_eq!(
        said(&client.get(Posts::list_path()).await?),
        (200, json!([post]))
    );
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_is_said_in_json() -> Result {
    let client = with_a_post().await?;
    let answer = client.get("/api/posts/7").await?;
    assert_eq!(said(&answer), (404, wrong("Not Found", None)));
    let answer = client.get("/api/posts/x").await?;
    assert_eq!(
        said(&answer),
        (400, wrong("id: invalid digit found in string", None))
    );
    let long = "x".repeat(501);
    for (body, field, message) in [
        (
            json!({ "text": " " }),
            Some("text"),
            "new: JSON: text: it has 1 to 500 bytes",
        ),
        (
            json!({ "text": long }),
            Some("text"),
            "new: JSON: text: it has 1 to 500 bytes",
        ),
        (
            json!({ "text": 7 }),
            Some("text"),
            "new: JSON: text: invalid type: integer `7`",
        ),
        (json!({}), Some("."), "new: JSON: missing field `text`"),
    ] {
        let answer = client.post("/api/posts").json(&body).await?;
        let (status, said) = said(&answer);
        assert_eq!((status, said["field"].as_str()), (400, field), "{said}");
        assert!(
            said["error"].as_str().unwrap().starts_with(message),
            "{said}"
        );
    }
    let answer = client
        .post("/api/posts")
        .body_of("text/plain", "Hello")
        .await?;
    assert_eq!(said(&answer), (415, wrong("new: JSON is expected", None)));
    let answer = client.put("/api/posts/7").await?;
    assert_eq!(
        (answer.status(), answer.header("allow")),
        (405, Some("HEAD, GET, DELETE"))
    );
    Ok(())
}

#[tokio::test]
async fn posts_are_deleted_by_their_authors() -> Result {
    let client = with_a_post().await?;
    let delete = || client.delete(Posts::delete_path(0));
    log_in(&client, "grace", "analytical").await?;
    assert_eq!(said(&delete().await?), (404, wrong("Not Found", None)));
    log_in(&client, "ada", "analytical").await?;
    assert_eq!(delete().await?.status(), 204);
    assert_eq!(said(&delete().await?), (404, wrong("Not Found", None)));
    client.clear_cookies();
    assert_eq!(delete().await?.status(), 401);
    Ok(())
}

#[tokio::test]
async fn posts_are_commented_on() -> Result {
    let client = with_a_post().await?;
    log_in(&client, "grace", "analytical").await?;
    let comment = |post: usize, text: &str| {
        client
            .post(Posts::comment_path(post))
            .json(&json!({ "text": text }))
    };
    let answer = comment(0, "Nice").await?;
    assert_eq!(
        (answer.status(), answer.header("location")),
        (303, Some("/api/posts/0"))
    );
    let post: Value = client.get("/api/posts/0").await?.json()?;
    assert_eq!(post["comments"], json!(["grace: Nice"]));
    let (status, empty) = said(&comment(0, "").await?);
    assert_eq!(status, 400, "{empty}");
    assert_eq!(
        said(&comment(9, "Nice").await?),
        (404, wrong("Not Found", None))
    );
    client.clear_cookies();
    assert_eq!(comment(0, "Nice").await?.status(), 401);
    Ok(())
}
