//! The stand-in for Microsoft, as the suite needs a service.

use std::time::Duration;

use anyhow::Result;
use mock_graph::{Action, Config, Fault as Injected, MockGraph, Operation, SignIn, contoso};
use provider_conformance::{Backend, Fault, Keys, SigningIn, Who};
use url::Url;
use video_host::clock::ShiftedClock;
use video_host::provider::Parameter;
use video_host::{HostConfig, Manifest};

use super::nobody::parameters;
use crate::configured;

/// Longer than an access token lives.
const TOKEN_LIFE: Duration = Duration::from_mins(61);

/// A provider of Microsoft's meetings has this behind it.
pub struct Microsoft {
    service: MockGraph,
    setup: Vec<Parameter>,
    settings: Vec<(String, String)>,
}

impl Microsoft {
    /// The origin by which such a provider is known.
    pub const GRAPH: &str = "https://graph.microsoft.com";

    /// Starts one, with Contoso in it. `setup` and `settings` are given besides the tenant and the client id.
    pub async fn start(setup: &[(String, String)], settings: &[(String, String)]) -> Result<Self> {
        let service = MockGraph::start(Config::default()).await?;
        let mut answers = parameters(setup);
        if !answers.iter().any(|answer| answer.name == "tenant-id") {
            answers.push(Parameter { name: "tenant-id".to_owned(), value: contoso::TENANT_ID.to_owned() });
        }
        Ok(Self { service, setup: answers, settings: settings.to_vec() })
    }
}

impl Backend for Microsoft {
    fn configure(&self, config: &mut HostConfig) -> Result<()> {
        configured::lead_to(config, self.service.addr(), self.service.ca_pem(), &[])
    }

    fn manifest(&self) -> Result<Manifest> {
        let grant = configured::worldwide()?;
        let mut manifest = configured::manifest(contoso::CLIENT_ID, contoso::CLIENT_SECRET, grant);
        manifest.settings.extend(self.settings.iter().cloned());
        Ok(manifest)
    }

    fn setup(&self) -> Vec<Parameter> {
        self.setup.clone()
    }

    fn redirect_uri(&self) -> &'static str {
        contoso::REDIRECT_URI
    }

    fn sign_in<'a>(&'a self, url: &'a str, who: Who) -> SigningIn<'a> {
        let user = match who {
            Who::Account => contoso::SERVICE_ACCOUNT,
            Who::AnotherAccount => contoso::ADMINISTRATOR,
        };
        Box::pin(async move {
            let back = Url::parse(&self.service.sign_in(url, SignIn::accepting(user)).await?)?;
            let pairs = back.query_pairs();
            Ok(pairs
                .map(|(name, value)| Parameter { name: name.into_owned(), value: value.into_owned() })
                .collect())
        })
    }

    fn keys(&self) -> Option<Keys> {
        Some(Keys { known: contoso::ADVISER.to_owned(), unknown: format!("nobody@{}", contoso::DOMAIN) })
    }

    fn meetings(&self) -> usize {
        self.service.meetings().len()
    }

    fn requests(&self) -> u64 {
        self.service.journal().count(Operation::Any)
    }

    fn inject(&self, fault: Fault) {
        let action = match fault {
            Fault::LostAnswer => Action::DropAfter,
            Fault::Throttled(seconds) => Action::throttled(&seconds.to_string()),
            Fault::Down => Action::status(503),
        };
        self.service.faults().inject(Injected::once(Operation::CreateMeeting, action));
    }

    fn kill_grants(&self, clock: &ShiftedClock) -> Result<()> {
        self.service.directory().revoke_sessions(contoso::SERVICE_ACCOUNT)?;
        // An access token outlives the sessions: the refresh is what is refused.
        clock.advance(TOKEN_LIFE);
        self.service.clock().advance(TOKEN_LIFE);
        Ok(())
    }
}
