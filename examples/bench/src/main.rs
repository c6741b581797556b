//! The server of the benchmarks, as a program: `PORT=3000 cargo run --release -p bench-koa-rs`.
//!
//! `RUNTIME=current` runs it on one thread; otherwise `WORKERS` says how many there are.

fn main() -> std::io::Result<()> {
    let port = number("PORT").unwrap_or(3000);
    let mut runtime = if std::env::var("RUNTIME").as_deref() == Ok("current") {
        tokio::runtime::Builder::new_current_thread()
    } else {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        if let Some(workers) = number("WORKERS") {
            builder.worker_threads(usize::from(workers));
        }
        builder
    };
    let served = runtime
        .enable_all()
        .build()?
        .block_on(bench_koa_rs::serve(port));
    served.map_err(|error| std::io::Error::other(error.to_string()))
}

fn number(name: &str) -> Option<u16> {
    std::env::var(name).ok()?.parse().ok()
}
