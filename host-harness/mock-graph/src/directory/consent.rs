//! What an application may do in a tenant: consents, app roles, application access policies.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

/// An application installed in a tenant (its service principal).
#[derive(Debug, Default)]
pub(crate) struct Installed {
    /// Delegated permissions an administrator granted for everyone.
    pub(crate) for_everyone: HashSet<String>,
    /// Delegated permissions users granted for themselves, by object id.
    pub(crate) by_user: HashMap<String, HashSet<String>>,
    /// Application permissions (app roles).
    pub(crate) roles: HashSet<String>,
    /// Application access policies.
    pub(crate) policies: Vec<Policy>,
}

#[derive(Debug)]
pub(crate) struct Policy {
    /// The user it is granted for; `None` means the whole tenant.
    pub(crate) user: Option<String>,
    /// Up to 30 minutes after it was granted.
    pub(crate) applies_from: Timestamp,
}

impl Installed {
    pub(crate) fn has_consented(&self, user: &str, scope: &str) -> bool {
        let has = |granted: &HashSet<String>| granted.iter().any(|known| known.eq_ignore_ascii_case(scope));
        has(&self.for_everyone) || self.by_user.get(user).is_some_and(has)
    }

    pub(crate) fn scopes_of(&self, user: &str) -> Vec<String> {
        let own = self.by_user.get(user).into_iter().flatten();
        let mut scopes: Vec<String> = self.for_everyone.iter().chain(own).cloned().collect();
        scopes.sort();
        scopes.dedup();
        scopes
    }

    pub(crate) fn policy_applies(&self, user: &str, now: Timestamp) -> bool {
        self.policies
            .iter()
            .any(|policy| policy.applies_from <= now && policy.user.as_deref().is_none_or(|id| id == user))
    }
}
