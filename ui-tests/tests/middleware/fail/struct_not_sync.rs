use std::cell::Cell;

use koa::prelude::*;

struct Counter {
    count: Cell<u32>,
}

#[middleware]
impl Counter {
    async fn call(&self) -> String {
        self.count.get().to_string()
    }
}

fn main() {
    let _ = App::new().with(Counter { count: Cell::new(0) });
}
