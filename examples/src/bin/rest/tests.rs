use koa::test::{Answer, Client};
use serde_json::Value;

use super::*;

/// The status, and what the answer says.
fn said(answer: &Answer) -> (u16, Value) {
    (answer.status(), answer.json().unwrap_or_default())
}

fn wrong(message: &str, field: Option<&str>) -> Value {
    json!({ "error": message, "field": field })
}

#[tokio::test]
async fn posts_are_made_listed_and_shown() -> Result {
    let client = Client::new(app());
    assert_eq!(said(&client.get("/api/posts").await?), (200, json!([])));
    let new = client
        .post("/api/posts")
        .header("X-User", "ada")
        .json(&json!({ "title": "Hello" }));
    let made = new.await?;
    let post = json!({ "id": 0, "author": "ada", "title": "Hello", "comments": [] });
    assert_eq!(said(&made), (201, post.clone()));
    assert_eq!(
        said(&client.get(made.header("location").unwrap()).await?),
        (200, post.clone())
    );
    assert_eq!(said(&client.get("/api/posts").await?), (200, json!([post])));
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_is_said_in_json() -> Result {
    let client = Client::new(app());
    let answer = client.get("/api/posts/7").await?;
    assert_eq!(said(&answer), (404, wrong("Not Found", None)));
    let answer = client.get("/api/posts/x").await?;
    assert_eq!(
        said(&answer),
        (400, wrong("id: invalid digit found in string", None))
    );
    let answer = client
        .post("/api/posts")
        .json(&json!({ "title": "Hello" }))
        .await?;
    assert_eq!(
        said(&answer),
        (401, wrong("Please say who you are, in X-User", None))
    );
    let answer = client
        .post("/api/posts")
        .header("X-User", "ada")
        .json(&json!({ "title": " " }))
        .await?;
    let body: Value = answer.json()?;
    assert_eq!(
        (answer.status(), body["field"].as_str()),
        (400, Some("title"))
    );
    let message = body["error"].as_str().unwrap();
    assert!(
        message.starts_with("post: JSON: title: a title has 1 to 80 characters"),
        "{message}"
    );
    let answer = client.put("/api/posts/7").await?;
    assert_eq!(
        (answer.status(), answer.header("allow")),
        (405, Some("HEAD, GET, DELETE"))
    );
    Ok(())
}

#[tokio::test]
async fn posts_are_deleted_by_their_authors() -> Result {
    let client = Client::new(app());
    let new = client
        .post("/api/posts")
        .header("X-User", "ada")
        .json(&json!({ "title": "Hello" }));
    new.await?;
    let delete = |user| client.delete(Posts::delete_path(0)).header("X-User", user);
    assert_eq!(
        said(&delete("bob").await?),
        (403, wrong("not your post", None))
    );
    assert_eq!(delete("ada").await?.status(), 204);
    assert_eq!(said(&delete("ada").await?), (404, wrong("Not Found", None)));
    Ok(())
}

#[tokio::test]
async fn posts_are_commented_on() -> Result {
    let client = Client::new(app());
    let new = client
        .post("/api/posts")
        .header("X-User", "ada")
        .json(&json!({ "title": "Hello" }));
    new.await?;
    let comment = |post: usize| client.post(Comments::create_path(post)).json("Nice");
    assert_eq!(comment(0).await?.status(), 401);
    let answer = comment(0).header("X-User", "bob").await?;
    assert_eq!(
        (answer.status(), answer.header("location")),
        (303, Some("/api/posts/0"))
    );
    let post: Value = client.get("/api/posts/0").await?.json()?;
    assert_eq!(post["comments"], json!(["bob: Nice"]));
    assert_eq!(
        said(&comment(9).header("X-User", "bob").await?),
        (404, wrong("no such post", None))
    );
    Ok(())
}
