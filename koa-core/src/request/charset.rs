//! The charset that a body is said to be in, and its bytes as text.

use bytes::Bytes;
#[cfg(feature = "charsets")]
use encoding_rs::{DecoderResult, Encoding, UTF_16LE};
use percent_encoding::percent_decode;

use crate::error::{Error, Result};
use crate::request::typed;

/// What the bytes of a body are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// UTF-8, and what is a part of it: US-ASCII.
    Utf8,
    /// Any other that the Encoding Standard knows; `sniffs`: its first bytes say in which order they are.
    #[cfg(feature = "charsets")]
    Other {
        encoding: &'static Encoding,
        sniffs: bool,
    },
}

impl Charset {
    /// The charset of this name, which is UTF-8 where there is none.
    ///
    /// # Errors
    ///
    /// A 415 that names it, where it is not known.
    pub(super) fn named(name: &str) -> Result<Self> {
        let is = |known: &&str| name.eq_ignore_ascii_case(known);
        if ["", "utf-8", "utf8", "us-ascii", "ascii"].iter().any(is) {
            return Ok(Self::Utf8);
        }
        #[cfg(feature = "charsets")]
        if let Some(encoding) = Encoding::for_label_no_replacement(name.as_bytes()) {
            let sniffs = encoding == UTF_16LE && is(&"utf-16");
            return Ok(Self::Other { encoding, sniffs });
        }
        Err(unsupported(name))
    }

    /// The bytes as text. The message of an error begins with `what`: `the body is`.
    ///
    /// # Errors
    ///
    /// A 400 that says which byte is of no such charset.
    pub(super) fn decode(self, bytes: Bytes, what: &str) -> Result<String> {
        match self {
            Self::Utf8 => String::from_utf8(bytes.into())
                .map_err(|error| misplaced(what, "UTF-8", error.utf8_error().valid_up_to())),
            #[cfg(feature = "charsets")]
            Self::Other { encoding, sniffs } => decode(encoding, sniffs, &bytes, what),
        }
    }

    /// The same for JSON, whose reader says itself where it is no UTF-8.
    pub(super) fn decode_json(self, json: Bytes) -> Result<Bytes> {
        match self {
            Self::Utf8 => Ok(json),
            #[cfg(feature = "charsets")]
            Self::Other { .. } => self.decode(json, "JSON:").map(Bytes::from),
        }
    }

    /// A form whose fields, escapes undone, are in this charset, as one in UTF-8.
    ///
    /// # Errors
    ///
    /// A 400 that names the field; a 415 for a charset that no form can be written in.
    pub(super) fn decode_form(self, form: Bytes) -> Result<Bytes> {
        #[cfg(feature = "charsets")]
        if let Self::Other { encoding, .. } = self {
            if !encoding.is_ascii_compatible() {
                return Err(unsupported(encoding.name()));
            }
            let mut decoded = url::form_urlencoded::Serializer::new(String::new());
            for field in fields(&form) {
                let (name, value) = field.decode(self)?;
                decoded.append_pair(&name, &value);
            }
            return Ok(decoded.finish().into());
        }
        if !is_surely_utf8(&form) {
            for field in fields(&form) {
                field.decode(self)?;
            }
        }
        Ok(form)
    }
}

/// Whether a form is UTF-8, at a glance: no escape is beyond ASCII.
fn is_surely_utf8(form: &[u8]) -> bool {
    let mut pairs = form.windows(2);
    form.is_ascii()
        && !pairs.any(|pair| matches!(pair, [b'%', digit] if !(b'0'..=b'7').contains(digit)))
}

/// A field of a form as it came.
struct Field<'a> {
    name: &'a [u8],
    value: &'a [u8],
}

fn fields(form: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let pairs = form.split(|byte| *byte == b'&');
    pairs.filter(|pair| !pair.is_empty()).map(|pair| {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        Field {
            name: parts.next().unwrap_or_default(),
            value: parts.next().unwrap_or_default(),
        }
    })
}

impl Field<'_> {
    /// Its name and its value as text.
    fn decode(&self, charset: Charset) -> Result<(String, String)> {
        let name = unescaped(self.name);
        let shown = typed::shortened(&String::from_utf8_lossy(&name));
        let what = format!("form: {shown}:");
        let decode = |bytes| {
            charset
                .decode(bytes, &what)
                .map_err(|error| error.with_property("field", shown.as_str()))
        };
        Ok((decode(name)?, decode(unescaped(self.value))?))
    }
}

fn unescaped(text: &[u8]) -> Bytes {
    let spaced: Vec<_> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    Bytes::from(percent_decode(&spaced).collect::<Vec<_>>())
}

#[cfg(feature = "charsets")]
fn decode(encoding: &'static Encoding, sniffs: bool, bytes: &[u8], what: &str) -> Result<String> {
    let mut decoder = if sniffs {
        encoding.new_decoder()
    } else {
        encoding.new_decoder_with_bom_removal()
    };
    let mut text = String::new();
    let length = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    text.reserve(length.unwrap_or_default());
    let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    match result {
        DecoderResult::InputEmpty => Ok(text),
        DecoderResult::Malformed(length, after) => {
            let at = read.saturating_sub(usize::from(length) + usize::from(after));
            Err(misplaced(what, encoding.name(), at))
        }
        DecoderResult::OutputFull => Err(Error::internal("the text needs more room than it may")),
    }
}

fn misplaced(what: &str, charset: &str, at: usize) -> Error {
    Error::new(400, format!("{what} not {charset} at byte {at}"))
}

fn unsupported(charset: &str) -> Error {
    let charset = typed::shortened(charset);
    Error::new(
        415,
        format!("the charset {charset:?} is not supported; send UTF-8"),
    )
}
