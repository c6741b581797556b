#[koa::main]
struct Main;

fn main() {}
