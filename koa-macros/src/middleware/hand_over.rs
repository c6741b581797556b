//! A middleware that provides something and runs `next` without it, found in the tokens of its body.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{TokenStreamExt, quote_spanned};

/// Each `next.run` in a body.
pub(super) fn runs(next: &Ident, body: TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<_> = body.into_iter().collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            found.extend(runs(next, group.stream()));
        } else if is_run(next, &tokens[at..]) {
            found.push(tokens[at..at + 3].iter().cloned().collect());
        }
    }
    found
}

/// The body with a value handed over in each of them, for the compiler to check all the rest.
pub(super) fn handed_over(next: &Ident, body: &Group) -> Group {
    let tokens: Vec<_> = body.stream().into_iter().collect();
    let mut inside = TokenStream::new();
    for (at, token) in tokens.iter().enumerate() {
        let is_name = at >= 2 && is_run(next, &tokens[at - 2..]);
        let is_arguments = at >= 3 && is_run(next, &tokens[at - 3..]);
        inside.append(match token {
            TokenTree::Ident(run) if is_name => TokenTree::Ident(Ident::new("provide", run.span())),
            TokenTree::Group(arguments) if is_arguments => {
                let (given, span) = (arguments.stream(), arguments.span());
                let mut with_value = Group::new(
                    Delimiter::Parenthesis,
                    quote_spanned!(span=> #given, loop {}),
                );
                with_value.set_span(span);
                TokenTree::Group(with_value)
            }
            TokenTree::Group(group) => TokenTree::Group(handed_over(next, group)),
            other => other.clone(),
        });
    }
    let mut changed = Group::new(body.delimiter(), inside);
    changed.set_span(body.span());
    changed
}

/// Whether the tokens begin with `next.run(..)`.
fn is_run(next: &Ident, tokens: &[TokenTree]) -> bool {
    let [
        TokenTree::Ident(name),
        TokenTree::Punct(dot),
        TokenTree::Ident(run),
        TokenTree::Group(arguments),
        ..,
    ] = tokens
    else {
        return false;
    };
    name == next
        && dot.as_char() == '.'
        && run == "run"
        && arguments.delimiter() == Delimiter::Parenthesis
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Delimiter, Group};
    use quote::{format_ident, quote};

    use super::{handed_over, runs};

    #[test]
    fn finds_and_mends_what_runs_without_a_value() {
        let body = quote!(if a { next.run(ctx).await? } other.run(ctx); next.run(ctx).await);
        let next = format_ident!("next");
        assert_eq!(runs(&next, body.clone()).len(), 2);
        let mended = handed_over(&next, &Group::new(Delimiter::Brace, body));
        let expected = quote!({
            if a {
                next.provide(ctx, loop {}).await?
            }
            other.run(ctx);
            next.provide(ctx, loop {}).await
        });
        assert_eq!(quote!(#mended).to_string(), expected.to_string());
    }
}
