//! The table of deliberate differences, from the page that users read.
//!
//! The first cell of a row names the cases: `redirect/0107 0140`. For another folder of cases, whose numbers mean
//! something else, it may also say by what the cases of that difference are known, and what may fail in them:
//! `freshness[header=if-none-match&fails=fresh+stale]`.
//!
//! What differs in a listed case stands in `differences.txt`, line for line, so that a case that comes to fail in
//! another way is a failure. `KOA_UPDATE_DIFFERENCES=1` writes the file anew, to be read before it is committed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::cases::{Case, Family, Step};

pub(crate) struct Differences {
    /// The cases, as `family/number`.
    listed: BTreeSet<String>,
    patterns: Vec<Pattern>,
    /// What differs in each of them.
    recorded: BTreeMap<String, Vec<String>>,
    /// What the listed cases are, where another folder is replayed.
    known: Option<BTreeMap<String, String>>,
    met: RefCell<BTreeSet<String>>,
}

impl Differences {
    /// `own`: the cases that the numbers are of, where those are not what is replayed.
    pub(crate) fn read(page: &Path, details: &Path, own: Option<&[Family]>) -> Self {
        let text = std::fs::read_to_string(page).unwrap();
        let mut listed = BTreeSet::new();
        let mut patterns = Vec::new();
        for row in text.lines().filter(|line| line.starts_with('|')) {
            let cell = row.split('|').nth(1).unwrap_or("");
            let mut family = "";
            for word in cell.split([' ', ',', '`']).filter(|word| !word.is_empty()) {
                if let Some(pattern) = Pattern::parse(word) {
                    patterns.push(pattern);
                    continue;
                }
                let number = match word.split_once('/') {
                    Some((name, number)) => {
                        family = name;
                        number
                    }
                    None => word,
                };
                if number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()) {
                    listed.insert(format!("{family}/{number}"));
                }
            }
        }
        let known = own.map(|families| {
            let cases = families.iter().flat_map(|family| &family.cases);
            let listed = cases.filter(|case| listed.contains(&case.id));
            listed
                .map(|case| (case.id.clone(), case.summary()))
                .collect()
        });
        Self {
            listed,
            patterns,
            recorded: recorded(&std::fs::read_to_string(details).unwrap_or_default()),
            known,
            met: RefCell::default(),
        }
    }

    /// Whether a case that failed is one of these, and failed as it is known to.
    pub(crate) fn covers(&self, case: &Case, failures: &[String]) -> bool {
        let same = || {
            self.recorded
                .get(&case.id)
                .is_some_and(|lines| lines == failures)
        };
        let covered = match &self.known {
            None if updates() => self.listed.contains(&case.id),
            None => self.listed.contains(&case.id) && same(),
            Some(known) if known.get(&case.id) == Some(&case.summary()) => same(),
            Some(_) => self
                .patterns
                .iter()
                .any(|pattern| pattern.covers(case, failures)),
        };
        if covered {
            self.met.borrow_mut().insert(case.id.clone());
        }
        covered
    }

    /// Those that are listed and did not fail, or are no case at all. It is not known of another folder.
    pub(crate) fn unmet(&self) -> Vec<String> {
        if self.known.is_some() {
            return Vec::new();
        }
        self.listed
            .difference(&self.met.borrow())
            .cloned()
            .collect()
    }

    /// Those of another folder that were taken for differences.
    pub(crate) fn taken(&self) -> Vec<String> {
        let met = self.met.borrow();
        if self.known.is_some() {
            met.iter().cloned().collect()
        } else {
            Vec::new()
        }
    }
}

/// Whether what differs is to be written anew.
pub(crate) fn updates() -> bool {
    std::env::var_os("KOA_UPDATE_DIFFERENCES").is_some()
}

/// A case's number, and below it, indented, what differs in it.
fn recorded(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut cases: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut id = "";
    for line in text.lines() {
        match line.strip_prefix("    ") {
            Some(failure) => cases
                .entry(id.to_owned())
                .or_default()
                .push(failure.to_owned()),
            None => id = line,
        }
    }
    cases
}

