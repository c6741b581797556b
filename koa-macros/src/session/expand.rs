//! The struct with what it needs to be written, its settings, and its middleware.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::DeriveInput;

use super::model::{Place, Settings, derives};
use crate::cookie;
use crate::paths::Paths;
use crate::place::line;

/// The code; if the settings are not `ready`, since something is wrong with them, with the default ones.
pub(super) fn session(item: &DeriveInput, settings: &Settings, ready: bool) -> TokenStream {
    let at = Span::mixed_site();
    let paths = Paths::of(&settings.described.root);
    let name = &item.ident;
    let visibility = &item.vis;
    let derived = derived(item, &paths);
    let (config, hooks) = match ready {
        true => (config(settings, &paths), hooks(settings, &paths)),
        false => {
            let config = paths.session_config(at);
            (quote_spanned!(at=> #config::new()), TokenStream::new())
        }
    };
    let (data, config_type, sessions) = (
        paths.session_data(at),
        paths.session_config(at),
        paths.sessions(at),
    );
    let (origin, shown) = (paths.origin(at), name.to_string());
    let line = Literal::u32_unsuffixed(line(name.span()));
    let doc = format!(" Provides a [`{name}`] to the layers below.");
    // An editor that is asked for it shows the struct.
    let middleware = Ident::new("middleware", name.span());
    quote_spanned! {at=>
        #derived
        #item

        impl #data for #name {
            const CONFIG: #config_type = #config;

            const ORIGIN: #origin = #origin::new(#shown, ::core::file!(), #line);
        }

        impl #name {
            #[doc = #doc]
            #[must_use]
            #visibility fn #middleware() -> #sessions<Self> {
                #sessions::new() #hooks
            }
        }
    }
}

/// What the struct derives, beside what it does already.
fn derived(item: &DeriveInput, paths: &Paths) -> TokenStream {
    let at = Span::mixed_site();
    let attributes = &item.attrs;
    let serde = paths.serde(at);
    let missing = |name: &str| !derives(attributes, name);
    let mut traits = Vec::new();
    if missing("Default") {
        traits.push(quote_spanned!(at=> ::core::default::Default));
    }
    let writes = missing("Serialize");
    if writes {
        traits.push(quote_spanned!(at=> #serde::Serialize));
    }
    let reads = missing("Deserialize");
    if reads {
        traits.push(quote_spanned!(at=> #serde::Deserialize));
    }
    let derive = (!traits.is_empty()).then(|| quote_spanned!(at=> #[derive(#(#traits),*)]));
    // An attribute of serde's may stand only where something of serde's is derived.
    let says_default = attributes.iter().any(|attribute| {
        let tokens = quote!(#attribute).to_string();
        attribute.path().is_ident("serde") && tokens.contains("default")
    });
    let default = (reads && !says_default).then(|| quote_spanned!(at=> #[serde(default)]));
    let serde = serde.to_string().replace(' ', "");
    let root = (writes && reads).then(|| quote_spanned!(at=> #[serde(crate = #serde)]));
    quote_spanned!(at=> #derive #root #default)
}

/// `::koa::SessionConfig::new().cookie(..).max_age(..)`.
fn config(settings: &Settings, paths: &Paths) -> TokenStream {
    let at = Span::mixed_site();
    let described = &settings.described;
    let base = paths.session_config(at);
    let compat = described.get("compat").map(|_| match settings.compat() {
        Some("Koa") => quote_spanned!(at=> Koa),
        _ => quote_spanned!(at=> Egg),
    });
    let made = match compat {
        Some(variant) => {
            let compat = paths.compat(at);
            quote_spanned!(at=> #base::compat(#compat::#variant))
        }
        None => quote_spanned!(at=> #base::new()),
    };
    let of = |place: Place| {
        let attributes = described.attributes.iter();
        attributes.filter(move |attribute| Settings::place(&attribute.name.to_string()) == place)
    };
    let mut attributes = of(Place::Cookie).peekable();
    let cookie = (attributes.peek().is_some() || described.get("key").is_some()).then(|| {
        let cookie = paths.cookie(at);
        let name = &described.name;
        let protected = match settings.compat() {
            Some("Koa") => quote_spanned!(at=> signed),
            _ => quote_spanned!(at=> encrypt),
        };
        let attributes = attributes.map(|attribute| cookie::method(attribute, paths));
        quote_spanned! {at=>
            .cookie(#cookie::new(#name).overwrite(true).#protected(true) #(#attributes)*)
        }
    });
    let own = of(Place::Config).map(|attribute| {
        let method = cookie::method(attribute, paths);
        let is_known_age = matches!(attribute.value, cookie::model::Value::Age(_));
        if attribute.name == "max_age" && is_known_age {
            let max_age = paths.max_age(at);
            let value = match &attribute.value {
                cookie::model::Value::Age(millis) => {
                    quote_spanned!(at=> ::core::time::Duration::from_millis(#millis))
                }
                _ => TokenStream::new(),
            };
            return quote_spanned!(at=> .max_age(#max_age::For(#value)));
        }
        method
    });
    quote_spanned!(at=> #made #cookie #(#own)*)
}

/// `.store(..).valid(..)`.
fn hooks(settings: &Settings, paths: &Paths) -> TokenStream {
    let at = Span::mixed_site();
    let attributes = settings.described.attributes.iter();
    let hooks = attributes.filter_map(|attribute| {
        let name = attribute.name.to_string();
        if Settings::place(&name) != Place::Middleware {
            return None;
        }
        if let ("external_key", Some((get, set))) = (name.as_str(), settings.external_key()) {
            return Some(quote_spanned!(at=> .external_key(#get, #set)));
        }
        Some(cookie::method(attribute, paths))
    });
    hooks.collect()
}
