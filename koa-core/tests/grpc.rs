//! A gRPC service of tonic's in an app, asked by tonic's client: its status comes in trailers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use koa::prelude::*;
use koa::tower::{layer, service};
use serve::{Serving, serve};
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus as Told;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::server::{HealthReporter, health_reporter};
use tower::layer::util::Identity;

const SERVICE: &str = "shop.Orders";

/// What is no gRPC is the app's own.
#[middleware]
async fn pages(ctx: &mut Context, next: impl Next) -> Result {
    match ctx.path() {
        "/" => ctx.set_body("a page"),
        _ => next.run(ctx).await?,
    }
    ctx.set("x-above", "seen")
}

/// An app with the service, and what tells the service of changes.
async fn app() -> (Serving, HealthReporter) {
    let (reporter, health) = health_reporter();
    reporter
        .set_service_status(SERVICE, ServingStatus::Serving)
        .await;
    let app = App::new()
        .with(pages)
        .with(layer(Identity::new()))
        .with(service(health));
    (serve(app), reporter)
}

async fn client(server: &Serving) -> HealthClient<Channel> {
    let url = format!("http://{}", server.address);
    let channel = Channel::from_shared(url).unwrap();
    HealthClient::new(channel.connect().await.unwrap())
}

fn asks(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test]
async fn a_call_is_answered_with_its_status_behind_the_layers_of_the_app() {
    let (server, _reporter) = app().await;
    let mut client = client(&server).await;
    let answer = client.check(asks(SERVICE)).await.unwrap();
    assert_eq!(answer.metadata().get("x-above").unwrap(), "seen");
    assert_eq!(answer.metadata().get("grpc-status").unwrap(), "0");
    assert_eq!(answer.into_inner().status(), Told::Serving);

    let failed = client.check(asks("unknown")).await.unwrap_err();
    assert_eq!(failed.code(), Code::NotFound);

    // The same app answers others on the same port.
    let page = client::get(server.address, "/");
    assert_eq!((page.status, page.text().as_str()), (200, "a page"));
    // An answer without a body has its type all the same: clients look at it before the status.
    let unknown = client::get(server.address, "/shop.Orders/None");
    assert_eq!(unknown.header("grpc-status"), Some("12"));
    assert_eq!(unknown.header("content-type"), Some("application/grpc"));
}

#[tokio::test]
async fn a_stream_of_messages_comes_as_they_are_sent() {
    let (server, mut reporter) = app().await;
    let mut client = client(&server).await;
    let mut told = client.watch(asks(SERVICE)).await.unwrap().into_inner();
    let first = told.message().await.unwrap().unwrap();
    assert_eq!(first.status(), Told::Serving);
    reporter
        .set_service_status(SERVICE, ServingStatus::NotServing)
        .await;
    let second = told.message().await.unwrap().unwrap();
    assert_eq!(second.status(), Told::NotServing);
    // What follows the last message are trailers with the status of it all.
    reporter.clear_service_status(SERVICE).await;
    assert!(told.message().await.unwrap().is_none());
    let trailers = told.trailers().await.unwrap().unwrap();
    assert_eq!(trailers.get("grpc-status").unwrap(), "0");
}
