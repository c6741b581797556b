//! A method and a path, asked of a router.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: (&str, &str)| koa::fuzzing::route(input.0, input.1));
