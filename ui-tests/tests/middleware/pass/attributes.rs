//! Attributes and visibility.

#![deny(warnings, missing_docs, unreachable_pub, missing_debug_implementations)]
#![forbid(unsafe_code)]

use koa::prelude::*;

/// In a module of its own.
pub mod layers {
    use koa::prelude::*;

    /// Documented.
    ///
    /// In several lines.
    #[middleware]
    #[allow(clippy::needless_pass_by_ref_mut, reason = "as an example")]
    #[must_use]
    pub async fn public(ctx: &mut Context, next: impl Next) -> Result {
        next.run(ctx).await
    }

    #[middleware]
    pub(crate) async fn in_crate(ctx: &mut Context, next: impl Next) -> Result {
        next.run(ctx).await
    }

    /// Generic.
    #[middleware]
    pub async fn generic<T: Default + Send>(ctx: &mut Context, next: impl Next) -> Result {
        drop(T::default());
        next.run(ctx).await
    }

    /// Options.
    #[derive(Debug)]
    pub struct Options {
        /// One of them.
        pub header: &'static str,
    }

    /// Its middleware.
    #[middleware]
    #[allow(clippy::all)]
    impl Options {
        /// Documented too.
        #[cfg(all())]
        pub async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
            ctx.set(self.header, "1")?;
            next.run(ctx).await
        }

        /// Another function.
        #[must_use]
        pub const fn header(&self) -> &'static str {
            self.header
        }
    }
}

#[middleware]
#[deprecated(note = "use something else")]
async fn old(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

#[deprecated]
#[middleware]
async fn old_and_generic<const N: usize>(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

#[middleware]
#[cfg(any())]
async fn chosen() -> &'static str {
    "not this one"
}

#[middleware]
#[cfg(not(any()))]
#[cfg_attr(all(), doc = "Chosen.", allow(unused_variables))]
async fn chosen(ctx: &mut Context) -> &'static str {
    let unused = 1;
    "this one"
}

#[middleware]
#[cfg(any())]
async fn absent<T: Missing>(value: Slot<Missing>, next: impl Next) -> Result {}

#[middleware]
#[allow(dead_code)]
async fn never_used() {}

#[middleware]
#[expect(unused_variables)]
async fn expecting(ctx: &mut Context) {
    let unused = 1;
}

#[middleware]
async fn attributes_on_arguments(#[allow(unused)] ctx: &mut Context, next: impl Next) -> Result {
    drop(next);
    Ok(())
}

#[middleware]
#[allow(unused_must_use)]
async fn careless_on_purpose(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await;
    Ok(())
}

fn main() {
    let options = layers::Options { header: "X" };
    assert_eq!(options.header(), "X");
    #[allow(deprecated)]
    let app = App::new().with(old).with(old_and_generic::<1>);
    let _app = app
        .with(layers::public)
        .with(layers::in_crate)
        .with(layers::generic::<u8>)
        .with(options)
        .with(expecting)
        .with(attributes_on_arguments)
        .with(careless_on_purpose)
        .with(chosen)
        .callback();
}