/// By what the cases of a difference are known: `family[condition&condition]`.
struct Pattern {
    family: String,
    conditions: Vec<(String, String)>,
}

impl Pattern {
    fn parse(word: &str) -> Option<Self> {
        let (family, conditions) = word.strip_suffix(']')?.split_once('[')?;
        let conditions = conditions.split('&').map(|condition| {
            let (name, value) = condition.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        });
        Some(Self {
            family: family.to_owned(),
            conditions: conditions.collect(),
        })
    }

    /// Whether the case is one of these, and nothing fails in it but what may.
    fn covers(&self, case: &Case, failures: &[String]) -> bool {
        let mut conditions = self.conditions.iter();
        case.family == self.family
            && conditions.all(|(name, value)| holds(name, value, case, failures))
    }
}

fn holds(name: &str, value: &str, case: &Case, failures: &[String]) -> bool {
    let request = &case.request;
    let header = |name: &str| {
        let mut headers = request.headers.iter();
        headers
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    };
    let json = |value: &str| serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    match name {
        "tag" => case.tags.iter().any(|tag| tag == value),
        "header" => header(value).is_some(),
        // A header with a text in it: `holds=host:@`.
        "holds" => {
            let (name, text) = value.split_once(':').unwrap();
            header(name).is_some_and(|value| value.contains(text))
        }
        // A header whose first value is none of these: `unlike=x-forwarded-proto:http+https`.
        "unlike" => {
            let (name, values) = value.split_once(':').unwrap();
            let first = header(name).map(|text| text.split(',').next().unwrap().trim());
            first.is_some_and(|first| values.split('+').all(|value| value != first))
        }
        // A header with a URL of the same host that does not begin with the request's own origin.
        "near" => header(value).is_some_and(|url| is_near(url, header("host"), request.encrypted)),
        "target" => request.target.contains(value),
        // A target in absolute form without a path.
        "path" if value == "none" => request.target.matches('/').count() == 2,
        "offset" => case.app.subdomain_offset == value.parse().ok(),
        "op" => any_step(case, &|step| step.op == value),
        "arg" => any_step(case, &|step| step.args.first() == Some(&json(value))),
        "second" => any_step(case, &|step| step.args.get(1) == Some(&json(value))),
        "throws" => any_step(case, &|step| step.op == value && step.throws.is_some()),
        // The status that was recorded, and the one that came.
        "status" => value.parse().ok() == Some(case.response.status),
        "got" => {
            let got = format!(", got {value}");
            let status = |line: &String| line.starts_with("status: ") && line.ends_with(&got);
            failures.iter().any(status)
        }
        // What fails begins with one of these, `fails=headers+body`; each is an operation, or a part of the response.
        "fails" => failures.iter().all(|line| {
            let line = match line.strip_prefix("exchange ") {
                Some(rest) => rest.split_once(": ").map_or(rest, |(_, line)| line),
                None => line,
            };
            let subject = line.split(['(', ':', ' ']).next();
            subject.is_some_and(|subject| value.split('+').any(|value| value == subject))
        }),
        // What fails says this, with spaces for the underscores.
        "says" => {
            let text = value.replace('_', " ");
            failures.iter().any(|line| line.contains(&text))
        }
        other => panic!("no condition {other}"),
    }
}

fn any_step(case: &Case, is_one: &dyn Fn(&Step) -> bool) -> bool {
    let exchanges = case.exchanges.iter();
    case.any_step(is_one) || exchanges.flat_map(|exchange| &exchange.steps).any(is_one)
}

fn is_near(url: &str, host: Option<&str>, encrypted: bool) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let without_port = |host: &str| match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host.to_lowercase(),
        _ => host.to_lowercase(),
    };
    let host = host.unwrap_or_default();
    let its_host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let own_scheme = if encrypted { "https" } else { "http" };
    without_port(its_host) == without_port(host) && (scheme != own_scheme || its_host != host)
}
