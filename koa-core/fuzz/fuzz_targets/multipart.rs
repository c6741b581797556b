//! The boundary, and after a line break a form in parts: what is read of it does not depend on how it is cut on its way.
#![no_main]

mod ask;

use std::sync::LazyLock;

use ask::{Chunks, ask};
use bytes::Bytes;
use koa::http::{HeaderValue, Request};
use koa::prelude::*;

#[middleware]
async fn read(ctx: &mut Context) -> Result<String> {
    let mut form = ctx.request.multipart()?;
    let mut parts = String::new();
    while let Some(mut part) = form.next().await? {
        let (name, file) = (part.name().map(str::to_owned), part.file_name());
        parts.push_str(&format!("{name:?} {file:?} {:?}: ", part.type_()));
        match name.as_deref() {
            Some("t") => parts.push_str(&part.text().await?),
            Some("c") => {
                let mut length = 0;
                while let Some(chunk) = part.chunk().await? {
                    length += chunk.len();
                }
                parts.push_str(&length.to_string());
            }
            // Skipped.
            Some("s") => {}
            _ => parts.push_str(&part.bytes().await?.escape_ascii().to_string()),
        }
        parts.push('\n');
    }
    Ok(parts)
}

/// As much as is read at a time, nearly: what stands behind it is cut.
const LONG: usize = 16 * 1024 - 5;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static APP: LazyLock<Box<dyn Fn(Request<Chunks>) -> (u16, String) + Send + Sync>> =
        LazyLock::new(|| {
            let app = App::new().silent(true).with(read).callback();
            Box::new(move |request| ask(app.clone(), request))
        });
    let mut lines = data.splitn(2, |byte| *byte == b'\n');
    let boundary = lines.next().unwrap_or_default();
    let kind = [b"multipart/form-data; boundary=", boundary].concat();
    let Ok(kind) = HeaderValue::from_bytes(&kind) else {
        return;
    };
    // A tilde stands for much, once or twice.
    let mut body = Vec::new();
    let mut left = 2;
    for byte in lines.next().unwrap_or_default() {
        if *byte == b'~' && left > 0 {
            left -= 1;
            body.resize(body.len() + LONG, b'x');
        } else {
            body.push(*byte);
        }
    }
    let rest = Bytes::from(body);
    let least = if rest.len() < 1000 { 1 } else { 251 };
    let answers = [usize::MAX, 4099, least].map(|size| {
        let rest = rest.clone();
        let request = Request::post("/").header("Content-Type", &kind);
        APP(request.body(Chunks { rest, size }).expect("a request"))
    });
    let (status, text) = &answers[0];
    assert!(matches!(status, 200 | 400 | 415), "{status} {text}");
    assert!(*status == 200 || text.len() < 1024 + data.len(), "{text}");
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
});
