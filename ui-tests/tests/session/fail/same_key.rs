use koa::Sessions;
use koa::prelude::*;

#[session]
struct Visitor {
    visits: u32,
}

#[session]
struct Admin {
    name: String,
}

#[session(key = "cart")]
struct Cart {
    items: Vec<String>,
}

#[session(key = "cart", compat = "koa")]
struct OldCart {
    items: Vec<String>,
}

struct Orders;

#[controller("/orders", with(Sessions::<OldCart>::new()))]
impl Orders {
    #[get("/")]
    async fn list(&self, cart: &OldCart) -> String {
        cart.items.join(", ")
    }
}

fn main() {
    let _ = App::new().with(Visitor::middleware()).with(Admin::middleware());
    let _ = App::new()
        .mount("/admin", Stack::new().with(Admin::middleware()))
        .mount("/", Stack::new().with(Cart::middleware()).with(Visitor::middleware()));
    let _ = App::new().with(Cart::middleware()).with(Stack::new().with(Cart::middleware()));
    let _ = App::new().with(Cart::middleware()).controller(Orders);
}
