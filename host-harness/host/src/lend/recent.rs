//! What was read a moment ago, so that a call in a busy host asks the store for nothing.
//!
//! A read through the store's thread costs more than the whole sandbox. What this process writes is seen
//! by it at once; what another process wrote is seen within [`STALE_MS`].

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, PoisonError};

use crate::store::{Entry, Integration};
use crate::vault::AccessToken;

/// How long something read is used without asking again, in milliseconds of the host's clock.
const STALE_MS: i64 = 1_000;

/// Keys of one integration that are remembered; a plugin that reads more has them read.
const KEYS: usize = 16;

/// Half of the integrations that are remembered: more than a host serves in a second.
const INTEGRATIONS: usize = 1_024;

/// The recent reads of all integrations of a host.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Integrations>);

/// In two halves, so that nobody has to look for the oldest: who is served moves to the younger one, and when
/// that is full the older one goes.
#[derive(Debug, Default)]
struct Integrations {
    younger: HashMap<Integration, Reads>,
    older: HashMap<Integration, Reads>,
    /// Counts the writes of all integrations, and those that were forgotten: no number comes twice, so that
    /// an integration that was forgotten and came back is not taken for what it was.
    changes: u64,
}

#[derive(Debug, Default)]
struct Reads {
    /// Changes with every write: what was read before a write is not put in after it.
    changed: u64,
    entries: HashMap<String, (i64, Entry)>,
    tokens: HashMap<String, (i64, AccessToken)>,
}

/// When a read began: what it found is remembered only if nothing was written meanwhile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    changed: u64,
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

impl Integrations {
    fn of(&mut self, integration: &Integration) -> &mut Reads {
        if !self.younger.contains_key(integration) {
            let reads = self.older.remove(integration).unwrap_or_else(|| self.nothing());
            if self.younger.len() >= INTEGRATIONS {
                self.older = mem::take(&mut self.younger);
            }
            self.younger.insert(integration.clone(), reads);
        }
        self.younger.get_mut(integration).expect("it was there or was just put in")
    }

    fn forget(&mut self, integration: &Integration) {
        let nothing = self.nothing();
        *self.of(integration) = nothing;
    }

    fn nothing(&mut self) -> Reads {
        self.changes += 1;
        Reads { changed: self.changes, ..Reads::default() }
    }
}

impl Recent {
    fn with<R>(&self, integration: &Integration, act: impl FnOnce(&mut Reads) -> R) -> R {
        act(self.0.lock().unwrap_or_else(PoisonError::into_inner).of(integration))
    }

    /// Before a read of the store.
    pub(crate) fn begin(&self, integration: &Integration, now: i64) -> Begun {
        self.with(integration, |reads| Begun { changed: reads.changed, at: now })
    }

    /// After anything of the integration was written, and before its writer is told.
    pub(crate) fn written(&self, integration: &Integration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).forget(integration);
    }

    /// A value of the integration's storage, if it was read a moment ago.
    pub(crate) fn entry(&self, integration: &Integration, key: &str, now: i64) -> Option<Entry> {
        self.with(integration, |reads| fresh(&reads.entries, key, now))
    }

    /// Remembers a value. That a key holds nothing is not remembered.
    pub(crate) fn keep_entry(&self, integration: &Integration, key: &str, begun: Begun, entry: &Entry) {
        self.with(integration, |reads| {
            if reads.changed == begun.changed {
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
            if reads.changed == begun.changed {
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
    fn integrations_that_are_served_no_more_are_forgotten() {
        let recent = Recent::default();
        let integration = |n: usize| n.to_string().parse().unwrap();
        let begun = recent.begin(&integration(0), 0);
        for n in 0..10 * INTEGRATIONS {
            recent.keep_entry(&integration(n), "key", recent.begin(&integration(n), 0), &entry("value"));
            assert_eq!(recent.entry(&integration(n), "key", 0), Some(entry("value")));
        }
        let kept = recent.0.lock().unwrap();
        assert!(kept.younger.len() + kept.older.len() <= 2 * INTEGRATIONS);
        drop(kept);
        // Forgotten meanwhile: whether anything was written since then is not known any more.
        recent.keep_entry(&integration(0), "key", begun, &entry("old"));
        assert_eq!(recent.entry(&integration(0), "key", 0), None);
    }

    #[test]
    fn an_integration_that_is_in_use_is_not_forgotten_for_those_that_come_and_go() {
        let (recent, busy) = (Recent::default(), "busy".parse().unwrap());
        recent.keep_entry(&busy, "key", recent.begin(&busy, 0), &entry("value"));
        for n in 0..10 * INTEGRATIONS {
            recent.begin(&n.to_string().parse().unwrap(), 0);
            assert_eq!(recent.entry(&busy, "key", 0), Some(entry("value")));
        }
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
