//! A content type, and after a line break types to match it with.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (content_type, types) = text.split_once('\n').unwrap_or((text, "json\n+json\ntext/*\nurlencoded"));
    let types: Vec<_> = types.split('\n').take(16).collect();
    koa::fuzzing::match_types(content_type, &types);
});
