//! A target, and after a tab a host.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (one, other) = text.split_once('\t').unwrap_or((text, text));
    koa::fuzzing::locate(one, other);
});
