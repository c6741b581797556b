//! Sockets that were handed to the process by the one who started it, as systemd does.

use std::io;
use std::sync::{LazyLock, Mutex, PoisonError};

use listenfd::ListenFd;

use crate::error::{Error, Result};
use crate::server::listener::{Listening, failed};

/// All of them. The environment tells of them only once.
static INHERITED: LazyLock<Mutex<ListenFd>> = LazyLock::new(|| Mutex::new(ListenFd::from_env()));

/// Takes one of them, TCP or Unix.
pub(super) fn inherit(index: usize) -> Result<Listening> {
    let mut inherited = INHERITED.lock().unwrap_or_else(PoisonError::into_inner);
    // It is one or the other, and each says so only when it is asked.
    if let Ok(Some(socket)) = inherited.take_tcp_listener(index) {
        return non_blocking(socket.set_nonblocking(true)).map(|()| Listening::Tcp(socket));
    }
    #[cfg(unix)]
    if let Ok(Some(socket)) = inherited.take_unix_listener(index) {
        return non_blocking(socket.set_nonblocking(true)).map(|()| Listening::Unix(socket, None));
    }
    let why = if index < inherited.len() {
        "it is taken already, or does not listen"
    } else {
        "systemd sets LISTEN_PID and LISTEN_FDS for those it hands over"
    };
    Err(Error::internal(format!(
        "there is no inherited socket {index}: {why}"
    )))
}

fn non_blocking(outcome: io::Result<()>) -> Result {
    outcome.map_err(|error| failed(format_args!("an inherited socket cannot be used"), error))
}
