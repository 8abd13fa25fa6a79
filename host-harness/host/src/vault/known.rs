//! The secrets that this process has seen lately, by integration: what a [`Redactor`] is made of.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use secrecy::{ExposeSecret as _, SecretString};

use super::client::ClientKeys;
use super::locked;
use super::redactor::{Needles, Redactor, spellings};
use crate::store::Integration;

/// Present and previous tokens of a credential and of a pending one, and a code with its verifier,
/// with some to spare.
const RECENT: usize = 16;

#[derive(Default)]
pub(super) struct KnownSecrets(Mutex<HashMap<Integration, Known>>);

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
        let mut known = locked(&self.0);
        let known = known.entry(integration.clone()).or_default();
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

    pub(super) fn redactor(&self, integration: &Integration, client: &ClientKeys) -> Redactor {
        let mut known = locked(&self.0);
        let known = known.entry(integration.clone()).or_default();
        let (old, new) = (known.client.as_ref().map(|(secret, _)| secret), client.secret.as_ref());
        if old.map(SecretString::expose_secret) != new.map(SecretString::expose_secret) {
            known.client = new.and_then(|new| Some((new.clone(), spellings(new.expose_secret())?)));
            known.rebuild();
        }
        known.redactor.clone()
    }
}

impl Known {
    fn rebuild(&mut self) {
        let all = self.client.iter().chain(&self.recent).map(|(_, needles)| needles.clone());
        self.redactor = Redactor::new(all.collect());
    }
}
