//! What a handler's arguments are taken from.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| koa::fuzzing::extract(text));
