//! Bodies that were compressed on their way: what `Content-Encoding` says, undone.

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::error::{Error, Result};

/// How much is decoded at a time, in bytes.
const STEP: usize = 16 * 1024;

/// Undoes a coding; `None` for one that is not known.
///
/// # Errors
///
/// A 413 where more than `limit` bytes come out of it, however few went in, and a 400 where it is malformed.
pub(super) async fn decode(coding: &str, coded: &[u8], limit: usize) -> Option<Result<Bytes>> {
    Some(match coding.to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => whole(GzipDecoder::new(coded), limit).await,
        "deflate" => whole(ZlibDecoder::new(coded), limit).await,
        "br" => whole(BrotliDecoder::new(coded), limit).await,
        _ => return None,
    })
}

async fn whole(mut decoder: impl AsyncRead + Unpin, limit: usize) -> Result<Bytes> {
    let mut decoded = BytesMut::new();
    loop {
        decoded.reserve(STEP);
        match decoder.read_buf(&mut decoded).await {
            Ok(0) => return Ok(decoded.freeze()),
            Ok(_) if decoded.len() > limit => {
                let message = format!("the body is longer than {limit} bytes when it is decoded");
                return Err(Error::new(413, message));
            }
            Ok(_) => {}
            Err(error) => {
                let error = Error::new(400, "the body is not what its Content-Encoding says")
                    .with_source(error);
                return Err(error);
            }
        }
    }
}
