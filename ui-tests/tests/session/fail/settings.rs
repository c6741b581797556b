use koa::prelude::*;

#[session(max_age = "1 dya", renw)]
struct Typo {
    user: Option<String>,
}

#[session(max_age = "session", renew)]
struct NoAge {
    user: Option<String>,
}

#[session(key = "__Host-id", domain = "example.com", same_site = "none", secure = false)]
struct Cookie {
    user: Option<String>,
}

#[session(compat = "koa", encrypt, absolute = "1d")]
struct Node {
    user: Option<String>,
}

#[session(signed = false, encrypt = false)]
struct Open {
    user: Option<String>,
}

#[session(max_age = "30d", absolute = "1d", rolling, renew)]
struct Order {
    user: Option<String>,
}

fn main() {
    let _ = App::new()
        .with(Typo::middleware())
        .with(NoAge::middleware())
        .with(Cookie::middleware())
        .with(Node::middleware())
        .with(Open::middleware())
        .with(Order::middleware());
}
