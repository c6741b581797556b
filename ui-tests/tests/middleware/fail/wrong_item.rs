use koa::prelude::*;

#[middleware]
struct RateLimit {
    #[allow(dead_code)]
    per_minute: u32,
}

#[middleware]
pub(crate) mod layers {}

#[middleware]
trait Layer {}

#[middleware]
const LAYER: u32 = 1;

fn main() {}
