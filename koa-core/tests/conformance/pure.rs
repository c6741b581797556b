//! Cases that ask no server: signatures and encryption by themselves.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use koa::EggKeygrip;
use serde_json::{Value, json};

use crate::cases::{Case, Step};
use crate::cookies;
use crate::operations::{Output, string};
use crate::record::Record;
use crate::steps::check;

/// Runs a case, and says what is not as recorded.
pub(crate) fn replay(case: &Arc<Case>) -> Vec<String> {
    let record = Record::default();
    for step in case.layers().into_iter().flatten() {
        check(step, &Ok(Output::Value(perform(step, case))), &record);
    }
    std::mem::take(&mut *record.failures.lock().unwrap())
}

fn perform(step: &Step, case: &Case) -> Value {
    let keys = cookies::keys(&case.app).unwrap();
    let egg = EggKeygrip::new(keys.clone());
    let text = |index: usize| string(&step.args[index]);
    let index = |index: Option<usize>| index.map_or(json!(-1), |index| json!(index));
    let decrypted = |found: Option<(Vec<u8>, usize)>| {
        found.map_or(
            json!(false),
            |(value, index)| json!({"value": {"$bytes": STANDARD.encode(value)}, "index": index}),
        )
    };
    match step.op.as_str() {
        "keygrip.sign" => keys.sign(text(0)).into(),
        "keygrip.verify" => keys.verify(text(0), &text(1)).into(),
        "keygrip.index" => index(keys.index(text(0), &text(1))),
        "egg.sign" => egg.sign(text(0)).into(),
        "egg.verify" => index(egg.index(text(0), &text(1))),
        "egg.encrypt" => json!({"$bytes": STANDARD.encode(egg.encrypt(text(0)).unwrap())}),
        "egg.encryptCookie" => egg.encrypt_cookie(text(0)).into(),
        "egg.decrypt" => {
            let bytes = step.args[0]["$bytes"].as_str().unwrap();
            decrypted(egg.decrypt(STANDARD.decode(bytes).unwrap()))
        }
        "egg.decryptCookie" => decrypted(egg.decrypt_cookie(&text(0))),
        other => panic!("no operation {other}"),
    }
}
