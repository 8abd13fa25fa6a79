//! What a stand-in starts with.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::application::Application;
use crate::contoso;
use crate::organisation::{Organisation, PersonalAccount};

/// How a [`MockGraph`](crate::MockGraph) starts. The default is the organisation and the
/// application of [`contoso`], on a free port of the loopback interface.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The tenants.
    pub organisations: Vec<Organisation>,
    /// The registered applications.
    pub applications: Vec<Application>,
    /// Personal accounts, which can attempt to sign in.
    pub personal_accounts: Vec<PersonalAccount>,
    /// Further names for the certificate, where the stand-in is reached by another one.
    pub extra_host_names: Vec<String>,
    /// Life of an access token. Microsoft's is 60 to 90 minutes; the default is 3,600 s.
    pub access_token_lifetime: Duration,
    /// How long a new application access policy takes to apply, by the clock. Microsoft says up
    /// to 30 minutes, which is the default.
    pub policy_delay: Duration,
    /// Which of the documented codes the refusal for want of a policy carries.
    pub policy_refusal: PolicyRefusal,
    /// What the organizers' meeting policy makes of a new meeting: properties by their names in Graph,
    /// in the place of those that Microsoft's documentation shows. By default those of
    /// [`contoso::meeting_settings`].
    pub meeting_settings: Map<String, Value>,
    /// Which `error` a refresh gets that a person has to do something about.
    pub interaction_refusal: InteractionRefusal,
    /// Whether a client assertion is good once only. Off by default, as at Microsoft: MSAL presents the
    /// same assertion for as long as it is valid.
    pub single_use_assertions: bool,
    /// After how many uses of a refresh token within five minutes its client is taken to be in a loop
    /// (AADSTS50196). Microsoft's number is not documented; never by default.
    pub loop_limit: Option<usize>,
    /// Makes every n-th page of a listing empty but for its `nextLink`, as Graph sometimes does.
    pub empty_page_every: Option<u32>,
    /// Whether the answers of a batch come in another order than the requests.
    pub shuffle_batches: bool,
    /// Records the journal keeps; the oldest are forgotten first. Counts are kept regardless.
    pub journal_capacity: usize,
    /// Seed of every repeatable choice: identifiers, the order of batch answers.
    pub seed: u64,
}

/// The code of the 403 for an application without an access policy: three occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyRefusal {
    /// `Forbidden`, as today's documentation has it.
    Forbidden,
    /// `Unauthorized`, with the older text.
    Unauthorized,
    /// `General`.
    General,
}

/// The `error` beside AADSTS50076, 50079 and 53003 at the token endpoint: both occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InteractionRefusal {
    /// `invalid_grant`.
    InvalidGrant,
    /// `interaction_required`.
    InteractionRequired,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            organisations: vec![contoso::organisation()],
            applications: vec![contoso::application()],
            personal_accounts: vec![PersonalAccount {
                email: "someone@outlook.com".to_owned(),
                password: contoso::PASSWORD.to_owned(),
            }],
            extra_host_names: Vec::new(),
            access_token_lifetime: Duration::from_hours(1),
            policy_delay: Duration::from_mins(30),
            policy_refusal: PolicyRefusal::Forbidden,
            meeting_settings: contoso::meeting_settings(),
            interaction_refusal: InteractionRefusal::InvalidGrant,
            single_use_assertions: false,
            loop_limit: None,
            empty_page_every: None,
            shuffle_batches: true,
            journal_capacity: 100_000,
            seed: 1,
        }
    }
}
