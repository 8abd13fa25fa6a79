//! The meetings that exist.

use std::collections::HashMap;
use std::sync::Mutex;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::locks::lock;

/// One meeting that exists.
#[derive(Clone, Debug)]
pub struct StoredMeeting {
    /// Tenant id of the organizer.
    pub tenant: String,
    /// Object id of the organizer.
    pub organizer: String,
    /// The key given to `createOrGet`; `None` for a plain POST.
    pub external_id: Option<String>,
    /// Graph's id of the meeting.
    pub id: String,
    /// The link to join.
    pub join_web_url: String,
    /// The subject, if one was given.
    pub subject: Option<String>,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// When it was created, by the stand-in's clock.
    pub created: Timestamp,
    /// The attendees, without the organizer.
    pub attendees: Vec<Attendee>,
    /// Every other property that was set, by its name in Graph.
    pub settings: Map<String, Value>,
    /// The id of the chat thread, which the link contains.
    pub thread_id: String,
}

/// An attendee as sent; ids that no directory knows are stored like any other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attendee {
    /// The UPN, if sent.
    pub upn: Option<String>,
    /// `identity.user.id`, if sent.
    pub user_id: Option<String>,
    /// `attendee`, `presenter`, `coorganizer` and so on, if sent.
    pub role: Option<String>,
    /// `identity.user.displayName`, if sent. No answer shows it.
    pub display_name: Option<String>,
}

/// What identifies a meeting made by `createOrGet`: tenant, organizer and external id.
type ExternalKey = (String, String, String);

#[derive(Debug, Default)]
pub(crate) struct Meetings(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    by_id: HashMap<String, (u64, StoredMeeting)>,
    by_external_id: HashMap<ExternalKey, String>,
    by_url: HashMap<String, String>,
    next: u64,
}

impl Meetings {
    /// The meeting with the key, or the one that `make` gives; `true` if it is new. Both under one
    /// lock, so that two calls at once make one meeting.
    pub(crate) fn get_or_insert<E>(
        &self,
        tenant: &str,
        organizer: &str,
        external_id: &str,
        make: impl FnOnce() -> Result<StoredMeeting, E>,
    ) -> Result<(StoredMeeting, bool), E> {
        let mut inner = lock(&self.0);
        let key = (tenant.to_owned(), organizer.to_owned(), external_id.to_owned());
        let known = inner.by_external_id.get(&key);
        if let Some((_, meeting)) = known.and_then(|id| inner.by_id.get(id)) {
            return Ok((meeting.clone(), false));
        }
        let meeting = make()?;
        inner.by_external_id.insert(key, meeting.id.clone());
        inner.insert(meeting.clone());
        Ok((meeting, true))
    }

    pub(crate) fn clear(&self) {
        *lock(&self.0) = Inner::default();
    }

    pub(crate) fn insert(&self, meeting: StoredMeeting) {
        lock(&self.0).insert(meeting);
    }

    pub(crate) fn get(&self, tenant: &str, organizer: &str, id: &str) -> Option<StoredMeeting> {
        let inner = lock(&self.0);
        let (_, meeting) = inner.by_id.get(id)?;
        meeting.is_of(tenant, organizer).then(|| meeting.clone())
    }

    pub(crate) fn by_url(&self, tenant: &str, organizer: &str, url: &str) -> Option<StoredMeeting> {
        let id = lock(&self.0).by_url.get(url).cloned()?;
        self.get(tenant, organizer, &id)
    }

    /// Changes a meeting; a refused change leaves it as it was.
    pub(crate) fn update<E>(
        &self,
        tenant: &str,
        organizer: &str,
        id: &str,
        change: impl FnOnce(&mut StoredMeeting) -> Result<(), E>,
    ) -> Option<Result<StoredMeeting, E>> {
        let mut inner = lock(&self.0);
        let (_, meeting) = inner.by_id.get_mut(id)?;
        if !meeting.is_of(tenant, organizer) {
            return None;
        }
        let mut changed = meeting.clone();
        Some(change(&mut changed).map(|()| {
            meeting.clone_from(&changed);
            changed
        }))
    }

    pub(crate) fn remove(&self, tenant: &str, organizer: &str, id: &str) -> bool {
        let mut inner = lock(&self.0);
        let owned = inner.by_id.get(id).is_some_and(|(_, meeting)| meeting.is_of(tenant, organizer));
        if !owned {
            return false;
        }
        if let Some((_, meeting)) = inner.by_id.remove(id) {
            inner.by_url.remove(&meeting.join_web_url);
            if let Some(external) = meeting.external_id {
                let key = (meeting.tenant, meeting.organizer, external);
                inner.by_external_id.remove(&key);
            }
        }
        true
    }

    /// Everything, in order of creation.
    pub(crate) fn all(&self) -> Vec<StoredMeeting> {
        let mut all: Vec<_> = lock(&self.0).by_id.values().cloned().collect();
        all.sort_by_key(|(order, _)| *order);
        all.into_iter().map(|(_, meeting)| meeting).collect()
    }
}

impl Inner {
    fn insert(&mut self, meeting: StoredMeeting) {
        self.next += 1;
        self.by_url.insert(meeting.join_web_url.clone(), meeting.id.clone());
        self.by_id.insert(meeting.id.clone(), (self.next, meeting));
    }
}

impl StoredMeeting {
    fn is_of(&self, tenant: &str, organizer: &str) -> bool {
        self.tenant == tenant && self.organizer == organizer
    }
}
