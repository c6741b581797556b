//! Base64 as Node writes it for URLs, and reads it: leniently.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use ::base64::{decoded_len_estimate, encoded_len};

/// In the alphabet for URLs, without padding.
pub(crate) fn encode_url_bare(bytes: &[u8]) -> String {
    let mut text = zeros(encoded_len(bytes.len(), false).unwrap_or(0));
    let written = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text).ok();
    let text = written.and_then(|_| String::from_utf8(text).ok());
    text.unwrap_or_else(|| URL_SAFE_NO_PAD.encode(bytes))
}

/// The bytes of what [`encode_url_bare`] wrote, and of nothing else.
pub(crate) fn decode_url_bare(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = zeros(decoded_len_estimate(text.len()));
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

/// Room for the bytes of a cookie.
#[allow(
    clippy::slow_vector_initialization,
    reason = "to ask for zeroed memory costs more than to zero as little as this"
)]
fn zeros(length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length);
    bytes.resize(length, 0);
    bytes
}

/// In the standard alphabet, with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// In the alphabet for URLs, with padding.
pub(crate) fn encode_url(bytes: &[u8]) -> String {
    URL_SAFE.encode(bytes)
}

/// What `Buffer.from(text, 'base64')` gives: of either alphabet, up to the first padding, without what is in neither.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    if let Ok(bytes) = STANDARD.decode(text) {
        return bytes;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let mut bits = 0_u32;
    let mut count = 0;
    for value in text
        .bytes()
        .take_while(|byte| *byte != b'=')
        .filter_map(sextet)
    {
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap_or(0));
        }
    }
    bytes
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    /// What Node 20 gives for the same texts.
    #[test]
    fn it_is_as_lenient_as_node() {
        for (text, bytes) in [
            ("YWJj", &b"abc"[..]),
            ("YQ==", b"a"),
            ("YQ", b"a"),
            ("Y", b""),
            ("===", b""),
            ("YQ==YQ==", b"a"),
            ("YW=Jj", b"a"),
            ("YWJ=YWJj", b"ab"),
            ("Y!W-J_j", b"ao\x89\xfe"),
            ("YW\nJj", b"abc"),
        ] {
            assert_eq!(decode(text), bytes, "{text:?}");
        }
    }
}
