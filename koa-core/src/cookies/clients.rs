//! Browsers that mishandle `SameSite=None` or do not know partitioned cookies, by what they say of themselves.
//!
//! The list is Chromium's: <https://www.chromium.org/updates/same-site/incompatible-clients/>. `egg-cookies` goes by it.

/// Whether a browser takes `SameSite=None` as it is meant.
pub(super) fn takes_same_site_none(agent: &str) -> bool {
    match chromium(agent) {
        Some(version) => version >= 80,
        None => !(takes_none_for_strict(agent) || drops_unknown_same_site(agent)),
    }
}

/// Whether a browser keeps partitioned cookies.
pub(super) fn takes_partitioned(agent: &str) -> bool {
    chromium(agent).is_some_and(|version| version >= 118)
}

/// The major version of a Chromium, `Chrome/120.` or `Chromium/120.`.
fn chromium(agent: &str) -> Option<u32> {
    agent.match_indices("Chrom").find_map(|(at, _)| {
        let rest = &agent[at + "Chrom".len()..];
        let (letters, rest) = rest.split_once('/')?;
        if letters.is_empty() || letters.len() > 100 || letters.contains(' ') {
            return None;
        }
        let (digits, _) = rest.split_once('.')?;
        number(digits)
    })
}

fn number(digits: &str) -> Option<u32> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().unwrap_or(u32::MAX))
}

/// Safari of iOS 12 and macOS 10.14.
fn takes_none_for_strict(agent: &str) -> bool {
    is_ios_12(agent) || (is_macos_10_14(agent) && (is_safari(agent) || is_embedded_in_macos(agent)))
}

fn is_ios_12(agent: &str) -> bool {
    platform(agent, "(iP")
        .and_then(|platform| platform.split_once("; CPU "))
        .and_then(|(_, cpu)| {
            // "CPU iPhone OS 12_4 like Mac OS X"
            let mut systems = cpu.rmatch_indices("OS ");
            systems.find_map(|(at, name)| leading(&cpu[at + name.len()..]))
        })
        == Some(12)
}

fn is_macos_10_14(agent: &str) -> bool {
    let version = platform(agent, "(Macintosh;")
        .and_then(|platform| platform.rsplit_once("Mac OS X "))
        .and_then(|(_, version)| version.split_once('_'));
    version.is_some_and(|(major, minor)| major == "10" && leading(minor) == Some(14))
}

/// What stands in the parentheses before WebKit, from `opening` on.
fn platform<'a>(agent: &'a str, opening: &str) -> Option<&'a str> {
    let (before, _) = agent.rsplit_once(") AppleWebKit/")?;
    before.find(opening).map(|at| &before[at..])
}

/// The number that a text begins with.
fn leading(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    number(&text[..end.unwrap_or(text.len())])
}

fn is_safari(agent: &str) -> bool {
    let named = agent
        .split_once("Version/")
        .is_some_and(|(_, rest)| rest.contains(" Safari/"));
    named && !agent.contains("Chrome") && !agent.contains("Chromium")
}

/// A page in an app of macOS says nothing but its WebKit.
fn is_embedded_in_macos(agent: &str) -> bool {
    let version = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    agent
        .strip_prefix("Mozilla/")
        .and_then(|rest| rest.split_once(" (Macintosh;"))
        .filter(|(mozilla, _)| version(mozilla))
        .and_then(|(_, rest)| rest.rsplit_once(") AppleWebKit/"))
        .and_then(|(_, webkit)| webkit.strip_suffix(" (KHTML, like Gecko)"))
        .is_some_and(version)
}

/// Chromium from 51 to 66, and the UC browser before 12.13.2.
fn drops_unknown_same_site(agent: &str) -> bool {
    let Some((_, version)) = agent.split_once("UCBrowser/") else {
        return false;
    };
    let mut parts = version.split('.').map(|part| leading(part).unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    (part(), part(), part()) < (12, 13, 2)
}

#[cfg(test)]
mod tests {
    use super::{takes_partitioned, takes_same_site_none};

    #[test]
    fn browsers_that_mishandle_none_are_known() {
        let mishandle = [
            "Mozilla/5.0 (iPhone; CPU iPhone OS 12_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
             Version/12.1.2 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) \
             Version/12.1.2 Safari/605.1.15",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605.1.15 (KHTML, like Gecko)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/60.0.3112.90 Safari/537.36",
            "Mozilla/5.0 (Linux; U; Android 7.1.1; en-US) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 \
             UCBrowser/12.13.1.1189 U3/0.8.0 Mobile Safari/534.30",
        ];
        for agent in mishandle {
            assert!(!takes_same_site_none(agent), "{agent}");
        }
        let take = [
            "",
            "curl/8.0",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 13_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
             Version/13.0.4 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_1) AppleWebKit/605.1.15 (KHTML, like Gecko) \
             Version/13.0.3 Safari/605.1.15",
            "Mozilla/5.0 (Windows NT 10.0; rv:120.0) Gecko/20100101 Firefox/120.0",
        ];
        for agent in take {
            assert!(takes_same_site_none(agent), "{agent}");
            assert!(!takes_partitioned(agent), "{agent}");
        }
        assert!(takes_partitioned("Chrome/118.0"));
        assert!(!takes_partitioned("Chrome/117.9"));
        assert!(!takes_partitioned("Chrome/ Chrom/118"));
    }
}
