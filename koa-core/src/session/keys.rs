//! Two sessions under one key are refused: when the app is compiled where the attributes say the keys, otherwise when it
//! starts.
//!
//! Both would write the same cookie, and each would take the other's for a broken one of its own. A session that is provided
//! again in another part of the app, under another prefix, is one session.

use std::any::TypeId;

use crate::controller::Place;
use crate::refusal::{Message, is_same};
use crate::session::SessionData;

/// Which struct a session is, as the macro says it.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    name: &'static str,
    place: Place,
}

impl Origin {
    /// The name of the struct, and where its attribute stands.
    #[must_use]
    pub const fn new(name: &'static str, file: &'static str, line: u32) -> Self {
        Self {
            name,
            place: Place { file, line },
        }
    }

    /// That it was written by hand.
    pub(super) const fn unknown() -> Self {
        Self::new("", "", 0)
    }

    const fn is_known(&self) -> bool {
        !self.name.is_empty()
    }

    /// Nothing tells those apart that were written by hand.
    const fn is(&self, other: &Self) -> bool {
        let is_place = is_same(self.place.file, other.place.file)
            && self.place.line == other.place.line
            && is_same(self.name, other.name);
        is_place || !self.is_known() || !other.is_known()
    }
}

/// The sessions that layers provide, as far as their types say it.
///
/// It is `pub` for hidden constants of public traits, and not to be named outside.
#[derive(Clone, Copy, Debug)]
pub enum Keys {
    None,
    /// A session under a key.
    One(&'static str, Origin),
    /// Those of layers, and of the layers after them.
    Both(&'static Keys, &'static Keys),
    /// Those that do not reach the layers after them.
    Inside(&'static Keys),
}

impl Keys {
    pub(crate) const fn both(first: &'static Self, second: &'static Self) -> Self {
        match (first, second) {
            (Self::None, other) | (other, Self::None) => *other,
            _ => Self::Both(first, second),
        }
    }

    pub(crate) const fn inside(keys: &'static Self) -> Self {
        match keys {
            Self::None => Self::None,
            _ => Self::Inside(keys),
        }
    }

    /// The first of `added` that has the key of one that is there already.
    pub(crate) const fn conflict(&self, added: &Self) -> Option<Conflict> {
        self.against(added, true)
    }

    const fn against(&self, added: &Self, reaches: bool) -> Option<Conflict> {
        match self {
            Self::None => None,
            Self::One(key, origin) => added.like(key, origin, reaches),
            Self::Both(first, second) => match first.against(added, reaches) {
                None => second.against(added, reaches),
                conflict => conflict,
            },
            Self::Inside(keys) => keys.against(added, false),
        }
    }

    /// One that is not to stand beside the session of a key.
    const fn like(&self, key: &'static str, origin: &Origin, reaches: bool) -> Option<Conflict> {
        match self {
            Self::One(own, other) if is_same(key, own) && (reaches || !origin.is(other)) => {
                Some(Conflict {
                    key,
                    first: *origin,
                    second: *other,
                })
            }
            Self::None | Self::One(..) => None,
            Self::Both(first, second) => match first.like(key, origin, reaches) {
                None => second.like(key, origin, reaches),
                conflict => conflict,
            },
            Self::Inside(keys) => keys.like(key, origin, reaches),
        }
    }
}

/// Two sessions under one key.
#[derive(Clone, Copy)]
pub(crate) struct Conflict {
    key: &'static str,
    first: Origin,
    second: Origin,
}

impl Conflict {
    /// Fails when compiling.
    #[allow(
        clippy::panic,
        reason = "when compiling, a panic is how an error is reported"
    )]
    pub(crate) const fn refuse(&self) -> ! {
        let mut message = Message::new();
        message.push("two sessions are kept under the key `");
        message.push(self.key);
        message.push("`: ");
        message.push_declared(self.first.name, &self.first.place);
        message.push(" and ");
        message.push_declared(self.second.name, &self.second.place);
        message.push(if self.first.is(&self.second) {
            "; one of its `middleware()` is enough"
        } else {
            "; give one of them another: `#[session(key = \"..\")]`"
        });
        panic!("{}", message.text("two sessions are kept under one key"))
    }
}

/// The sessions that the layers of an app provide, as they are when it starts.
///
/// It is `pub` for hidden methods of public traits, and not to be named outside.
#[derive(Debug, Default)]
pub struct Found {
    sessions: Vec<Session>,
    refused: Option<String>,
}

#[derive(Debug)]
struct Session {
    key: &'static str,
    of: TypeId,
    name: String,
    /// Whether the layers after it have it.
    reaches: bool,
}

impl Found {
    pub(super) fn add<S: SessionData>(&mut self, key: &'static str) {
        let (of, origin) = (TypeId::of::<S>(), S::ORIGIN);
        let name = match origin.is_known() {
            true => format!("`{}` ({})", origin.name, origin.place),
            false => format!("`{}`", std::any::type_name::<S>()),
        };
        let mut others = self.sessions.iter();
        let other = others.find(|other| other.key == key && (other.reaches || other.of != of));
        if let Some(other) = other {
            let advice = match other.of == of {
                true => "one of its `middleware()` is enough",
                false => "give one of them another key",
            };
            let message = format!(
                "two sessions are kept under the key `{key}`: {} and {name}; {advice}",
                other.name
            );
            self.refused.get_or_insert(message);
        }
        self.sessions.push(Session {
            key,
            of,
            name,
            reaches: true,
        });
    }

    /// Has those added that do not reach the layers after them.
    pub(crate) fn inside(&mut self, add: impl FnOnce(&mut Self)) {
        let before = self.sessions.len();
        add(self);
        for session in self.sessions.iter_mut().skip(before) {
            session.reaches = false;
        }
    }

    /// What is wrong with them.
    pub(crate) fn refused(self) -> Option<String> {
        self.refused
    }
}
