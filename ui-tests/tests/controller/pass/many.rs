//! As many layers, controllers and layers around routes as an app may have compile.

use koa::prelude::*;

#[middleware]
async fn pass(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

macro_rules! controllers {
    ($($name:ident $path:literal),*) => {
        $(
            struct $name;

            #[controller($path, with(pass, pass, pass))]
            impl $name {
                #[get("/")]
                async fn list(&self) -> &'static str {
                    $path
                }

                #[get("/:id", with(pass, pass, pass))]
                async fn show(&self, ctx: &mut Context, id: u64) -> Result<String> {
                    let text = ctx.request.text().await?;
                    Ok(format!("{id} {text}"))
                }
            }
        )*

        fn main() {
            let _app = App::new()
                .with(pass).with(pass).with(pass).with(pass).with(pass).with(pass).with(pass).with(pass)
                .with(pass).with(pass).with(pass).with(pass).with(pass).with(pass).with(pass).with(pass)
                $(.controller($name))*
                .with(pass).with(pass).with(pass).with(pass).with(pass).with(pass).with(pass).with(pass)
                .callback();
        }
    };
}

controllers!(
    A "/a", B "/b", C "/c", D "/d", E "/e", F "/f", G "/g", H "/h", I "/i", J "/j", K "/k", L "/l", M "/m", N "/n",
    O "/o", P "/p", Q "/q", R "/r", S "/s", T "/t"
);
