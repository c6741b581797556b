//! What an `async fn` says: what it asks for, and what it returns. The same for a middleware and for a handler.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{
    Attribute, FnArg, GenericParam, Generics, Pat, PatType, Signature, Type, TypeParamBound,
    TypeReference, WherePredicate,
};

use crate::cookie::{self, model::Described};
use crate::errors::Errors;
use crate::types::{
    is_named, is_plain_result, last_segment, next_bound, only_argument, peel, returned,
};

/// An `async fn` as a middleware or a handler.
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

    /// `T`, a parameter of the path.
    Parameter(Type),

    /// `&str`, a parameter of the path as it is.
    Text,

    /// `T`, which says itself how it is taken from a request.
    Extract(Type),

    /// A type by value that nothing but a path is read as: a number, a text.
    Other(Type),

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
    /// `parameters` are the names of those of the path.
    pub(crate) fn of(signature: &Signature, parameters: &[String]) -> Self {
        let arguments = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Receiver(_) => None,
            FnArg::Typed(declared) => Some(Argument::of(declared, &signature.generics, parameters)),
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

    /// Whether something has to be done before it can be called: what is taken out of the context for the time of the
    /// call, or from the request.
    pub(crate) fn prepares(&self) -> bool {
        self.kinds().any(|kind| {
            matches!(
                kind,
                Kind::Shared(_)
                    | Kind::Mut(_)
                    | Kind::Parameter(_)
                    | Kind::Text
                    | Kind::Extract(_)
                    | Kind::Cookie(_)
            )
        })
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
    fn of(declared: &PatType, generics: &Generics, parameters: &[String]) -> Self {
        let cookie = CookieArgument::of(declared).map(Box::new).map(Kind::Cookie);
        let mut argument = Self {
            kind: cookie.unwrap_or_else(|| Kind::of(&declared.ty, generics)),
            declared: declared.clone(),
        };
        let named = argument.name().map(|name| name.unraw().to_string());
        let is_parameter = named.is_some_and(|name| parameters.contains(&name));
        match &argument.kind {
            Kind::Extract(ty) | Kind::Other(ty) if is_parameter => {
                argument.kind = Kind::Parameter(ty.clone());
            }
            Kind::Shared(ty) if is_parameter && is_named(ty, "str") => argument.kind = Kind::Text,
            _ => {}
        }
        argument
    }

    /// What a client is told that it is: its name, or the one in its pattern.
    pub(crate) fn told(&self) -> String {
        if let Some(name) = self.name() {
            return name.unraw().to_string();
        }
        let pattern = self.declared.pat.to_token_stream();
        bound_name(pattern).unwrap_or_else(|| "request".to_owned())
    }

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
                    None => by_value(ty),
                },
            },
        }
    }
}

/// A type by value.
fn by_value(ty: &Type) -> Kind {
    let Some(last) = last_segment(ty) else {
        return Kind::Other(ty.clone());
    };
    let name = last.ident.to_string();
    match name.as_str() {
        "Context" | "Next" => Kind::Unknown,
        _ if PLAIN.contains(&name.as_str()) => Kind::Other(ty.clone()),
        _ => Kind::Extract(ty.clone()),
    }
}

/// Types that no request is read as, though a segment of its path may be.
const PLAIN: [&str; 25] = [
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32",
    "u64", "u128", "usize", "str", "String", "Box", "Vec", "HashMap", "Arc", "PathBuf", "IpAddr",
    "Duration",
];

/// The first name that a pattern binds: `search` of `Query(search)`.
fn bound_name(pattern: TokenStream) -> Option<String> {
    pattern.into_iter().find_map(|token| match token {
        TokenTree::Group(group) => bound_name(group.stream()),
        TokenTree::Ident(name) => {
            let name = name.unraw().to_string();
            let binds =
                name.starts_with(|c: char| c.is_lowercase()) && name != "mut" && name != "ref";
            binds.then_some(name)
        }
        _ => None,
    })
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
