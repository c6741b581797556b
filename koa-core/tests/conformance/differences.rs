//! The table of deliberate differences, from the page that users read.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use crate::cases::Case;

pub(crate) struct Differences {
    /// The cases, as `family/number`.
    pub listed: BTreeSet<String>,
    /// Whether they are those of the folder that is replayed.
    own: bool,
    /// Those that were met.
    met: RefCell<BTreeSet<String>>,
}

impl Differences {
    /// Reads the first cell of each row: cases such as `redirect/0107 0140`. A row without any is a difference that no
    /// case shows.
    pub(crate) fn read(page: &Path, own: bool) -> Self {
        let text = std::fs::read_to_string(page).unwrap();
        let mut listed = BTreeSet::new();
        for row in text.lines().filter(|line| line.starts_with('|')) {
            let cell = row.split('|').nth(1).unwrap_or("");
            let mut family = "";
            for word in cell.split([' ', ',', '`']).filter(|word| !word.is_empty()) {
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
        Self {
            listed,
            own,
            met: RefCell::default(),
        }
    }

    /// Whether a case that failed is listed.
    pub(crate) fn covers(&self, case: &Case) -> bool {
        let listed = self.own && self.listed.contains(&case.id);
        if listed {
            self.met.borrow_mut().insert(case.id.clone());
        }
        listed
    }

    /// Those that are listed and did not fail, or are no case at all.
    pub(crate) fn unmet(&self) -> Vec<String> {
        if !self.own {
            return Vec::new();
        }
        self.listed
            .difference(&self.met.borrow())
            .cloned()
            .collect()
    }
}
