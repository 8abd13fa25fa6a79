//! The state behind one stand-in, shared by all its connections.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use aws_lc_rs::error::Unspecified;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::Directory;
use crate::faults::Faults;
use crate::graph::{Meetings, Throttle};
use crate::journal::Journal;
use crate::login::{Flows, Grants, SigningKey};
use crate::secrets::Secrets;
use crate::wire::{Incoming, Trace};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) directory: Directory,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) chance: Chance,
    pub(crate) secrets: Secrets,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) grants: Grants,
    pub(crate) flows: Flows,
    pub(crate) meetings: Meetings,
    pub(crate) throttle: Throttle,
    pub(crate) latency_ns: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) config: Config,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Result<Self, Unspecified> {
        let clock = Clock::starting_now();
        Ok(Self {
            directory: Directory::new(&config, clock.clone()),
            clock,
            faults: Faults::default(),
            journal: Journal::new(config.journal_capacity),
            chance: Chance::new(config.seed),
            secrets: Secrets::default(),
            key: SigningKey::of_this_process()?,
            grants: Grants::default(),
            flows: Flows::default(),
            meetings: Meetings::default(),
            throttle: Throttle::default(),
            latency_ns: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            config,
        })
    }

    pub(crate) fn trace(&self, incoming: &Incoming) -> Trace {
        Trace {
            request_id: self.chance.guid(),
            client_request_id: incoming.header("client-request-id").map(str::to_owned),
            at: self.clock.now(),
        }
    }
}
