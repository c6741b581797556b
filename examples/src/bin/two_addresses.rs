//! One app on two addresses.
//!
//! `cargo run -p examples --bin two_addresses`, then `curl http://127.0.0.1:3000` and `curl http://127.0.0.1:3001`.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use koa::prelude::*;

/// Requests so far, on either address.
#[derive(Default)]
struct Requests(AtomicU32);

#[middleware]
async fn count(requests: &Requests) -> String {
    format!("request {}", requests.0.fetch_add(1, Relaxed) + 1)
}

#[koa::main]
async fn main() -> Result {
    let app = App::new().context(Requests::default()).with(count);

    let first = examples::port();
    // Port 0 is any free one, and so is the one after it.
    let second = if first == 0 { 0 } else { first + 1 };
    let server = app
        .bind([("127.0.0.1", first), ("127.0.0.1", second)])
        .await?;
    for address in server.addresses() {
        println!("listening on http://{address}");
    }
    server.run().await
}
