#![doc = include_str!("../README.md")]

mod backend;
mod bench;
mod judge;
mod report;
mod rule;

pub use backend::{Alone, Backend, Fault, Keys, SigningIn, Who};
pub use report::{Judged, Report, Subject, Verdict};
pub use rule::Rule;

use anyhow::Result;
use bench::{Bench, Opened};

/// Holds a component against every rule. An error is that the suite could not be run, for instance because
/// there is no place for its files; what is wrong with the component stands in the report.
pub async fn check(component: &[u8], backend: &dyn Backend) -> Result<Report> {
    check_rules(component, backend, &Rule::ALL).await
}

/// The same for some rules only.
pub async fn check_rules(component: &[u8], backend: &dyn Backend, rules: &[Rule]) -> Result<Report> {
    let bench = match Bench::open(component, backend).await? {
        Opened::Bench(bench) => bench,
        Opened::Refused(error) => return Ok(Report::of_refused(component, rules, &error)),
    };
    let mut report = Report::of(&bench);
    for rule in rules {
        report.judged.push(Judged::new(*rule, judge::judge(*rule, &bench).await));
    }
    Ok(report)
}
