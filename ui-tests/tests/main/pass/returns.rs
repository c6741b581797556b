//! `#[koa::main]` keeps what `main` returns.

use koa::prelude::*;

mod nothing {
    #[koa::main]
    pub(crate) async fn main() {}
}

mod code {
    #[koa::main]
    pub(crate) async fn main() -> std::process::ExitCode {
        std::process::ExitCode::SUCCESS
    }
}

#[koa::main]
async fn main() -> Result {
    let _ = (nothing::main as fn(), code::main as fn() -> _);
    tokio::task::yield_now().await;
    App::new().bind("127.0.0.1:0").await?;
    Ok(())
}
