use koa::prelude::*;

struct Greet<'a>(&'a str);

#[middleware]
impl<'a> Greet<'a> {
    async fn call(&self) -> String {
        self.0.to_owned()
    }
}

fn main() {}
