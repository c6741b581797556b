//! Names for generated code that nothing in the user's code has.
//!
//! Local variables need none of this, they are hygienic. Generic parameters are not: one named `List` would hide a
//! type `List` of the user's.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// The identifiers that occur in the user's item.
#[derive(Default)]
pub(crate) struct Names(HashSet<String>);

impl Names {
    pub(crate) fn of(item: &impl ToTokens) -> Self {
        let mut names = Self::default();
        names.collect(item.to_token_stream());
        names
    }

    fn collect(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    self.0.insert(ident.to_string());
                }
                TokenTree::Group(group) => self.collect(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    pub(crate) fn all(self) -> impl Iterator<Item = String> {
        self.0.into_iter()
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// `base`, or what is nearest to it and not taken.
    pub(crate) fn fresh(&self, base: &str) -> Ident {
        let mut name = base.to_owned();
        while self.0.contains(&name) {
            name.push('_');
        }
        Ident::new(&name, Span::mixed_site())
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::Names;

    #[test]
    fn avoids_what_the_item_names() {
        let names = Names::of(&quote!(
            fn f(x: Slot<List>) {
                let List_ = N;
            }
        ));
        assert_eq!(names.fresh("List"), "List__");
        assert_eq!(names.fresh("N"), "N_");
        assert_eq!(names.fresh("I0"), "I0");
    }
}
