//! One call of a provider: a batch of keys in, and what is to be done about each staff member out.

use video_host::CallError;
use video_host::provider::{Error, Look, MatchOutcome};

use super::store::Answer;
use super::{Candidate, reason};
use crate::integration::Integration;
use crate::patience::{named_wait, passes};
use crate::provider::VideoProvider;

/// What a call came to.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Who has an outcome.
    pub(super) answers: Vec<(Candidate, Answer)>,
    /// Who was missed by key, and has to be looked for by address.
    pub(super) missed: Vec<Candidate>,
    /// Who was put off, and for how many milliseconds, if the provider said so.
    pub(super) put_off: Vec<(Candidate, Option<u64>)>,
    /// Why the whole call came to nothing, if it did.
    pub(super) failed: Option<CallError>,
}

impl Asked {
    /// What the call says about the integration.
    pub(super) fn heard(&self) -> Result<(), &CallError> {
        self.failed.as_ref().map_or(Ok(()), Err)
    }
}

/// Asks for one batch. An error concerns the account or the plugin, and with it everybody.
pub(super) async fn ask<P: VideoProvider>(
    provider: &P,
    integration: &Integration,
    look: Look,
    batch: &[Candidate],
) -> Result<Asked, CallError> {
    let keys: Vec<_> = batch.iter().map(|candidate| candidate.key.clone()).collect();
    let outcomes = match provider.match_users(&keys, look).await {
        Ok(outcomes) => outcomes,
        Err(error) if passes(&error) => {
            let wait = named_wait(&error);
            let put_off = batch.iter().map(|candidate| (candidate.clone(), wait));
            return Ok(Asked { put_off: put_off.collect(), failed: Some(error), ..Asked::default() });
        }
        Err(error) => return Err(error),
    };
    let mut asked = Asked::default();
    for (candidate, outcome) in batch.iter().cloned().zip(outcomes) {
        if look == Look::Keys && outcome == MatchOutcome::NotFound {
            asked.missed.push(candidate);
            continue;
        }
        match reason::of_outcome(outcome, provider.description(), integration.match_field) {
            Ok(answer) => asked.answers.push((candidate, answer)),
            Err(ms) => asked.put_off.push((candidate, Some(ms))),
        }
    }
    if asked.answers.is_empty() && asked.missed.is_empty() && !asked.put_off.is_empty() {
        // Every item was put off: that is a throttled call by another name.
        let longest = asked.put_off.iter().filter_map(|(_, wait)| *wait).max();
        asked.failed = Some(CallError::Provider(Error::Throttled(longest)));
    }
    Ok(asked)
}
