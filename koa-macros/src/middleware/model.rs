//! What an `async fn` says: what it asks for, and what it returns.

use proc_macro2::Ident;
use syn::{
    Attribute, FnArg, GenericParam, Generics, Pat, PatType, Signature, Type, TypeParamBound,
    TypeReference, WherePredicate,
};

use crate::cookie::{self, model::Described};
use crate::errors::Errors;
use crate::types::{
    is_named, is_plain_result, last_segment, next_bound, only_argument, peel, returned,
};

/// An `async fn` as a middleware.
pub(crate) struct Call {
    /// In their order, without `self`.
    pub(crate) arguments: Vec<Argument>,
    pub(crate) returns: Returns,
}

/// An argument.
pub(crate) struct Argument {
    pub(crate) declared: PatType,
    pub(crate) kind: Kind,
}

/// What an argument asks for.
pub(crate) enum Kind {
    /// `&mut Context`, `&Context`.
    Context,

    /// `impl Next<T>`, or `N` where `N: Next<T>`.
    Next {
        provides: Option<Type>,
        parameter: Option<Ident>,
    },

    /// `Slot<T>`.
    Slot(Type),

    /// `&T`.
    Shared(Type),

    /// `&mut T`.
    Mut(Type),

    /// `#[cookie("name")] name: T`.
    Cookie(Box<CookieArgument>),

    /// Something else.
    Unknown,
}

/// A cookie's value.
pub(crate) struct CookieArgument {
    /// Which cookie, where the attribute could be read.
    pub(crate) described: Option<Described>,

    /// The mistakes in it.
    pub(crate) errors: Errors,

    /// The `T` of `Option<T>`, or of `T`.
    pub(crate) value: Type,

    pub(crate) optional: bool,
}

/// What is returned.
pub(crate) enum Returns {
    /// `()`
    Unit,

    /// `Result` or `Result<()>`: what the layers above take as it is.
    Result,

    /// What has to be put on the context.
    Reply(Box<Type>),
}

impl Call {
    pub(crate) fn of(signature: &Signature) -> Self {
        let arguments = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Receiver(_) => None,
            FnArg::Typed(declared) => {
                let kind = CookieArgument::of(declared).map(Box::new).map(Kind::Cookie);
                Some(Argument {
                    kind: kind.unwrap_or_else(|| Kind::of(&declared.ty, &signature.generics)),
                    declared: declared.clone(),
                })
            }
        });
        let returns = match returned(&signature.output) {
            None => Returns::Unit,
            Some(ty) if is_plain_result(ty) => Returns::Result,
            Some(ty) => Returns::Reply(Box::new(ty.clone())),
        };
        Self {
            arguments: arguments.collect(),
            returns,
        }
    }

    /// Whether it runs the layers below, and is no endpoint.
    pub(crate) fn has_next(&self) -> bool {
        self.kinds().any(|kind| matches!(kind, Kind::Next { .. }))
    }

    pub(crate) fn has_context(&self) -> bool {
        self.kinds().any(|kind| matches!(kind, Kind::Context))
    }

    /// What it hands to the layers below.
    pub(crate) fn provides(&self) -> Option<&Type> {
        self.kinds().find_map(|kind| match kind {
            Kind::Next { provides, .. } => provides.as_ref(),
            _ => None,
        })
    }

    /// The name of `next`, and what has to be handed over to run it.
    pub(crate) fn provider(&self) -> Option<(&Ident, &Type)> {
        self.arguments
            .iter()
            .find_map(|argument| match &argument.kind {
                Kind::Next {
                    provides: Some(provided),
                    ..
                } => Some((argument.name()?, provided)),
                _ => None,
            })
    }

    /// The type parameter that stands for the layers below.
    pub(crate) fn next_parameter(&self) -> Option<&Ident> {
        self.kinds().find_map(|kind| match kind {
            Kind::Next { parameter, .. } => parameter.as_ref(),
            _ => None,
        })
    }

    /// Whether something is taken out of the context for the time of the call.
    pub(crate) fn lends(&self) -> bool {
        self.kinds()
            .any(|kind| matches!(kind, Kind::Shared(_) | Kind::Mut(_)))
    }

    /// Whether cookies are read for the call.
    pub(crate) fn reads_cookies(&self) -> bool {
        self.kinds().any(|kind| matches!(kind, Kind::Cookie(_)))
    }

    /// What there are slots for.
    pub(crate) fn slots(&self) -> Vec<&Type> {
        let slots = self.kinds().filter_map(|kind| match kind {
            Kind::Slot(wanted) => Some(wanted),
            _ => None,
        });
        slots.collect()
    }

    fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.arguments.iter().map(|argument| &argument.kind)
    }
}

