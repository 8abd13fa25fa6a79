//! The secrets that this process has seen lately, by integration: what a [`Redactor`] is made of.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};

use super::client::ClientKeys;
use super::locked;
use super::redactor::{Needles, Redactor, spellings};
use crate::store::Integration;

/// Present and previous tokens of a credential and of a pending one, and a code with its verifier,
/// with some to spare.
const RECENT: usize = 16;

/// How long the secrets of an integration that is gone are known still: longer than any call takes, which may say
/// them until its end.
const LINGER: Duration = Duration::from_mins(10);

#[derive(Default)]
pub(super) struct KnownSecrets(Mutex<All>);

#[derive(Default)]
struct All {
    of: HashMap<Integration, Known>,
    /// Whose are to be forgotten, and since when, the oldest first.
    gone: VecDeque<(Instant, Integration)>,
}

#[derive(Default)]
struct Known {
    /// Apart from the others, which come and go.
    client: Option<(SecretString, Needles)>,
    recent: VecDeque<(SecretString, Needles)>,
    redactor: Redactor,
}

impl KnownSecrets {
    /// Adds secrets that were sent or received; the oldest are forgotten for them.
    pub(super) fn remember<'a>(&self, integration: &Integration, secrets: impl IntoIterator<Item = &'a str>) {
        let mut all = locked(&self.0);
        all.sweep(Instant::now());
        // It is there again.
        all.gone.retain(|(_, gone)| gone != integration);
        let known = all.of.entry(integration.clone()).or_default();
        let mut changed = false;
        for secret in secrets {
            if known.recent.iter().any(|(old, _)| old.expose_secret() == secret) {
                continue;
            }
            if let Some(needles) = spellings(secret) {
                known.recent.truncate(RECENT - 1);
                known.recent.push_front((secret.into(), needles));
                changed = true;
            }
        }
        if changed {
            known.rebuild();
        }
    }

    /// Has the secrets of an integration that is gone forgotten, a while after `now`.
    pub(super) fn forget(&self, integration: &Integration, now: Instant) {
        let mut all = locked(&self.0);
        all.sweep(now);
        if all.of.contains_key(integration) && all.gone.iter().all(|(_, gone)| gone != integration) {
            all.gone.push_back((now, integration.clone()));
        }
    }

    pub(super) fn redactor(&self, integration: &Integration, client: &ClientKeys) -> Redactor {
        let mut all = locked(&self.0);
        if client.secret.is_none() && !all.of.contains_key(integration) {
            return Redactor::default();
        }
        let known = all.of.entry(integration.clone()).or_default();
        let (old, new) = (known.client.as_ref().map(|(secret, _)| secret), client.secret.as_ref());
        if old.map(SecretString::expose_secret) != new.map(SecretString::expose_secret) {
            known.client = new.and_then(|new| Some((new.clone(), spellings(new.expose_secret())?)));
            known.rebuild();
        }
        known.redactor.clone()
    }
}

impl All {
    fn sweep(&mut self, now: Instant) {
        while let Some((since, _)) = self.gone.front()
            && now.saturating_duration_since(*since) >= LINGER
            && let Some((_, integration)) = self.gone.pop_front()
        {
            self.of.remove(&integration);
        }
    }
}

impl Known {
    fn rebuild(&mut self) {
        let all = self.client.iter().chain(&self.recent).map(|(_, needles)| needles.clone());
        self.redactor = Redactor::new(all.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_who_is_gone_are_known_until_its_last_call_has_ended_and_no_longer() {
        const SECRET: &str = "a-token-of-an-organisation";
        let (known, now) = (KnownSecrets::default(), Instant::now());
        let [gone, back] = ["gone", "back"].map(|id| id.parse::<Integration>().expect("an id"));
        for integration in [&gone, &back] {
            known.remember(integration, [SECRET]);
            known.forget(integration, now);
        }
        let is_taken_out =
            |of: &Integration| known.redactor(of, &ClientKeys::default()).text(SECRET).as_ref() != SECRET;
        assert!(is_taken_out(&gone));
        known.remember(&back, ["another-token-of-it"]);
        locked(&known.0).sweep(now + LINGER);
        assert!(!is_taken_out(&gone) && !locked(&known.0).of.contains_key(&gone));
        assert!(is_taken_out(&back), "it was connected again");
    }
}
