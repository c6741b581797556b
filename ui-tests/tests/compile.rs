//! Each file in `pass` compiles and runs; each in `fail` draws the messages in the `.stderr` beside it.
//!
//! After a change of messages: `TRYBUILD=overwrite cargo test -p ui-tests`, and read what changed.

#[test]
fn middleware() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/middleware/pass/*.rs");
    cases.compile_fail("tests/middleware/fail/*.rs");
}

#[test]
fn main() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/main/pass/*.rs");
    cases.compile_fail("tests/main/fail/*.rs");
}
