//! The conditions of a request, and the validators of a response.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut parts = text.split('\n');
    let mut next = || parts.next().unwrap_or("");
    let request = [
        ("if-none-match", next()),
        ("if-modified-since", next()),
        ("cache-control", next()),
    ];
    let response = [("etag", next()), ("last-modified", next())];
    koa::fuzzing::freshness(&request, &response);
});
