use koa::prelude::*;

struct Posts;

struct Pages;

#[controller("/pages")]
struct Page;

#[controller("/pages")]
impl Pages {
    async fn list(&self) -> String {
        String::new()
    }
}

fn main() {
    let _ = App::new().controller(Posts);
    let _ = Pages.list();
    let _ = Page;
}
