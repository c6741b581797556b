//! The table of deliberate differences, from the page that users read.
//!
//! The first cell of a row names the cases: `redirect/0107 0140`. For another folder of cases, whose numbers mean
//! something else, it may also say by what the cases of that difference are known: `freshness[header=if-none-match]`.
//!
//! What differs in a listed case stands in `differences.txt`, line for line, so that a case that comes to fail in
//! another way is a failure. `KOA_UPDATE_DIFFERENCES=1` writes the file anew, to be read before it is committed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::cases::{Case, Family};

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
            Some(_) => self.patterns.iter().any(|pattern| pattern.matches(case)),
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

    fn matches(&self, case: &Case) -> bool {
        let holds = |(name, value): &(String, String)| match name.as_str() {
            "tag" => case.tags.contains(value),
            "header" => case
                .request
                .headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(value)),
            "target" => case.request.target.contains(value),
            "op" => case.any_step(&|step| step.op == *value),
            "arg" => case.any_step(&|step| {
                let first = step.args.first();
                first.is_some_and(
                    |first| match serde_json::from_str::<serde_json::Value>(value) {
                        Ok(json) => *first == json,
                        Err(_) => first.as_str() == Some(value),
                    },
                )
            }),
            other => panic!("no condition {other}"),
        };
        case.family == self.family && self.conditions.iter().all(holds)
    }
}
