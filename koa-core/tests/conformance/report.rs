//! The table at the end, and whether the run has failed.

use std::collections::BTreeMap;
use std::process::ExitCode;

use crate::cases::Case;
use crate::differences::Differences;

pub(crate) enum Outcome {
    Passed,
    Differs,
    Failed(Vec<String>),
}

#[derive(Default)]
pub(crate) struct Report {
    families: BTreeMap<String, Counts>,
    failed: Vec<(String, Vec<String>)>,
    passed: Vec<String>,
}

#[derive(Default, Clone, Copy)]
struct Counts {
    passed: usize,
    failed: usize,
    differs: usize,
}

impl Report {
    pub(crate) fn add(&mut self, case: &Case, outcome: Outcome) {
        let counts = self.families.entry(case.family.clone()).or_default();
        match outcome {
            Outcome::Passed => {
                counts.passed += 1;
                self.passed.push(case.id.clone());
            }
            Outcome::Differs => counts.differs += 1,
            Outcome::Failed(failures) => {
                counts.failed += 1;
                self.failed.push((case.id.clone(), failures));
            }
        }
    }

    pub(crate) fn finish(&self, differences: &Differences) -> ExitCode {
        for (id, failures) in &self.failed {
            println!("FAILED {id}");
            for failure in failures {
                println!("    {failure}");
            }
        }
        println!(
            "\n{:<24}{:>8}{:>8}{:>13}",
            "family", "passed", "failed", "differences"
        );
        let mut all = Counts::default();
        for (family, counts) in &self.families {
            row(family, *counts);
            all.passed += counts.passed;
            all.failed += counts.failed;
            all.differs += counts.differs;
        }
        row("all", all);
        let replayed = all.passed + all.failed + all.differs;
        let share = 100.0 * all.differs as f64 / replayed.max(1) as f64;
        println!("\n{replayed} cases replayed, {share:.2} % of them deliberate differences");
        let taken = differences.taken();
        if !taken.is_empty() {
            println!("taken for deliberate differences: {}", taken.join(" "));
        }
        let unmet = differences.unmet();
        for id in &unmet {
            let why = if self.passed.contains(id) {
                "passes"
            } else {
                "does not exist"
            };
            println!("LISTED as a difference, but {why}: {id}");
        }
        if all.failed == 0 && unmet.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn row(name: &str, counts: Counts) {
    let Counts {
        passed,
        failed,
        differs,
    } = counts;
    println!("{name:<24}{passed:>8}{failed:>8}{differs:>13}");
}
