//! The users of one tenant, indexed by everything Graph can be asked for: a lookup must not walk
//! a directory of 100,000.

use std::collections::HashMap;
use std::sync::Arc;

use crate::organisation::User;

/// What an interactive sign-in must do besides the password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SecondFactor {
    #[default]
    NotRequired,
    /// A refresh without it gives AADSTS50076.
    Required,
    /// A refresh gives AADSTS50079 until the user has enrolled by signing in.
    EnrolmentRequired,
}

/// A user and the state of their sign-ins.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) user: User,
    /// Goes up when sessions are revoked; a grant of an earlier number is dead (AADSTS50173).
    pub(crate) sessions: u64,
    pub(crate) second_factor: SecondFactor,
    /// Goes up when a fresh sign-in is demanded: tokens of earlier ones are challenged.
    pub(crate) demands: u64,
    /// The password is right and may not be used any more (AADSTS50055).
    pub(crate) password_expired: bool,
    /// Conditional Access blocks the user (AADSTS53003).
    pub(crate) blocked: bool,
}

#[derive(Debug, Default)]
pub(crate) struct People {
    /// In order of creation, which is the order of a listing; a removed user leaves a gap so that
    /// the pages of a listing under way stay where they are.
    slots: Vec<Option<Arc<Account>>>,
    by_id: HashMap<String, usize>,
    by_upn: HashMap<String, usize>,
    by_mail: HashMap<String, Vec<usize>>,
    by_proxy: HashMap<String, Vec<usize>>,
    live: usize,
}

impl People {
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    pub(crate) fn add(&mut self, user: User) {
        self.remove(&user.id.to_lowercase());
        let slot = self.slots.len();
        self.slots.push(None);
        self.put(
            slot,
            Account {
                user,
                sessions: 0,
                second_factor: SecondFactor::NotRequired,
                demands: 0,
                password_expired: false,
                blocked: false,
            },
        );
    }

    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let Some(slot) = self.by_id.get(id).copied() else {
            return false;
        };
        self.take(slot);
        true
    }

    pub(crate) fn update(&mut self, id: &str, change: impl FnOnce(&mut Account)) -> bool {
        let Some(slot) = self.by_id.get(id).copied() else {
            return false;
        };
        let Some(account) = self.take(slot) else {
            return false;
        };
        let mut account = Arc::unwrap_or_clone(account);
        change(&mut account);
        self.put(slot, account);
        true
    }

    /// By object id or UPN, whichever `key` is.
    pub(crate) fn find(&self, key: &str) -> Option<&Arc<Account>> {
        let key = key.to_lowercase();
        let slot = self.by_id.get(&key).or_else(|| self.by_upn.get(&key))?;
        self.at(*slot)
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&Arc<Account>> {
        self.at(*self.by_id.get(&id.to_lowercase())?)
    }

    /// By what a person types on the sign-in page: the UPN, or a guest's own address.
    pub(crate) fn by_sign_in_name(&self, name: &str) -> Option<&Arc<Account>> {
        let name = name.to_lowercase();
        let slot =
            self.by_upn.get(&name).or_else(|| self.by_mail.get(&name).and_then(|slots| slots.first()))?;
        self.at(*slot)
    }

    pub(crate) fn at(&self, slot: usize) -> Option<&Arc<Account>> {
        self.slots.get(slot)?.as_ref()
    }

    pub(crate) fn slot_count(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn slots_with_id(&self, id: &str) -> Vec<usize> {
        self.by_id.get(&id.to_lowercase()).copied().into_iter().collect()
    }

    pub(crate) fn slots_with_upn(&self, upn: &str) -> Vec<usize> {
        self.by_upn.get(&upn.to_lowercase()).copied().into_iter().collect()
    }

    pub(crate) fn slots_with_mail(&self, mail: &str) -> Vec<usize> {
        self.by_mail.get(&mail.to_lowercase()).cloned().unwrap_or_default()
    }

    pub(crate) fn slots_with_proxy(&self, address: &str) -> Vec<usize> {
        self.by_proxy.get(&address.to_lowercase()).cloned().unwrap_or_default()
    }

    fn take(&mut self, slot: usize) -> Option<Arc<Account>> {
        let account = self.slots.get_mut(slot)?.take()?;
        self.live -= 1;
        let user = &account.user;
        self.by_id.remove(&user.id.to_lowercase());
        self.by_upn.remove(&user.user_principal_name.to_lowercase());
        if let Some(mail) = &user.mail {
            forget(&mut self.by_mail, &mail.to_lowercase(), slot);
        }
        for address in &user.proxy_addresses {
            forget(&mut self.by_proxy, &address.to_lowercase(), slot);
        }
        Some(account)
    }

    fn put(&mut self, slot: usize, account: Account) {
        let user = &account.user;
        self.by_id.insert(user.id.to_lowercase(), slot);
        self.by_upn.insert(user.user_principal_name.to_lowercase(), slot);
        if let Some(mail) = &user.mail {
            self.by_mail.entry(mail.to_lowercase()).or_default().push(slot);
        }
        for address in &user.proxy_addresses {
            self.by_proxy.entry(address.to_lowercase()).or_default().push(slot);
        }
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(Arc::new(account));
            self.live += 1;
        }
    }
}

fn forget(index: &mut HashMap<String, Vec<usize>>, key: &str, slot: usize) {
    if let Some(slots) = index.get_mut(key) {
        slots.retain(|kept| *kept != slot);
        if slots.is_empty() {
            index.remove(key);
        }
    }
}
