//! The name of a header, and after a tab its value.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (one, other) = text.split_once('\t').unwrap_or((text, text));
    koa::fuzzing::set_header(one, other);
});
