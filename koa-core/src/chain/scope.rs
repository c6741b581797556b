//! A part of the app whose layers see a path of their own, and whose provisions stay inside it.

use crate::Result;
use crate::context::Context;
use crate::middleware::Next;
use crate::request::Mounted;

/// The time between entering such a part and leaving it. What it provided is dropped with it, and the path is again what
/// it was, also where the part is dropped half-way.
pub(super) struct Scope<'a> {
    pub(super) ctx: &'a mut Context,
    pub(super) outside: Surroundings,
}

/// How it is outside.
pub(super) struct Surroundings {
    /// How much is provided there.
    provided: usize,
    /// The path, if the part has another one.
    path: Option<Mounted>,
}

impl<'a> Scope<'a> {
    /// Enters a part; `path` is what the path was before, if it has been changed.
    pub(super) fn enter(ctx: &'a mut Context, path: Option<Mounted>) -> Self {
        let provided = ctx.provided.len();
        Self {
            ctx,
            outside: Surroundings { provided, path },
        }
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        self.ctx.provided.truncate(self.outside.provided);
        if let Some(path) = self.outside.path.take() {
            self.ctx.request.leave_mount(path);
        }
    }
}

/// The way out of a part: the layers after it see the path as it was before it, and nothing of what it provided.
pub(super) struct Way<'s, N> {
    next: Option<N>,
    outside: &'s Surroundings,
}

impl<'s, N> Way<'s, N> {
    pub(super) fn out(next: N, outside: &'s Surroundings) -> Self {
        Self {
            next: Some(next),
            outside,
        }
    }
}

/// What the layers of the part are handed as the last `next`. Each of them carries it: so it is one reference, however much
/// the way out needs.
pub(super) struct Exit<'w, 's, N>(pub(super) &'w mut Way<'s, N>);

/// The time between leaving a part for what follows it and coming back.
struct Outside<'a> {
    ctx: &'a mut Context,
    provided: usize,
    hidden: crate::context::Hidden,
    inside: Option<Mounted>,
}

impl Drop for Outside<'_> {
    fn drop(&mut self) {
        self.ctx.provided.truncate(self.provided);
        self.ctx.provided.show(&mut self.hidden);
        if let Some(path) = self.inside.take() {
            self.ctx.request.leave_mount(path);
        }
    }
}

impl<N: Next, T: 'static> Next<T> for Exit<'_, '_, N> {
    fn provide<'a>(self, ctx: &'a mut Context, _: T) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
    {
        Next::<T>::go(self, ctx)
    }

    async fn go<'a>(self, ctx: &'a mut Context) -> Result
    where
        Self: 'a,
    {
        let Way { next, outside } = self.0;
        // It is used up by running it.
        let Some(next) = next.take() else {
            return Ok(());
        };
        let path = outside.path.clone();
        let outside = Outside {
            hidden: ctx.provided.hide(outside.provided),
            inside: path.map(|path| ctx.request.swap_mount(path)),
            provided: outside.provided,
            ctx,
        };
        next.run(outside.ctx).await
    }
}
