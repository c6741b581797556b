//! TLS, by rustls.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

#[cfg(feature = "http2")]
use bytes::Bytes;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::chain::Onion;
use crate::error::{Error, Result};
use crate::server::connection::Connection;
use crate::server::serve::{Served, serve_http};
use crate::server::wire::{ReadHalf, Wire};

/// The protocols that are offered, the preferred one first.
const PROTOCOLS: &[&[u8]] = &[
    #[cfg(feature = "http2")]
    b"h2",
    b"http/1.1",
];

/// A certificate and its key, for an [`Address`](crate::Address) that speaks TLS. With the feature `tls`.
///
/// Clones share them, so that one that is kept can [`reload`](Self::reload) what another serves with. Clients that ask
/// for HTTP/2 (ALPN) get it with the feature `http2`.
///
/// ```no_run
/// use koa::prelude::*;
/// use koa::{Address, Tls};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result {
/// let tls = Tls::from_pem_files("cert.pem", "key.pem")?;
/// let address = Address::from("0.0.0.0:443").tls(&tls);
/// App::new().listen(address).await
/// # }
/// ```
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    config: RwLock<Arc<ServerConfig>>,
    files: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// Reads a chain of certificates and its private key from two files in PEM form.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or holds something else, or a key that is not the certificate's.
    pub fn from_pem_files(
        certificates: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Result<Self> {
        let files = (certificates.into(), key.into());
        let config = read(&files)?;
        Ok(Self::new(config, Some(files)))
    }

    /// Takes a chain of certificates and its private key in PEM form.
    ///
    /// # Errors
    ///
    /// Text that holds something else, or a key that is not the certificate's.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self> {
        Ok(Self::new(parse(certificates, key)?, None))
    }

    /// With a configuration of one's own: client certificates, several host names, other protocol versions. Its ALPN
    /// protocols are kept, or, if there are none, set to those that the server speaks.
    #[must_use]
    pub fn from_config(config: ServerConfig) -> Self {
        Self::new(config, None)
    }

    fn new(config: ServerConfig, files: Option<(PathBuf, PathBuf)>) -> Self {
        let config = RwLock::new(Arc::new(with_protocols(config)));
        Self(Arc::new(Inner { config, files }))
    }

    /// Reads the files again, for a certificate that was renewed. Connections that are open keep the old one.
    ///
    /// ```no_run
    /// # async fn renew(tls: koa::Tls) -> std::io::Result<()> {
    /// use tokio::signal::unix::{SignalKind, signal};
    ///
    /// let mut renewed = signal(SignalKind::hangup())?;
    /// while renewed.recv().await.is_some() {
    ///     if let Err(error) = tls.reload() {
    ///         eprintln!("the old certificate stays: {}", error.message());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`from_pem_files`](Self::from_pem_files), or that it was not made of files; then the old one stays.
    pub fn reload(&self) -> Result {
        let Some(files) = &self.0.files else {
            return Err(Error::internal(
                "this certificate was not read from files; use `replace`",
            ));
        };
        self.replace(read(files)?);
        Ok(())
    }

    /// Serves new connections with another configuration.
    pub fn replace(&self, config: ServerConfig) {
        let mut current = self
            .0
            .config
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(with_protocols(config));
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        let current = self.0.config.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("files", &self.0.files)
            .finish_non_exhaustive()
    }
}

fn with_protocols(mut config: ServerConfig) -> ServerConfig {
    if config.alpn_protocols.is_empty() {
        config.alpn_protocols = PROTOCOLS.iter().map(|name| name.to_vec()).collect();
    }
    config
}

fn read((certificates, key): &(PathBuf, PathBuf)) -> Result<ServerConfig> {
    let content = |path: &PathBuf| {
        std::fs::read(path).map_err(|error| {
            let path = path.display();
            Error::internal(format!("{path} cannot be read: {error}")).with_source(error)
        })
    };
    parse(&content(certificates)?, &content(key)?).map_err(|error| {
        let (certificates, key) = (certificates.display(), key.display());
        Error::internal(format!("{certificates} and {key}: {}", error.message()))
    })
}

fn parse(certificates: &[u8], key: &[u8]) -> Result<ServerConfig> {
    let unusable = |what: &str, error: &dyn fmt::Display| {
        Error::internal(format!("the {what} cannot be used: {error}"))
    };
    let chain = CertificateDer::pem_slice_iter(certificates)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable("certificate", &error))?;
    if chain.is_empty() {
        return Err(unusable("certificate", &"there is none in PEM form"));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| unusable("key", &error))?;
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable("key", &error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| unusable("certificate", &error))
}

/// Serves an encrypted connection. The handshake has the time of a request's head.
pub(super) async fn serve<C: Onion>(
    read: ReadHalf,
    connection: Arc<Connection>,
    served: Arc<Served<C>>,
    config: Arc<ServerConfig>,
) {
    // A server that ends waits for a handshake as it does for a request's head.
    connection.begin_handshake().await;
    let wire = Wire::new(read, Arc::clone(&connection));
    let Ok(stream) = TlsAcceptor::from(config).accept(wire).await else {
        return;
    };
    connection.end_handshake();
    #[cfg(feature = "http2")]
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        super::http2::serve(stream, Bytes::new(), connection, served).await;
        return;
    }
    serve_http(stream, connection, served).await;
}
