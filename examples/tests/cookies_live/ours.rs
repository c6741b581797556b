//! An app of ours that sets, gets and removes what it is asked for, as `cookies.js` does.

use std::net::SocketAddr;
use std::time::Duration;

use koa::Cookie;
use koa::prelude::*;
use serde::{Deserialize, Deserializer};
use tokio::runtime::{Builder, Runtime};

/// The parameters of a request: a cookie as options of the packages describe it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    name: String,
    #[serde(default)]
    value: String,
    /// In milliseconds.
    max_age: Option<u64>,
    #[serde(default, deserialize_with = "even_empty")]
    path: Option<String>,
    domain: Option<String>,
    secure: Option<bool>,
    http_only: Option<bool>,
    same_site: Option<String>,
    priority: Option<String>,
    partitioned: Option<bool>,
    remove_unpartitioned: Option<bool>,
    signed: Option<bool>,
    encrypt: Option<bool>,
    overwrite: Option<bool>,
}

/// What is empty is not missing.
fn even_empty<'de, D: Deserializer<'de>>(
    value: D,
) -> std::result::Result<Option<String>, D::Error> {
    String::deserialize(value).map(Some)
}

impl Asked {
    fn cookie(&self) -> Result<Cookie<'_>> {
        let mut cookie = Cookie::new(&self.name);
        if let Some(age) = self.max_age {
            cookie = cookie.max_age(Duration::from_millis(age));
        }
        if let Some(path) = &self.path {
            cookie = cookie.path(path);
        }
        if let Some(domain) = &self.domain {
            cookie = cookie.domain(domain);
        }
        if let Some(secure) = self.secure {
            cookie = cookie.secure(secure);
        }
        if let Some(http_only) = self.http_only {
            cookie = cookie.http_only(http_only);
        }
        if let Some(same_site) = &self.same_site {
            cookie = cookie.same_site(same_site.parse()?);
        }
        if let Some(priority) = &self.priority {
            cookie = cookie.priority(priority.parse()?);
        }
        if let Some(partitioned) = self.partitioned {
            cookie = cookie.partitioned(partitioned);
        }
        if let Some(remove) = self.remove_unpartitioned {
            cookie = cookie.remove_unpartitioned(remove);
        }
        if let Some(signed) = self.signed {
            cookie = cookie.signed(signed);
        }
        if let Some(encrypt) = self.encrypt {
            cookie = cookie.encrypt(encrypt);
        }
        if let Some(overwrite) = self.overwrite {
            cookie = cookie.overwrite(overwrite);
        }
        Ok(cookie)
    }
}

#[middleware]
async fn cookies(ctx: &mut Context) -> Result<String> {
    if ctx.path() == "/names" {
        return Ok(names(&ctx.get("Cookie")));
    }
    let asked: Asked = ctx.query()?;
    let cookie = asked.cookie()?;
    match ctx.path() {
        "/set" => ctx.cookies().set(cookie, &asked.value)?,
        "/remove" => ctx.cookies().remove(cookie)?,
        _ => {
            let found = ctx.cookies().get(cookie)?;
            if found.is_none() {
                ctx.set_status(404)?;
            }
            return Ok(found.unwrap_or_else(|| "no such cookie".to_owned()));
        }
    }
    Ok("done".to_owned())
}

/// Which cookies came.
fn names(header: &str) -> String {
    let mut names: Vec<_> = header
        .split("; ")
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, _)| name)
        .collect();
    names.sort_unstable();
    names.join(" ")
}

/// Serves the app on a free port, with what is to be changed about it. A proxy says whether the client came over TLS.
pub(crate) fn serve(change: impl FnOnce(App) -> App) -> (SocketAddr, Runtime) {
    let app = change(App::new().proxy(true).silent(true)).with(cookies);
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = runtime.block_on(app.bind("127.0.0.1:0")).unwrap();
    let address = server.addresses()[0];
    runtime.spawn(async move { server.run().await.unwrap() });
    (address, runtime)
}
