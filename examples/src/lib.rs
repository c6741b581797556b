//! What the examples share.

#[cfg(feature = "sqlite")]
pub mod sql_store;

/// The port to listen on: `PORT`, or 3000.
#[must_use]
pub fn port() -> u16 {
    std::env::var("PORT")
        .ok()
        .and_then(|port| port.parse().ok())
        .unwrap_or(3000)
}
