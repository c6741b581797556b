//! Requests that run on without a response: the client has it, or has given it up.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering::AcqRel;

use super::Connection;
use crate::server::limits::Limit;

/// Such a request, as its connection counts it.
pub(crate) struct Orphan(Arc<Connection>);

impl Orphan {
    /// One more, unless as many of its connection run on as may: of HTTP/1, where there is one request at a time, that is
    /// `most`, of HTTP/2 what the server says. None where someone else serves, since nobody would count them.
    ///
    /// A client must not have more requests running by giving them up.
    pub(crate) fn of(connection: &Arc<Connection>, most: u32) -> Option<Self> {
        #[cfg(feature = "http2")]
        let most = connection
            .stream
            .as_ref()
            .map_or(most, super::Stream::most_orphans);
        let watched = connection.whole().watched.as_ref()?;
        let others = watched.orphans.fetch_add(1, AcqRel);
        let orphan = Self(Arc::clone(connection));
        if watched.registry.is_closed() {
            return None;
        }
        if others >= most && connection.is_stream() {
            connection.exceeds(Limit::Http2Streams);
        }
        (others < most).then_some(orphan)
    }

    /// Runs the rest of the request, until the server is gone.
    pub(crate) fn run(self, rest: impl Future<Output = ()> + Send + 'static) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let watched = self.0.whole().watched.as_ref();
        let Some(mut gone) = watched.map(|watched| watched.registry.gone()) else {
            return;
        };
        runtime.spawn(async move {
            let _orphan = self;
            tokio::select! {
                () = rest => {}
                _ = gone.wait_for(|gone| *gone) => {}
            }
        });
    }
}

impl Drop for Orphan {
    fn drop(&mut self) {
        if let Some(watched) = &self.0.whole().watched {
            watched.orphans.fetch_sub(1, AcqRel);
        }
    }
}
