use koa::prelude::*;

struct Config {
    greeting: String,
}

#[middleware]
async fn greet(config: &mut Config) -> String {
    std::mem::take(&mut config.greeting)
}

fn main() {
    let config = Config { greeting: "Hello".to_owned() };
    let _ = App::new().context(config).with(greet);
}
