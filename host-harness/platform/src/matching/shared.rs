//! Sorting out the staff whom no provider needs to be asked for: without a key, or with one that
//! somebody else has too.

use std::collections::HashMap;

use super::reason;
use super::store::Answer;
use crate::integration::MatchField;
use crate::staff::StaffMember;

/// A staff member with the key to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) staff: String,
    /// As the staff record has it.
    pub(super) key: String,
}

impl Candidate {
    /// The key as it is compared: addresses and sign-in names do not tell upper from lower case.
    pub(super) fn comparable(&self) -> String {
        self.key.to_lowercase()
    }
}

/// Who has an outcome already, and whom to ask for.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) settled: Vec<(Candidate, Answer)>,
    pub(super) to_ask: Vec<Candidate>,
}

/// Sorts those of all staff who are wanted; the others count as holders of their keys.
pub(super) fn sort(
    everybody: &[StaffMember],
    field: MatchField,
    wanted: impl Fn(&StaffMember) -> bool,
) -> Sorted {
    let key = |member: &StaffMember| field.of(member).trim().to_lowercase();
    let mut holders = HashMap::<String, Vec<usize>>::new();
    for (place, member) in everybody.iter().enumerate() {
        holders.entry(key(member)).or_default().push(place);
    }
    let mut chosen: Vec<bool> = everybody.iter().map(&wanted).collect();
    // Both of a pair are told, also when one of them was asked for.
    for (key, places) in &holders {
        if !key.is_empty() && places.iter().any(|place| chosen[*place]) {
            for place in places {
                chosen[*place] = true;
            }
        }
    }
    let mut sorted = Sorted::default();
    for (place, member) in everybody.iter().enumerate().filter(|(place, _)| chosen[*place]) {
        let candidate = Candidate { staff: member.id.clone(), key: field.of(member).trim().to_owned() };
        let same = holders.get(&key(member)).map(Vec::as_slice).unwrap_or_default();
        if candidate.key.is_empty() {
            sorted.settled.push((candidate, reason::no_key(field)));
        } else if same.len() > 1 {
            let others: Vec<_> =
                same.iter().filter(|other| **other != place).map(|other| title(&everybody[*other])).collect();
            sorted.settled.push((candidate, reason::shared(&others)));
        } else {
            sorted.to_ask.push(candidate);
        }
    }
    sorted
}

fn title(member: &StaffMember) -> String {
    if member.name.is_empty() { member.id.clone() } else { format!("{} ({})", member.name, member.id) }
}
