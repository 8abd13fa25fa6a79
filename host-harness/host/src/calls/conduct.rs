//! How a plugin behaves for a tenant. Who misbehaves costs more than it gives, and is held back for a while.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Times are of [`Clock::elapsed`](crate::clock::Clock::elapsed).
#[derive(Debug)]
pub(super) struct Conduct {
    /// None: nobody is ever held back.
    lasts: Option<Duration>,
    held_back_until: Mutex<Duration>,
}

impl Conduct {
    pub(super) fn new(lasts: Option<Duration>) -> Self {
        Self { lasts, held_back_until: Mutex::default() }
    }

    /// A call misbehaved. True if its like was not held back before.
    pub(super) fn misbehaved(&self, now: Duration) -> bool {
        let Some(lasts) = self.lasts else { return false };
        let mut until = self.held_back_until.lock().unwrap_or_else(PoisonError::into_inner);
        let first = *until <= now;
        *until = now.saturating_add(lasts);
        first
    }

    /// For how long calls are held back.
    pub(super) fn held_back_for(&self, now: Duration) -> Option<Duration> {
        let until = *self.held_back_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.checked_sub(now).filter(|left| *left > Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn who_misbehaves_is_held_back_from_then_on_until_it_has_not_for_a_while() {
        let conduct = Conduct::new(Some(s(60)));
        assert_eq!(conduct.held_back_for(s(0)), None);
        assert!(conduct.misbehaved(s(10)));
        assert_eq!(conduct.held_back_for(s(40)), Some(s(30)));
        assert!(!conduct.misbehaved(s(40)), "it is known already");
        assert_eq!(conduct.held_back_for(s(99)), Some(s(1)));
        assert_eq!(conduct.held_back_for(s(100)), None);
        assert!(conduct.misbehaved(s(100)));
    }

    #[test]
    fn a_host_that_holds_nobody_back_does_not() {
        let conduct = Conduct::new(None);
        assert!(!conduct.misbehaved(s(1)));
        assert_eq!(conduct.held_back_for(s(1)), None);
    }
}
