//! The table as a person reads it: for each call and each of its requests, the faults by what they come
//! to.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use mock_graph::Operation;

/// What came of one call under one fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Of the call that met the fault.
    pub(crate) told: String,
    /// Meetings of the appointment after it.
    pub(crate) after: usize,
    /// Of the same call without the fault.
    pub(crate) then: String,
    /// Meetings in the end, latecomers arrived.
    pub(crate) left: usize,
}

/// What came of a call, by the faults' names.
pub(crate) type Rows = Vec<(String, Outcome)>;

/// The part of the table that is about one call.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// What the call is, its requests, and what it gives without a fault.
    pub(crate) heading: String,
    /// The rows of each of its requests; of none if it makes none.
    pub(crate) requests: Vec<(Option<Operation>, Rows)>,
    /// What callers were told, as sentences.
    pub(crate) sentences: BTreeSet<String>,
}

impl Part {
    /// The rows, those with the same outcome in one line.
    pub(crate) fn shown(&self) -> String {
        let mut text = format!("{}\n", self.heading);
        for (target, rows) in &self.requests {
            match target {
                Some(operation) => _ = writeln!(text, "  {operation:?}"),
                None => text.push_str("  no request, whatever would befall it\n"),
            }
            let mut outcomes = Vec::<(&Outcome, Vec<&str>)>::new();
            for (fault, outcome) in rows {
                match outcomes.iter_mut().find(|(known, _)| *known == outcome) {
                    Some((_, faults)) => faults.push(fault),
                    None => outcomes.push((outcome, vec![fault])),
                }
            }
            for (Outcome { told, after, then, left }, faults) in outcomes {
                _ = writeln!(text, "    {told}, {after} | then {then}, {left}");
                wrap(&mut text, &faults);
            }
        }
        text
    }
}

/// The names of faults, in lines that are not too long.
fn wrap(text: &mut String, faults: &[&str]) {
    const INDENT: &str = "        ";
    let mut line = INDENT.to_owned();
    for (n, fault) in faults.iter().enumerate() {
        if line.len() + fault.len() > 100 {
            _ = writeln!(text, "{}", line.trim_end());
            INDENT.clone_into(&mut line);
        }
        line.push_str(fault);
        line.push_str(if n + 1 < faults.len() { ", " } else { "" });
    }
    _ = writeln!(text, "{line}");
}
