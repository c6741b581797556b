use koa::prelude::*;

#[session]
enum Kind {
    Guest,
}

#[session]
struct Pair(String, u32);

#[session]
struct Generic<T> {
    value: T,
}

#[session]
async fn session() {}

fn main() {}
