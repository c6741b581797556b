use koa::prelude::*;

#[middleware]
async fn nameless(#[cookie] count: u32) -> String {
    count.to_string()
}

#[middleware]
async fn misspelt(#[cookie("count", encrypted)] count: u32, #[cookie("a b")] b: String) -> String {
    format!("{count} {b}")
}

#[middleware]
async fn borrowed(#[cookie("name")] name: &str) -> String {
    name.to_owned()
}

fn main() {
    let _ = App::new().with(nameless).with(misspelt).with(borrowed);
}
