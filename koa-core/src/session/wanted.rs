//! Opening sessions before a layer runs that asks for them in its signature.

use std::any::TypeId;
use std::future::Future;
use std::pin::Pin;
use std::task::{self, Poll};

use pin_project_lite::pin_project;

use crate::context::Context;
use crate::error::Result;

/// Opens the sessions among what is wanted, each if it is not open yet.
pub(crate) async fn open(ctx: &mut Context, wanted: &[TypeId]) -> Result {
    match open_now(ctx, wanted)? {
        Now::Open => Ok(()),
        Now::Waits => open_all(ctx, wanted).await,
    }
}

/// The same where a store may keep the request waiting.
async fn open_all(ctx: &mut Context, wanted: &[TypeId]) -> Result {
    while let Some((at, source)) = ctx.provided.unopened(wanted) {
        source.open(ctx, at).await?;
    }
    Ok(())
}

/// What came of opening sessions without waiting.
enum Now {
    Open,
    Waits,
}

/// The same as far as no store keeps it waiting.
fn open_now(ctx: &mut Context, wanted: &[TypeId]) -> Result<Now> {
    while let Some((at, source)) = ctx.provided.unopened(wanted) {
        if source.waits() {
            return Ok(Now::Waits);
        }
        source.open_now(ctx, at)?;
        if wanted.len() == 1 {
            break;
        }
    }
    Ok(Now::Open)
}

/// What a layer asks for in its signature, as a tuple.
pub trait Wanted {
    /// The types.
    type Ids: AsRef<[TypeId]>;

    /// The types.
    fn ids() -> Self::Ids;
}

macro_rules! wanted {
    ($($count:literal: $($type:ident)*;)*) => {$(
        impl<$($type: 'static),*> Wanted for ($($type,)*) {
            type Ids = [TypeId; $count];

            fn ids() -> Self::Ids {
                [$(TypeId::of::<$type>()),*]
            }
        }
    )*};
}

wanted! {
    1: A;
    2: A B;
    3: A B C;
    4: A B C D;
    5: A B C D E;
    6: A B C D E F;
    7: A B C D E F G;
    8: A B C D E F G H;
}

pin_project! {
    /// A layer that runs once the sessions it asks for are open.
    #[allow(missing_debug_implementations, reason = "no one meets it but by awaiting it")]
    pub struct Opened<'a, F> {
        #[pin]
        state: State<'a, F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<'a, F> {
        // They are: mostly so.
        Running { #[pin] layer: F },
        // A store has to be asked first.
        Waiting { layer: Pin<Box<dyn Future<Output = Result> + Send + 'a>> },
        // One of them cannot be opened.
        Failed { error: Option<crate::Error> },
    }
}

impl<F: Future<Output = Result>> Future for Opened<'_, F> {
    type Output = Result;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Result> {
        match self.project().state.project() {
            StateProjection::Running { layer } => layer.poll(cx),
            StateProjection::Waiting { layer } => layer.as_mut().poll(cx),
            StateProjection::Failed { error } => Poll::Ready(error.take().map_or(Ok(()), Err)),
        }
    }
}

/// Opens the sessions that a layer asks for, and runs it.
pub fn opened<'a, W, F>(
    ctx: &'a mut Context,
    layer: impl FnOnce(&'a mut Context) -> F + Send + 'a,
) -> Opened<'a, F>
where
    W: Wanted<Ids: Send + 'a>,
    F: Future<Output = Result> + Send + 'a,
{
    let wanted = W::ids();
    let state = match open_now(ctx, wanted.as_ref()) {
        Ok(Now::Open) => State::Running { layer: layer(ctx) },
        Ok(Now::Waits) => State::Waiting {
            layer: Box::pin(async move {
                open_all(ctx, wanted.as_ref()).await?;
                layer(ctx).await
            }),
        },
        Err(error) => State::Failed { error: Some(error) },
    };
    Opened { state }
}
