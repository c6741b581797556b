//! `throw!` and `ensure!`.

/// Fails with an error, out of the function it stands in. Koa's `ctx.throw`: <https://koajs.com/#ctx-throw>.
///
/// | here | Koa |
/// | --- | --- |
/// | `throw!(403)` | `ctx.throw(403)` |
/// | `throw!(400, "name required")` | `ctx.throw(400, 'name required')` |
/// | `throw!(400, "no field {name}")` | ``ctx.throw(400, `no field ${name}`)`` |
/// | `throw!(400, message)`, a `String` | `ctx.throw(400, message)` |
/// | `throw!("something exploded")` | `ctx.throw('something exploded')`: a 500, not exposed |
/// | `throw!(error)` | `ctx.throw(error)` |
/// | `throw!(400, error)` | `ctx.throw(400, error)` |
/// | `throw!(401, "access_denied"; user = name)` | `ctx.throw(401, 'access_denied', { user: name })` |
///
/// ```
/// use koa::prelude::*;
///
/// #[middleware]
/// async fn hello(ctx: &mut Context) -> Result<String> {
///     if ctx.path() == "/nobody" {
///         throw!(404, "nobody is here");
///     }
///     Ok(format!("Hello, {}", ctx.path()))
/// }
/// # let _ = App::new().with(hello);
/// ```
#[macro_export]
macro_rules! throw {
    ($($error:tt)+) => {
        return ::core::result::Result::Err(::core::convert::From::from($crate::__error!($($error)+)))
    };
}

/// Fails as [`throw!`](crate::throw) does unless a condition holds. Koa's `ctx.assert`:
/// <https://koajs.com/#ctx-assert>.
///
/// ```
/// use koa::prelude::*;
///
/// #[middleware]
/// async fn hello(ctx: &mut Context) -> Result<String> {
///     ensure!(ctx.path().len() > 1, 401, "Please login!");
///     Ok(format!("Hello, {}", &ctx.path()[1..]))
/// }
/// # let _ = App::new().with(hello);
/// ```
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($error:tt)+) => {
        if !$condition {
            $crate::throw!($($error)+);
        }
    };
    ($condition:expr $(,)?) => {
        if !$condition {
            $crate::throw!(500, "the condition does not hold: {}", ::core::stringify!($condition));
        }
    };
}

/// Fails as [`throw!`](crate::throw) does unless two values are equal. Koa's `ctx.assert.equal`.
///
/// ```
/// use koa::prelude::*;
/// use koa::ensure_eq;
///
/// #[middleware]
/// async fn hello(ctx: &mut Context) -> Result<&'static str> {
///     ensure_eq!(ctx.get("X-Version"), "2", 400, "version 2 only");
///     Ok("Hello")
/// }
/// # let _ = App::new().with(hello);
/// ```
#[macro_export]
macro_rules! ensure_eq {
    ($left:expr, $right:expr, $($error:tt)+) => {
        $crate::ensure!($left == $right, $($error)+)
    };
    ($left:expr, $right:expr $(,)?) => {
        $crate::ensure!($left == $right)
    };
}

/// Fails as [`throw!`](crate::throw) does if two values are equal. Koa's `ctx.assert.notEqual`.
#[macro_export]
macro_rules! ensure_ne {
    ($left:expr, $right:expr, $($error:tt)+) => {
        $crate::ensure!($left != $right, $($error)+)
    };
    ($left:expr, $right:expr $(,)?) => {
        $crate::ensure!($left != $right)
    };
}

/// The error that `throw!` fails with.
#[doc(hidden)]
#[macro_export]
macro_rules! __error {
    // A message with data for its placeholders.
    ($status:expr, $format:literal $(, $argument:expr)* $(,)? $(; $($name:ident = $value:expr),+ $(,)?)?) => {
        $crate::Error::new($status, $crate::__private::format!($format $(, $argument)*))
            $($(.with_property(::core::stringify!($name), $value))+)?
    };
    // A message, or an error, under a status.
    ($status:expr, $thrown:expr $(,)? $(; $($name:ident = $value:expr),+ $(,)?)?) => {
        {
            #[allow(unused_imports, reason = "each kind of value takes one of them")]
            use $crate::__private::{ViaError as _, ViaMessage as _, ViaStd as _};
            match $thrown {
                thrown => (&&&$crate::__private::Thrown(&thrown)).kind().under($status, thrown),
            }
        }
        $($(.with_property(::core::stringify!($name), $value))+)?
    };
    // A status, a message or an error alone.
    ($thrown:expr $(,)? $(; $($name:ident = $value:expr),+ $(,)?)?) => {
        {
            #[allow(unused_imports, reason = "each kind of value takes one of them")]
            use $crate::__private::{ViaError as _, ViaMessage as _, ViaStatus as _, ViaStd as _};
            match $thrown {
                thrown => (&&&$crate::__private::Thrown(&thrown)).kind().error(thrown),
            }
        }
        $($(.with_property(::core::stringify!($name), $value))+)?
    };
}
