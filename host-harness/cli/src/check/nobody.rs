//! No service, with what the author answers to the setup.

use std::collections::BTreeMap;

use anyhow::Result;
use provider_conformance::{Alone, Backend, Fault, SigningIn, Who};
use video_host::clock::ShiftedClock;
use video_host::provider::Parameter;
use video_host::{HostConfig, Limits, Manifest};

use crate::arguments::CheckOptions;

/// [`Alone`], with setup and settings.
pub(super) struct Nobody {
    setup: Vec<Parameter>,
    settings: BTreeMap<String, String>,
    limits: Limits,
}

/// Arguments as the contract has them.
pub(super) fn parameters(pairs: &[(String, String)]) -> Vec<Parameter> {
    pairs.iter().map(|(name, value)| Parameter { name: name.clone(), value: value.clone() }).collect()
}

impl Nobody {
    pub(super) fn new(options: &CheckOptions, limits: Limits) -> Self {
        Self {
            setup: parameters(&options.setup),
            settings: options.setting.iter().cloned().collect(),
            limits,
        }
    }
}

impl Backend for Nobody {
    fn is_there(&self) -> bool {
        false
    }

    fn configure(&self, config: &mut HostConfig) -> Result<()> {
        Alone.configure(config)
    }

    fn manifest(&self) -> Result<Manifest> {
        Ok(Manifest { settings: self.settings.clone(), limits: self.limits.clone(), ..Alone.manifest()? })
    }

    fn setup(&self) -> Vec<Parameter> {
        self.setup.clone()
    }

    fn sign_in<'a>(&'a self, url: &'a str, who: Who) -> SigningIn<'a> {
        Alone.sign_in(url, who)
    }

    fn meetings(&self) -> usize {
        0
    }

    fn requests(&self) -> u64 {
        0
    }

    fn inject(&self, _: Fault) {}

    fn kill_grants(&self, clock: &ShiftedClock) -> Result<()> {
        Alone.kill_grants(clock)
    }
}
