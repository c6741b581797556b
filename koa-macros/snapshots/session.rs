#[derive(
    ::core::default::Default,
    ::koa::__private::serde::Serialize,
    ::koa::__private::serde::Deserialize
)]
#[serde(crate = "::koa::__private::serde")]
#[serde(default)]
/// Who it is.
#[derive(Debug)]
pub struct UserSession {
    pub user: Option<String>,
    #[serde(alias = "visited")]
    pub visits: u32,
}

impl ::koa::SessionData for UserSession {
    const CONFIG: ::koa::SessionConfig = ::koa::SessionConfig::new()
        .cookie(
            ::koa::Cookie::new("__Host-session")
                .overwrite(true)
                .encrypt(true)
                .secure(true)
                .same_site(::koa::SameSite::Lax),
        )
        .max_age(::koa::MaxAge::For(::core::time::Duration::from_millis(86400000u64)))
        .renew(true)
        .absolute(::core::time::Duration::from_millis(2592000000u64));
    const ORIGIN: ::koa::__private::Origin = ::koa::__private::Origin::new(
        "UserSession",
        ::core::file!(),
        0,
    );
}

impl UserSession {
    /// Provides a [`UserSession`] to the layers below.
    #[must_use]
    pub fn middleware() -> ::koa::Sessions<Self> {
        ::koa::Sessions::new().valid(is_known)
    }
}
