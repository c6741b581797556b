//! The parameters of a path that has been matched: where they stand in it, and what they say.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use percent_encoding::percent_decode_str;

use crate::error::{Error, Result};
use crate::request::Request;

/// How many parameters a path may have; the macro refuses more.
const MOST: usize = 8;

/// Where the parameters of a path stand in it, in their order.
pub struct Captures {
    ranges: [(u16, u16); MOST],
    count: usize,
    /// The path, where it is not as it came: with its escapes undone, or rewritten.
    path: Option<Box<str>>,
}

impl Captures {
    pub(crate) fn new() -> Self {
        Self {
            ranges: [(0, 0); MOST],
            count: 0,
            path: None,
        }
    }

    /// Adds one.
    #[inline]
    pub(super) fn push(&mut self, from: usize, to: usize) {
        // The matcher takes no path that is longer.
        let place = |at: usize| at as u16;
        if let Some(range) = self.ranges.get_mut(self.count) {
            *range = (place(from), place(to));
            self.count += 1;
        }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn truncate(&mut self, count: usize) {
        self.count = count;
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (usize, usize)> {
        let ranges = self.ranges.iter().take(self.count);
        ranges.map(|(from, to)| (usize::from(*from), usize::from(*to)))
    }

    /// Makes them those of the whole path, where mounts have taken so many bytes off it.
    #[inline]
    pub(super) fn shift(&mut self, mounted: usize) {
        if mounted == 0 {
            return;
        }
        let mounted = mounted as u16;
        for (from, to) in self.ranges.iter_mut().take(self.count) {
            (*from, *to) = (from.saturating_add(mounted), to.saturating_add(mounted));
        }
    }

    /// Keeps the path that they stand in, where it is not the one that came.
    pub(super) fn keep(&mut self, path: Box<str>) {
        self.path = Some(path);
    }

    /// What the parameter says, of those that the route has.
    #[inline]
    pub(crate) fn get<'a>(&'a self, request: &'a Request, at: usize) -> Cow<'a, str> {
        let (from, to) = self.ranges.get(at).copied().unwrap_or_default();
        let range = usize::from(from)..usize::from(to);
        match &self.path {
            None => {
                let path = request.original_uri().path();
                Cow::Borrowed(path.get(range).unwrap_or(""))
            }
            Some(path) => unescaped(path, range),
        }
    }
}

/// A parameter of a path that had escapes, of which only `%2F` and `%25` are left.
#[cold]
fn unescaped(path: &str, range: Range<usize>) -> Cow<'_, str> {
    percent_decode_str(path.get(range).unwrap_or("")).decode_utf8_lossy()
}

impl fmt::Debug for Captures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Captures({})", self.count)
    }
}

/// The path that is matched.
pub(crate) enum PathText {
    AsItCame,
    Decoded(Box<str>),
}

/// Undoes the escapes of a path, all but those of `/`, which separates no segments, and of `%`.
///
/// # Errors
///
/// A 400 for a `%` without two digits, and for bytes that are not UTF-8.
#[inline]
pub(crate) fn decoded(path: &str) -> Result<PathText> {
    if is_escaped(path) {
        return unescape(path);
    }
    Ok(PathText::AsItCame)
}

/// Whether there is a `%` in a path.
#[inline]
pub(super) fn is_escaped(path: &str) -> bool {
    let bytes = path.as_bytes();
    let (words, rest) = bytes.as_chunks();
    let in_word = |word: &[u8; 8]| has_byte(u64::from_le_bytes(*word), b'%');
    if words.iter().any(in_word) {
        return true;
    }
    // The last eight bytes cover the rest of all but the shortest paths.
    match bytes.last_chunk() {
        Some(last) if !rest.is_empty() => in_word(last),
        _ => rest.contains(&b'%'),
    }
}

/// Whether one of eight bytes is `byte`.
#[inline]
fn has_byte(word: u64, byte: u8) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let zeroed = word ^ (ONES * u64::from(byte));
    zeroed.wrapping_sub(ONES) & !zeroed & (ONES << 7) != 0
}

#[cold]
fn unescape(path: &str) -> Result<PathText> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = (rest.next().and_then(digit), rest.next().and_then(digit));
        let (Some(high), Some(low)) = digits else {
            return Err(Error::new(400, "the path has a malformed escape"));
        };
        match high << 4 | low {
            b'/' => bytes.extend_from_slice(b"%2F"),
            b'%' => bytes.extend_from_slice(b"%25"),
            byte => bytes.push(byte),
        }
    }
    match String::from_utf8(bytes) {
        Ok(path) => Ok(PathText::Decoded(path.into_boxed_str())),
        Err(_) => Err(Error::new(400, "the path is not UTF-8")),
    }
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::{PathText, decoded};

    #[test]
    fn escapes_are_undone_once_and_a_slash_stays_one_of_its_segment() {
        fn text(path: &str) -> Option<String> {
            match decoded(path).unwrap() {
                PathText::AsItCame => None,
                PathText::Decoded(text) => Some(text.into_string()),
            }
        }
        assert_eq!(text("/a+b"), None);
        assert_eq!(text("/%70osts/%e4%bd%A0").as_deref(), Some("/posts/你"));
        assert_eq!(text("/a%2fb%252F").as_deref(), Some("/a%2Fb%252F"));
        for at in 0..40 {
            let path = format!("/{}%41{}", "a".repeat(at), "b".repeat(40 - at));
            assert_eq!(text(&path), Some(path.replace("%41", "A")));
            assert_eq!(text(path.get(..at + 1).unwrap()), None);
        }
        for bad in ["/%", "/%2", "/%zz", "/%e4", "/%+1", "/%ED%A0%80"] {
            assert_eq!(decoded(bad).err().unwrap().status(), 400, "{bad}");
        }
    }
}
