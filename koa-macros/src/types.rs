//! Questions about types as they are written.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, Path, PathArguments, PathSegment, ReturnType, Type};

/// The type without the invisible or needless parentheses around it.
pub(crate) fn peel(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peel(&group.elem),
        Type::Paren(paren) => peel(&paren.elem),
        other => other,
    }
}

/// The last segment of a type that is a path: `Slot<T>` of `koa::Slot<T>`.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match peel(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// Whether it is a path that ends in `name`.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == name)
}

/// The one type in the angle brackets: `T` of `Next<T>`.
pub(crate) fn only_argument(segment: &PathSegment) -> Option<&Type> {
    match &segment.arguments {
        PathArguments::AngleBracketed(list) if list.args.len() == 1 => match list.args.first() {
            Some(GenericArgument::Type(ty)) => Some(ty),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a path is a bound `Next` or `Next<T>`; and what the `T` is.
pub(crate) fn next_bound(path: &Path) -> Option<Option<&Type>> {
    let last = path.segments.last().filter(|last| last.ident == "Next")?;
    Some(only_argument(last).filter(|ty| !is_unit(ty)))
}

pub(crate) fn is_unit(ty: &Type) -> bool {
    matches!(peel(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// The type that is returned, unless it is `()`.
pub(crate) fn returned(output: &ReturnType) -> Option<&Type> {
    match output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(ty.as_ref()).filter(|ty| !is_unit(ty)),
    }
}

/// Whether it is written `Result` or `Result<()>`, by any path.
pub(crate) fn is_plain_result(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|last| {
        let plain = last.arguments.is_none() || only_argument(last).is_some_and(is_unit);
        last.ident == "Result" && plain
    })
}

/// A lifetime in it, other than `'static`; a reference without one counts by its `&`.
pub(crate) fn borrowed(ty: &Type) -> Option<Span> {
    find_borrow(ty.to_token_stream())
}

fn find_borrow(tokens: TokenStream) -> Option<Span> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    tokens
        .iter()
        .enumerate()
        .find_map(|(at, token)| match token {
            TokenTree::Group(group) => find_borrow(group.stream()),
            TokenTree::Punct(mark) => {
                let borrows = match (mark.as_char(), tokens.get(at + 1)) {
                    // `&'` is decided by what follows.
                    ('&', Some(TokenTree::Punct(next))) => next.as_char() != '\'',
                    ('&', _) => true,
                    ('\'', Some(TokenTree::Ident(name))) => name != "static",
                    _ => false,
                };
                borrows.then(|| mark.span())
            }
            _ => None,
        })
}

/// The tokens as their writer would write them, for a message.
pub(crate) fn text(tokens: &impl ToTokens) -> String {
    let spaced = tokens.to_token_stream().to_string();
    let joined = [
        (" :: ", "::"),
        (":: ", "::"),
        (" ::", "::"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        (" ;", ";"),
        (" :", ":"),
        ("& ", "&"),
        ("\n", " "),
    ];
    joined
        .iter()
        .fold(spaced, |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use syn::{Type, parse_quote};

    use super::{borrowed, is_plain_result, text};

    #[test]
    fn knows_the_plain_result() {
        let plain: [Type; 4] = [
            parse_quote!(Result),
            parse_quote!(koa::Result),
            parse_quote!(Result<()>),
            parse_quote!(::koa::Result<()>),
        ];
        assert!(plain.iter().all(is_plain_result));
        let other: [Type; 4] = [
            parse_quote!(Result<String>),
            parse_quote!(Result<(), E>),
            parse_quote!(String),
            parse_quote!(()),
        ];
        assert!(!other.iter().any(is_plain_result));
    }

    #[test]
    fn finds_what_is_borrowed() {
        let finds = |ty: Type| borrowed(&ty).is_some();
        assert!(finds(parse_quote!(&str)));
        assert!(finds(parse_quote!(Vec<(u8, Cow<'a, str>)>)));
        assert!(finds(parse_quote!(Cow<'_, str>)));
        assert!(!finds(parse_quote!(&'static str)));
        assert!(!finds(parse_quote!(Json<Vec<u8>>)));
    }

    #[test]
    fn writes_types_as_people_do() {
        for written in [
            "&mut UserSession",
            "impl Next<User> + 'static",
            "Vec<(u8, &'static str)>",
            "a::B<HashMap<u8, [u8; 4]>>",
        ] {
            let ty: Type = syn::parse_str(written).unwrap();
            assert_eq!(text(&ty), written);
        }
    }
}
