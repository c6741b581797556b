//! Base64 as Node writes it for URLs, and reads it: leniently.

use base64_simd::{AsOut as _, STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

/// In the alphabet for URLs, without padding.
pub(crate) fn encode_url_bare(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// The same, where there is room for it already; nothing where that is too little.
pub(crate) fn encode_url_bare_into<'r>(bytes: &[u8], room: &'r mut [u8]) -> &'r str {
    match url_bare_length(bytes) <= room.len() {
        true => URL_SAFE_NO_PAD.encode_as_str(bytes, room.as_out()),
        false => "",
    }
}

/// The same, behind what is written already.
pub(crate) fn append_url_bare(bytes: &[u8], text: &mut Vec<u8>) {
    URL_SAFE_NO_PAD.encode_append(bytes, text);
}

/// How long that is.
pub(crate) fn url_bare_length(bytes: &[u8]) -> usize {
    URL_SAFE_NO_PAD.encoded_length(bytes.len())
}

/// The bytes of what [`encode_url_bare`] wrote, and of nothing else.
pub(crate) fn decode_url_bare(text: &[u8]) -> Option<Vec<u8>> {
    decode_url_bare_into(text, Vec::new())
}

/// The same, behind what is in a buffer already.
pub(crate) fn decode_url_bare_into(text: &[u8], mut buffer: Vec<u8>) -> Option<Vec<u8>> {
    let decoded = URL_SAFE_NO_PAD.decode_append(text, &mut buffer);
    decoded.is_ok().then_some(buffer)
}

/// In the standard alphabet, with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode_to_string(bytes)
}

/// In the alphabet for URLs, with padding.
pub(crate) fn encode_url(bytes: &[u8]) -> String {
    URL_SAFE.encode_to_string(bytes)
}

/// What `Buffer.from(text, 'base64')` gives: of either alphabet, up to the first padding, without what is in neither.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    if let Ok(bytes) = STANDARD.decode_to_vec(text) {
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
    use super::{decode, decode_url_bare, encode_url_bare};

    #[test]
    fn only_what_was_written_is_read() {
        for length in 0..100_u8 {
            let bytes: Vec<u8> = (0..length).map(|at| at.wrapping_mul(37)).collect();
            let text = encode_url_bare(&bytes);
            assert_eq!(decode_url_bare(text.as_bytes()), Some(bytes));
            assert_eq!(decode_url_bare(format!("{text}=").as_bytes()), None);
            for (at, _) in text.char_indices() {
                for other in ["=", "+", "/", "!", " ", "\n", "\u{e9}"] {
                    let mut other_text = text.clone();
                    other_text.replace_range(at..=at, other);
                    assert_eq!(
                        decode_url_bare(other_text.as_bytes()),
                        None,
                        "{other_text:?}"
                    );
                }
            }
        }
        // Bits that stand for no byte are zero.
        assert_eq!(decode_url_bare(b"YQ"), Some(b"a".to_vec()));
        assert_eq!(decode_url_bare(b"YR"), None);
        assert_eq!(decode_url_bare(b"Y"), None);
    }

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
