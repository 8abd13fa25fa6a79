//! Links that sign somebody in, once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::secret;

struct Link {
    staff: String,
    ends: i64,
}

/// The links that were given out and not used yet, by their tokens.
pub(crate) struct Links {
    given: Mutex<HashMap<String, Link>>,
    lifetime: i64,
}

impl Links {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { given: Mutex::default(), lifetime: i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX) }
    }

    /// A token for a staff member.
    pub(crate) fn give(&self, staff: &str, now: i64) -> String {
        let token = secret::random();
        let mut given = self.lock();
        given.retain(|_, link| link.ends > now);
        given
            .insert(token.clone(), Link { staff: staff.to_owned(), ends: now.saturating_add(self.lifetime) });
        token
    }

    /// Whose link it is, if it can be used. It is used up by this.
    pub(crate) fn take(&self, token: &str, now: i64) -> Option<String> {
        let link = self.lock().remove(token)?;
        (link.ends > now).then_some(link.staff)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Link>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_once_and_for_a_while() {
        let links = Links::new(Duration::from_mins(1));
        let (one, two) = (links.give("CB-1", 0), links.give("CB-2", 0));
        assert_eq!(links.take(&one, 59_999), Some("CB-1".to_owned()));
        assert_eq!(links.take(&one, 59_999), None);
        assert_eq!(links.take(&two, 60_000), None);
        assert_eq!(links.take("", 0), None);
    }
}
