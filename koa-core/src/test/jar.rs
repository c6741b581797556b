//! The cookies of a client (RFC 6265, section 5), by the clock of the test. Its app is on one host.

use std::time::{Duration, SystemTime};

use crate::date;

#[derive(Default)]
pub(super) struct Jar(Vec<Kept>);

struct Kept {
    name: String,
    value: String,
    path: String,
    secure: bool,
    /// `None` for as long as the client runs.
    expires: Option<SystemTime>,
}

impl Kept {
    fn is_alive(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }

    fn is_for(&self, path: &str) -> bool {
        let bare = self.path.strip_suffix('/').unwrap_or(&self.path);
        path.strip_prefix(bare)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl Jar {
    pub(super) fn get(&self, name: &str, now: SystemTime) -> Option<String> {
        let mut kept = self.0.iter().filter(|kept| kept.is_alive(now));
        kept.find(|kept| kept.name == name)
            .map(|kept| kept.value.clone())
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.keep(Kept {
            name: name.to_owned(),
            value: value.to_owned(),
            path: "/".to_owned(),
            secure: false,
            expires: None,
        });
    }

    /// The `Cookie` header for a request, if there are any.
    pub(super) fn header(&self, path: &str, secure: bool, now: SystemTime) -> Option<String> {
        let mut sent: Vec<_> = self
            .0
            .iter()
            .filter(|kept| kept.is_alive(now) && kept.is_for(path) && (secure || !kept.secure))
            .collect();
        // Those of longer paths first.
        sent.sort_by_key(|kept| std::cmp::Reverse(kept.path.len()));
        let pairs: Vec<_> = sent
            .iter()
            .map(|kept| format!("{}={}", kept.name, kept.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Takes what a `Set-Cookie` line says; `path` is that of the request.
    pub(super) fn take(&mut self, line: &str, path: &str, now: SystemTime) {
        let mut parts = line.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let folder = path.rfind('/').and_then(|at| path.get(..at)).unwrap_or("");
        let mut kept = Kept {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            path: if folder.is_empty() { "/" } else { folder }.to_owned(),
            secure: false,
            expires: None,
        };
        let mut max_age = None;
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => kept.path = value.to_owned(),
                "secure" => kept.secure = true,
                "expires" => kept.expires = date::parse(value).or(kept.expires),
                "max-age" => max_age = value.parse::<i64>().ok().or(max_age),
                _ => {}
            }
        }
        if let Some(seconds) = max_age {
            let seconds = u64::try_from(seconds).unwrap_or(0);
            kept.expires = now.checked_add(Duration::from_secs(seconds));
        }
        self.keep(kept);
    }

    fn keep(&mut self, new: Kept) {
        let same = |kept: &Kept| kept.name == new.name && kept.path == new.path;
        match self.0.iter_mut().find(|kept| same(kept)) {
            Some(kept) => *kept = new,
            None => self.0.push(new),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::Jar;

    #[test]
    fn cookies_go_where_they_belong_and_expire() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let mut jar = Jar::default();
        jar.take("a=1; path=/; httponly", "/x", now);
        jar.take("b=2; Max-Age=10; Path=/posts", "/", now);
        jar.take("c=3; secure", "/posts/7", now);
        jar.take("d=4; expires=Thu, 01 Jan 1970 00:00:00 GMT", "/", now);
        let header =
            |path, secure, after| jar.header(path, secure, now + Duration::from_secs(after));
        assert_eq!(header("/", true, 0).as_deref(), Some("a=1"));
        assert_eq!(
            header("/posts/8", true, 0).as_deref(),
            Some("b=2; c=3; a=1")
        );
        assert_eq!(header("/posts", false, 0).as_deref(), Some("b=2; a=1"));
        assert_eq!(header("/postscript", true, 0).as_deref(), Some("a=1"));
        assert_eq!(header("/posts/8", false, 10).as_deref(), Some("a=1"));
        jar.take("a=; max-age=0; path=/", "/", now);
        assert_eq!(jar.get("a", now), None);
        assert_eq!(Jar::default().header("/", true, now), None);
    }
}