impl Argument {
    /// Its name, if it is no pattern.
    pub(crate) fn name(&self) -> Option<&Ident> {
        match self.declared.pat.as_ref() {
            Pat::Ident(name) => Some(&name.ident),
            _ => None,
        }
    }
}

impl CookieArgument {
    fn of(declared: &PatType) -> Option<Self> {
        let attribute = declared.attrs.iter().find(is_cookie)?;
        let mut errors = Errors::default();
        let described = match attribute.meta.require_list() {
            Ok(list) => cookie::argument(list.tokens.clone(), &mut errors),
            Err(_) => {
                errors.push(attribute, "which cookie? write `#[cookie(\"name\")]`");
                None
            }
        };
        let optional = last_segment(&declared.ty).filter(|last| last.ident == "Option");
        let inner = optional.and_then(only_argument);
        Some(Self {
            described,
            errors,
            value: inner.unwrap_or(&declared.ty).clone(),
            optional: inner.is_some(),
        })
    }

    /// Takes the attributes off a signature: for the compiler they are none.
    pub(crate) fn strip(signature: &mut Signature) {
        for input in &mut signature.inputs {
            if let FnArg::Typed(declared) = input {
                declared.attrs.retain(|attribute| !is_cookie(&attribute));
            }
        }
    }
}

fn is_cookie(attribute: &&Attribute) -> bool {
    attribute.path().is_ident("cookie")
}

impl Kind {
    fn of(ty: &Type, generics: &Generics) -> Self {
        match peel(ty) {
            Type::Reference(TypeReference { elem, .. }) if is_named(elem, "Context") => {
                Self::Context
            }
            Type::Reference(TypeReference {
                elem, mutability, ..
            }) => {
                let elem = peel(elem).clone();
                match mutability {
                    Some(_) => Self::Mut(elem),
                    None => Self::Shared(elem),
                }
            }
            Type::ImplTrait(wanted) => match next_of(&wanted.bounds) {
                Some(provides) => Self::Next {
                    provides,
                    parameter: None,
                },
                None => Self::Unknown,
            },
            ty => match last_segment(ty) {
                Some(last) if last.ident == "Slot" => {
                    only_argument(last).map_or(Self::Unknown, |inner| Self::Slot(inner.clone()))
                }
                _ => match parameter(ty, generics) {
                    Some((parameter, provides)) => Self::Next {
                        provides,
                        parameter: Some(parameter),
                    },
                    None => Self::Unknown,
                },
            },
        }
    }
}

/// Whether one of the bounds is `Next<T>`, and what the `T` is.
fn next_of<'a>(bounds: impl IntoIterator<Item = &'a TypeParamBound>) -> Option<Option<Type>> {
    bounds.into_iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => next_bound(&bound.path).map(Option::<&Type>::cloned),
        _ => None,
    })
}

/// The type parameter that `ty` is, if it has a bound `Next<T>`, and what the `T` is.
fn parameter(ty: &Type, generics: &Generics) -> Option<(Ident, Option<Type>)> {
    let declared = generics.params.iter().find_map(|param| match param {
        GenericParam::Type(param) if is_parameter(ty, &param.ident) => Some(param),
        _ => None,
    })?;
    let clause = generics
        .where_clause
        .iter()
        .flat_map(|clause| &clause.predicates);
    let mut bounds = clause.filter_map(|predicate| match predicate {
        WherePredicate::Type(bound) if is_parameter(&bound.bounded_ty, &declared.ident) => {
            Some(&bound.bounds)
        }
        _ => None,
    });
    let provides = next_of(&declared.bounds).or_else(|| bounds.find_map(next_of))?;
    Some((declared.ident.clone(), provides))
}

fn is_parameter(ty: &Type, name: &Ident) -> bool {
    matches!(peel(ty), Type::Path(path) if path.path.is_ident(name))
}
