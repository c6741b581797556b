//! Two controllers that serve one route are refused when the app is compiled.

use crate::controller::route::{Route, Verb};
use crate::refusal::{Message, is_same};

/// Fails when compiling, with both places, if one of `added` is there already.
pub(super) const fn check(known: &[&[Route]], added: &[Route]) {
    let mut controller = 0;
    while controller < known.len() {
        let routes = known[controller];
        let mut at = 0;
        while at < routes.len() {
            let mut new = 0;
            while new < added.len() {
                if same_verb(routes[at].verb, added[new].verb)
                    && is_same(routes[at].shape, added[new].shape)
                {
                    refuse(&routes[at], &added[new]);
                }
                new += 1;
            }
            at += 1;
        }
        controller += 1;
    }
}

#[allow(
    clippy::panic,
    reason = "when compiling, a panic is how an error is reported"
)]
const fn refuse(first: &Route, second: &Route) -> ! {
    let mut message = Message::new();
    message.push("two controllers serve `");
    message.push(first.verb.as_str());
    message.push(" ");
    message.push(first.path);
    message.push("`: ");
    message.push_declared(first.handler, &first.place);
    message.push(" and ");
    message.push_declared(second.handler, &second.place);
    panic!("{}", message.text("two controllers serve one route"))
}

const fn same_verb(one: Verb, other: Verb) -> bool {
    one as u8 == other as u8
}
