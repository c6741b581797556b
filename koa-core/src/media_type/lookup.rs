//! From a file name, an extension or a media type to the `Content-Type` to send:
//! [`response.type=`](https://koajs.com/#response-type-1).

use std::borrow::Cow;

use super::table::CONTENT_TYPES;

/// Media types that are sent with a charset though they are not `text/*`; data of mime-db, sorted. The two of
/// `text/*` are here to spare an allocation where they are asked for most.
#[rustfmt::skip] // one type a line, like the table of extensions
static WITH_CHARSET: [&str; 31] = [
    "application/3gpdash-qoe-report+xml; charset=utf-8",
    "application/beep+xml; charset=utf-8",
    "application/elm+json; charset=utf-8",
    "application/emergencycalldata.cap+xml; charset=utf-8",
    "application/fhir+json; charset=utf-8",
    "application/fhir+xml; charset=utf-8",
    "application/im-iscomposing+xml; charset=utf-8",
    "application/javascript; charset=utf-8",
    "application/json; charset=utf-8",
    "application/manifest+json; charset=utf-8",
    "application/msc-ivr+xml; charset=utf-8",
    "application/msc-mixer+xml; charset=utf-8",
    "application/news-checkgroups; charset=us-ascii",
    "application/news-groupinfo; charset=us-ascii",
    "application/pidf+xml; charset=utf-8",
    "application/pidf-diff+xml; charset=utf-8",
    "application/poc-settings+xml; charset=utf-8",
    "application/prs.cyn; charset=7-bit",
    "application/vnd.hl7cda+xml; charset=utf-8",
    "application/vnd.hl7v2+xml; charset=utf-8",
    "application/vnd.omads-email+xml; charset=utf-8",
    "application/vnd.omads-file+xml; charset=utf-8",
    "application/vnd.omads-folder+xml; charset=utf-8",
    "application/vnd.syncml+xml; charset=utf-8",
    "application/vnd.syncml.dm+wbxml; charset=utf-8",
    "application/vnd.syncml.dm+xml; charset=utf-8",
    "application/vnd.syncml.dmddf+xml; charset=utf-8",
    "application/vnd.syncml.dmtnds+xml; charset=utf-8",
    "application/vnd.wap.wbxml; charset=utf-8",
    "text/html; charset=utf-8",
    "text/plain; charset=utf-8",
];

/// The header value for `response.type = name`: a media type as it is, or that of an extension (`"html"`, `".html"`)
/// or a file name (`"index.html"`), with the charset that belongs to it. `None` where there is no such type.
pub(crate) fn content_type(name: &str) -> Option<Cow<'static, str>> {
    if !name.contains('/') {
        return by_name(name).map(Cow::Borrowed);
    }
    if name.contains("charset") {
        return Some(Cow::from(name.to_owned()));
    }
    let media_type = name.trim_start();
    let end = media_type.find(|c: char| c == ';' || c.is_whitespace());
    let media_type = end
        .and_then(|end| media_type.get(..end))
        .unwrap_or(media_type);
    let known = WITH_CHARSET
        .binary_search_by(|full| compare(full.split(';').next().unwrap_or_default(), media_type))
        .ok()
        .and_then(|found| WITH_CHARSET.get(found).copied());
    Some(match known.and_then(|full| full.split_once(';')) {
        Some((bare, _)) if bare == name => known.map(Cow::Borrowed)?,
        Some((_, charset)) => Cow::from(format!("{name};{charset}")),
        None if media_type
            .get(..5)
            .is_some_and(|kind| kind.eq_ignore_ascii_case("text/")) =>
        {
            Cow::from(format!("{name}; charset=utf-8"))
        }
        None => Cow::from(name.to_owned()),
    })
}

/// The media type, without parameters, of an extension or of a file name's extension; mime-types' `lookup`.
pub(crate) fn lookup(name: &str) -> Option<&'static str> {
    by_name(name)?.split(';').next()
}

fn by_name(name: &str) -> Option<&'static str> {
    let extension = if name.contains('/') {
        self::extension(name).strip_prefix('.')?
    } else {
        name.rsplit('.').next()? // which takes a bare name for an extension
    };
    let found = CONTENT_TYPES
        .binary_search_by(|(known, _)| compare(known, extension))
        .ok()?;
    CONTENT_TYPES
        .get(found)
        .map(|(_, content_type)| *content_type)
}

/// Compares what the table holds, lower case, with what was asked for, in any case.
fn compare(known: &str, asked: &str) -> std::cmp::Ordering {
    known
        .bytes()
        .cmp(asked.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// The extension of a path with its dot, or nothing: Node's `path.extname`. A name that begins with its only dot has
/// none.
pub(crate) fn extension(path: &str) -> &str {
    let name = path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    match name.rfind('.') {
        None | Some(0) => "",
        Some(_) if name == ".." => "",
        Some(dot) => name.get(dot..).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{CONTENT_TYPES, Cow, WITH_CHARSET, content_type, extension, lookup};

    #[test]
    fn both_tables_are_sorted() {
        assert!(CONTENT_TYPES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(WITH_CHARSET.is_sorted_by_key(|full| full.split(';').next()));
    }

    #[test]
    fn names_in_every_form() {
        for name in ["html", ".html", "HTML", "index.html", "x.tar.html"] {
            assert_eq!(
                content_type(name).as_deref(),
                Some("text/html; charset=utf-8"),
                "{name}"
            );
        }
        for name in [
            "",
            ".",
            "..",
            "html.",
            "no-such-extension",
            "charset=utf-8",
            "html ",
        ] {
            assert_eq!(content_type(name), None, "{name}");
        }
        assert_eq!(lookup("js"), Some("application/javascript"));
    }

    #[test]
    fn media_types_get_their_charset_once() {
        for (given, sent) in [
            ("text/x-own", "text/x-own; charset=utf-8"),
            ("TEXT/HTML", "TEXT/HTML; charset=utf-8"),
            (
                "application/json;a=b",
                "application/json;a=b; charset=utf-8",
            ),
            (
                "application/news-groupinfo",
                "application/news-groupinfo; charset=us-ascii",
            ),
            ("text/css; charset=latin1", "text/css; charset=latin1"),
            ("application/vnd.api+json", "application/vnd.api+json"),
            ("a/b.html", "a/b.html"),
        ] {
            assert_eq!(content_type(given).as_deref(), Some(sent));
        }
    }

    #[test]
    fn the_usual_ones_are_not_allocated() {
        for name in ["json", "application/json", "text/html", "text/plain"] {
            assert!(
                matches!(content_type(name), Some(Cow::Borrowed(_))),
                "{name}"
            );
        }
    }

    #[test]
    fn extensions_as_node_sees_them() {
        for (path, expected) in [
            ("a.txt", ".txt"),
            ("a/b.tar.gz", ".gz"),
            (".bashrc", ""),
            ("a/.bashrc", ""),
            ("a.b/", ".b"),
            ("a.", "."),
            ("..", ""),
            ("..a", ".a"),
            ("a", ""),
            ("", ""),
            ("a.b/c", ""),
        ] {
            assert_eq!(extension(path), expected, "{path}");
        }
    }
}
