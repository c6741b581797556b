use koa::{Cookie, cookie};

const NO_NAME: Cookie = cookie!();
const WRONG_NAME: Cookie = cookie!("a;b");
const HOST: Cookie = cookie!("__Host-id", domain = "example.com", path = "/a");
const SECURE: Cookie = cookie!("__Secure-id", secure = false);
const TOO_LONG: Cookie = cookie!("a", max_age = "2y");
const NO_UNIT: Cookie = cookie!("a", max_age = "3600");
const TYPO: Cookie = cookie!("a", max_age = "1 dya", same_site = "laks", htp_only);
const EMBEDDED: Cookie = cookie!("a", partitioned, same_site = "lax");
const CONTRADICTION: Cookie = cookie!("a", same_site = "none", secure = false);
const WRONG_KIND: Cookie = cookie!("a", max_age = 3600, secure = "yes", path);

fn main() {}
