//! Sign-ins under way, between the first page and the redirect.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

use super::authority::Authority;
use super::grants::Challenge;
use super::redirect::ReturnTo;
use super::scopes::Scopes;
use crate::chance::secret;
use crate::clock::later;
use crate::locks::lock;

/// How long a person may take over the pages (AADSTS50089 afterwards).
const FLOW_LIFE: Duration = Duration::from_hours(1);

#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) client_id: String,
    pub(crate) authority: Authority,
    pub(crate) return_to: ReturnTo,
    pub(crate) scopes: Scopes,
    pub(crate) purpose: Purpose,
    /// Permissions that the person did not give on the consent page, by their plain names.
    pub(crate) withheld: Vec<String>,
    /// Set once the password was right.
    pub(crate) signed_in: Option<SignedIn>,
}

#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    Code {
        nonce: Option<String>,
        challenge: Option<Challenge>,
        always_ask: bool,
        client_info: bool,
    },
    /// An administrator consents for the tenant; the scope is answered as it was asked.
    AdminConsent {
        scope: String,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) tenant: String,
    pub(crate) user: String,
    pub(crate) sessions: u64,
    pub(crate) demands: u64,
    pub(crate) second_factor: bool,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct Flows(Mutex<HashMap<String, (Timestamp, Flow)>>);

impl Flows {
    /// Keeps the flow and gives the secret that names it in the page's form.
    pub(crate) fn keep(&self, flow: Flow, now: Timestamp) -> String {
        let id = secret(32);
        let mut flows = lock(&self.0);
        flows.retain(|_, (expires, _)| *expires > now);
        flows.insert(id.clone(), (later(now, FLOW_LIFE), flow));
        id
    }

    pub(crate) fn look(&self, id: &str, now: Timestamp) -> Option<Flow> {
        let flows = lock(&self.0);
        let (expires, flow) = flows.get(id)?;
        (*expires > now).then(|| flow.clone())
    }

    pub(crate) fn end(&self, id: &str) {
        lock(&self.0).remove(id);
    }
}
