//! A query string.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| koa::fuzzing::query(text));
