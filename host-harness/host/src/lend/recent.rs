//! What was read a moment ago, so that a call in a busy host asks the store for nothing.
//!
//! A read through the store's thread costs more than the whole sandbox. What this process writes is seen
//! by it at once; what another process wrote is seen within [`STALE_MS`].

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::store::{Entry, Integration};
use crate::vault::AccessToken;

/// How long something read is used without asking again, in milliseconds of the host's clock.
const STALE_MS: i64 = 1_000;

/// Keys of one integration that are remembered; a plugin that reads more has them read.
const KEYS: usize = 16;

/// The recent reads of all integrations of a host.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    integrations: Mutex<HashMap<Integration, Reads>>,
}

#[derive(Debug, Default)]
struct Reads {
    /// Grows with every write: what was read before a write is not put in after it.
    writes: u64,
    entries: HashMap<String, (i64, Entry)>,
    tokens: HashMap<String, (i64, AccessToken)>,
}

/// When a read began: what it found is remembered only if nothing was written meanwhile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    writes: u64,
    at: i64,
}

fn fresh<T: Clone>(reads: &HashMap<String, (i64, T)>, name: &str, now: i64) -> Option<T> {
    reads
        .get(name)
        .filter(|(at, _)| (0..STALE_MS).contains(&now.saturating_sub(*at)))
        .map(|(_, it)| it.clone())
}

fn put<T>(reads: &mut HashMap<String, (i64, T)>, name: &str, at: i64, value: T) {
    if reads.len() >= KEYS && !reads.contains_key(name) {
        reads.clear();
    }
    reads.insert(name.to_owned(), (at, value));
}

impl Recent {
    fn with<R>(&self, integration: &Integration, act: impl FnOnce(&mut Reads) -> R) -> R {
        let mut integrations = self.integrations.lock().unwrap_or_else(PoisonError::into_inner);
        match integrations.get_mut(integration) {
            Some(reads) => act(reads),
            None => act(integrations.entry(integration.clone()).or_default()),
        }
    }

    /// Before a read of the store.
    pub(crate) fn begin(&self, integration: &Integration, now: i64) -> Begun {
        self.with(integration, |reads| Begun { writes: reads.writes, at: now })
    }

    /// After anything of the integration was written, and before its writer is told.
    pub(crate) fn written(&self, integration: &Integration) {
        self.with(integration, |reads| {
            reads.writes += 1;
            reads.entries.clear();
            reads.tokens.clear();
        });
    }

    /// A value of the integration's storage, if it was read a moment ago.
    pub(crate) fn entry(&self, integration: &Integration, key: &str, now: i64) -> Option<Entry> {
        self.with(integration, |reads| fresh(&reads.entries, key, now))
    }

    /// Remembers a value. That a key holds nothing is not remembered.
    pub(crate) fn keep_entry(&self, integration: &Integration, key: &str, begun: Begun, entry: &Entry) {
        self.with(integration, |reads| {
            if reads.writes == begun.writes {
                put(&mut reads.entries, key, begun.at, entry.clone());
            }
        });
    }

    /// An access token, if it was handed out a moment ago: it is good for longer than that, as tokens are
    /// renewed ahead of their end.
    pub(crate) fn token(&self, integration: &Integration, name: &str, now: i64) -> Option<AccessToken> {
        self.with(integration, |reads| fresh(&reads.tokens, name, now))
    }

    /// Remembers an access token.
    pub(crate) fn keep_token(
        &self,
        integration: &Integration,
        name: &str,
        begun: Begun,
        token: &AccessToken,
    ) {
        self.with(integration, |reads| {
            if reads.writes == begun.writes {
                put(&mut reads.tokens, name, begun.at, token.clone());
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(value: &str) -> Entry {
        Entry { value: value.as_bytes().to_vec(), version: "1".to_owned() }
    }

    #[test]
    fn what_was_read_is_used_for_a_second_and_no_longer() {
        let (recent, integration) = (Recent::default(), "one".parse().unwrap());
        let begun = recent.begin(&integration, 5_000);
        recent.keep_entry(&integration, "key", begun, &entry("value"));
        assert_eq!(recent.entry(&integration, "key", 5_999), Some(entry("value")));
        assert_eq!(recent.entry(&integration, "key", 6_000), None);
        assert_eq!(recent.entry(&integration, "key", 4_000), None, "a clock that was set back");
        assert_eq!(recent.entry(&"other".parse().unwrap(), "key", 5_000), None);
    }

    #[test]
    fn what_was_read_before_a_write_is_not_remembered_after_it() {
        let (recent, integration) = (Recent::default(), "one".parse().unwrap());
        let begun = recent.begin(&integration, 0);
        recent.written(&integration);
        recent.keep_entry(&integration, "key", begun, &entry("old"));
        assert_eq!(recent.entry(&integration, "key", 0), None);

        recent.keep_entry(&integration, "key", recent.begin(&integration, 0), &entry("new"));
        recent.written(&integration);
        assert_eq!(recent.entry(&integration, "key", 0), None);
    }

    #[test]
    fn a_plugin_that_reads_many_keys_fills_no_memory() {
        let (recent, integration) = (Recent::default(), "one".parse().unwrap());
        for n in 0..1_000 {
            recent.keep_entry(&integration, &n.to_string(), recent.begin(&integration, 0), &entry("value"));
        }
        assert!(recent.with(&integration, |reads| reads.entries.len()) <= KEYS);
    }
}
