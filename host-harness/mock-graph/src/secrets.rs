//! Every secret that passed through, so that tests can look for them where they must not be.

use std::collections::HashSet;
use std::sync::Mutex;

use crate::locks::lock;

#[derive(Debug, Default)]
pub(crate) struct Secrets {
    all: Mutex<HashSet<String>>,
    tokens: Mutex<HashSet<String>>,
}

impl Secrets {
    pub(crate) fn note(&self, secret: &str) {
        if !secret.is_empty() {
            lock(&self.all).insert(secret.to_owned());
        }
    }

    /// An access or a refresh token, which no one but the client's trusted part may ever hold.
    pub(crate) fn note_token(&self, token: &str) {
        self.note(token);
        lock(&self.tokens).insert(token.to_owned());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        lock(&self.all).iter().cloned().collect()
    }

    pub(crate) fn tokens(&self) -> Vec<String> {
        lock(&self.tokens).iter().cloned().collect()
    }
}
