//! What the host lends a plugin: the imports of the contract, each on the operator's terms.

mod credentials;
mod http;
mod log;
mod recent;
mod settings;
mod signing;
mod storage;

pub(crate) use recent::Recent;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bindings::scheduling::video_provider;
use crate::clock::Clock;
use crate::egress::{AnswerRoom, Grant};
use crate::manifest::Manifest;
use crate::sandbox::CallState;
use crate::signing::SigningKeys;
use crate::store::{Integration, Store};
use crate::transport::Transport;
use crate::vault::{Caller, ClientKeys, Redactor, Vault};

/// One plugin's share of the host, the same for all its calls.
pub(crate) struct Lender {
    pub(crate) grant: Arc<Grant>,
    pub(crate) clock: Arc<dyn Clock>,
    client: Arc<ClientKeys>,
    settings: BTreeMap<String, String>,
    signing: Arc<SigningKeys>,
    transport: Arc<dyn Transport>,
    store: Store,
    vault: Vault,
    recent: Arc<Recent>,
    room: AnswerRoom,
}

/// What large answers to all calls of a plugin may take together, in bytes.
const ANSWERS: usize = 256 << 20;

impl Lender {
    pub(crate) fn new(
        manifest: &Manifest,
        transport: Arc<dyn Transport>,
        store: Store,
        vault: Vault,
        clock: Arc<dyn Clock>,
        recent: Arc<Recent>,
    ) -> Self {
        Self {
            grant: Arc::new(manifest.grant.clone()),
            clock,
            client: manifest.client.clone(),
            settings: manifest.settings.clone(),
            signing: manifest.signing.clone(),
            transport,
            store,
            vault,
            recent,
            room: AnswerRoom::new(ANSWERS),
        }
    }

    fn caller(&self, integration: &Integration) -> Caller {
        Caller { integration: integration.clone(), grant: self.grant.clone(), client: self.client.clone() }
    }

    /// What takes an integration's secrets out of a text, as they are known now.
    pub(crate) fn redactor(&self, integration: Option<&Integration>) -> Redactor {
        integration.map(|integration| self.vault.redactor(&self.caller(integration))).unwrap_or_default()
    }
}

impl video_provider::types::Host for CallState {}
