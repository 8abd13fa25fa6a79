//! What the suite asks of the service behind a provider.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Result, bail};
use video_host::clock::ShiftedClock;
use video_host::egress::{StaticRoutes, Trust};
use video_host::provider::Parameter;
use video_host::{HostConfig, Manifest};

/// Who signs in at the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The organisation's account: the same each time.
    Account,
    /// Somebody else of the same organisation, who may sign in too, and can be given an integration of
    /// their own.
    AnotherAccount,
}

/// What happens to the next request that makes a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It takes effect, and the connection ends without an answer.
    LostAnswer,
    /// It is answered with 429 and a `Retry-After` of so many seconds, without effect.
    Throttled(u32),
    /// It is answered with 503, without effect.
    Down,
}

/// Keys of users, for providers that match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// A user's, who can be given meetings.
    pub known: String,
    /// Nobody's.
    pub unknown: String,
}

/// A sign-in under way. It may hold what cannot be sent to another thread, as a browser does.
pub type SigningIn<'a> = Pin<Box<dyn Future<Output = Result<Vec<Parameter>>> + 'a>>;

/// The service behind a provider, or what stands in for it.
pub trait Backend: Send + Sync {
    /// Whether there is one. Rules about a service do not apply without.
    fn is_there(&self) -> bool {
        true
    }

    /// Leads the names of the service to it, and has its certificates believed. Nothing else is reached.
    fn configure(&self, config: &mut HostConfig) -> Result<()>;

    /// What an operator configures: grant, settings and client keys. Origins that the plugin asks for are
    /// granted besides.
    fn manifest(&self) -> Result<Manifest>;

    /// What an administrator answers to the setup, with which connecting works.
    fn setup(&self) -> Vec<Parameter>;

    /// Where sign-ins end.
    fn redirect_uri(&self) -> &'static str {
        "https://platform.example/callback"
    }

    /// Signs in on the page that the administrator was sent to, and gives the parameters of the callback.
    fn sign_in<'a>(&'a self, url: &'a str, who: Who) -> SigningIn<'a>;

    /// Keys for matching; none for a provider that matches nobody.
    fn keys(&self) -> Option<Keys> {
        None
    }

    /// How many meetings the service has.
    fn meetings(&self) -> usize;

    /// How many requests it has received.
    fn requests(&self) -> u64;

    /// Has the next request that makes a meeting meet a fault.
    fn inject(&self, fault: Fault);

    /// Ends the grants of [`Who::Account`], by moving the clock if that is what it takes. A new sign-in works.
    fn kill_grants(&self, clock: &ShiftedClock) -> Result<()>;
}

/// No service: for providers that ask nobody. Nothing is reached.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Backend for Alone {
    fn is_there(&self) -> bool {
        false
    }

    fn configure(&self, config: &mut HostConfig) -> Result<()> {
        config.resolver = Arc::new(StaticRoutes::default());
        config.trust = Trust::Only(Vec::new());
        Ok(())
    }

    fn manifest(&self) -> Result<Manifest> {
        Ok(Manifest { settings: BTreeMap::new(), ..Manifest::default() })
    }

    fn setup(&self) -> Vec<Parameter> {
        Vec::new()
    }

    fn sign_in<'a>(&'a self, url: &'a str, _: Who) -> SigningIn<'a> {
        Box::pin(async move { bail!("there is no service to sign in to, and the plugin sends to {url}") })
    }

    fn meetings(&self) -> usize {
        0
    }

    fn requests(&self) -> u64 {
        0
    }

    fn inject(&self, _: Fault) {}

    fn kill_grants(&self, _: &ShiftedClock) -> Result<()> {
        bail!("there is no service that could end a grant")
    }
}
