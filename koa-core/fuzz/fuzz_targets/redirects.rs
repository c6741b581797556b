//! Where to redirect to, and after a tab where the client came from.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (one, other) = text.split_once('\t').unwrap_or((text, text));
    koa::fuzzing::leave(one, other);
});
