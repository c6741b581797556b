//! An `Accept*` header, and after a line break what is offered.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (header, offers) = text.split_once('\n').unwrap_or((text, "html\njson\ngzip\nutf-8\nen"));
    let offers: Vec<_> = offers.split('\n').take(16).collect();
    koa::fuzzing::negotiate(header, &offers);
});
