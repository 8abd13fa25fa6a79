//! A loaded plugin, and its functions as typed calls.

use std::fmt;
use std::sync::Arc;

use crate::egress::Grant;
use crate::provider::{
    AuthorizationRequest, AuthorizationResponse, Cancellation, Connection, Description, DirectoryPage, Error,
    Look, MatchOutcome, Meeting, MeetingRequest, NextStep, User,
};
use crate::sandbox::{CallError, Failure, Sandboxed, Surface, check};
use crate::store::Integration;

/// A plugin that is ready to be called. Cheap to clone; the code lives until the last clone is gone,
/// so calls in flight finish on it when another version takes over.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) loaded: Arc<Loaded>,
}

pub(crate) struct Loaded {
    pub(crate) sandboxed: Sandboxed,
    pub(crate) description: Description,
    pub(crate) digest: String,
    pub(crate) surface: Surface,
    pub(crate) size: usize,
    pub(crate) from_cache: bool,
    pub(crate) grant: Arc<Grant>,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("id", &self.loaded.description.id)
            .field("digest", &self.loaded.digest)
            .finish_non_exhaustive()
    }
}

impl Plugin {
    /// What the plugin says of itself.
    pub fn description(&self) -> &Description {
        &self.loaded.description
    }

    /// SHA-256 of the component, in lower-case hex.
    pub fn digest(&self) -> &str {
        &self.loaded.digest
    }

    /// What it imports and exports.
    pub fn surface(&self) -> &Surface {
        &self.loaded.surface
    }

    /// Size of the component, in bytes.
    pub fn size(&self) -> usize {
        self.loaded.size
    }

    /// Whether its compiled code came from the cache.
    pub fn from_cache(&self) -> bool {
        self.loaded.from_cache
    }

    /// The plugin at work for one integration.
    pub fn on(&self, integration: &Integration) -> Provider {
        Provider { plugin: self.clone(), integration: integration.clone() }
    }
}

/// A plugin's functions for one integration. Every call runs in an instance of its own, with a
/// deadline; see `wit/provider.wit` for what each promises. Errors are [`CallError`]: the contract's
/// own, or that the plugin failed.
#[derive(Debug, Clone)]
pub struct Provider {
    plugin: Plugin,
    integration: Integration,
}

/// Calls one function of the contract and checks what it returned.
macro_rules! call {
    ($self:ident, $name:literal, $function:ident($($argument:expr),*), $check:expr) => {{
        let sandboxed = &$self.plugin.loaded.sandboxed;
        let answer = sandboxed
            .run($name, Some($self.integration.clone()), async move |store, provider| {
                provider.$function(store, $($argument),*).await
            })
            .await?;
        $self.checked($name, answer, $check)
    }};
}

impl Provider {
    /// The integration that the calls are for.
    pub fn integration(&self) -> &Integration {
        &self.integration
    }

    /// What is called.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    pub(crate) async fn begin_connect(&self, request: &AuthorizationRequest) -> Result<NextStep, CallError> {
        let grant = &self.plugin.loaded.grant;
        call!(self, "begin-connect", call_begin_connect(request), |step| check::next_step(step, grant))
    }

    pub(crate) async fn begin_reauthorize(
        &self,
        request: &AuthorizationRequest,
    ) -> Result<NextStep, CallError> {
        let grant = &self.plugin.loaded.grant;
        call!(self, "begin-reauthorize", call_begin_reauthorize(request), |step| check::next_step(
            step, grant
        ))
    }

    pub(crate) async fn finish_connect(
        &self,
        response: &AuthorizationResponse,
    ) -> Result<Connection, CallError> {
        call!(self, "finish-connect", call_finish_connect(response), check::connection)
    }

    pub(crate) async fn finish_reauthorize(
        &self,
        response: &AuthorizationResponse,
    ) -> Result<Connection, CallError> {
        call!(self, "finish-reauthorize", call_finish_reauthorize(response), check::connection)
    }

    /// Asks the provider whether the connection works, and for whom.
    pub async fn check(&self) -> Result<Connection, CallError> {
        call!(self, "check", call_check(), check::connection)
    }

    /// Whether a meeting could be made for a user: what may be in the way, or `refused`.
    pub async fn check_user(&self, user: &User) -> Result<Vec<String>, CallError> {
        call!(self, "check-user", call_check_user(user), |warnings: &Vec<_>| check::warnings(warnings))
    }

    /// One outcome for each key, in their order. At most `description().best_batch` keys.
    pub async fn match_users(&self, keys: &[String], look: Look) -> Result<Vec<MatchOutcome>, CallError> {
        call!(self, "match-users", call_match_users(keys, look), |outcomes: &Vec<_>| check::outcomes(
            outcomes,
            keys.len()
        ))
    }

    /// One page of all users; the first without a cursor, the others with the `next` of the one before.
    pub async fn list_users(&self, cursor: Option<&str>) -> Result<DirectoryPage, CallError> {
        call!(self, "list-users", call_list_users(cursor), check::directory_page)
    }

    /// How many users there are, about; none if the provider does not tell.
    pub async fn directory_size(&self) -> Result<Option<u64>, CallError> {
        call!(self, "directory-size", call_directory_size(), |_| Ok(()))
    }

    /// The appointment's meeting; asking twice gives the same.
    pub async fn create_meeting(&self, request: &MeetingRequest) -> Result<Meeting, CallError> {
        call!(self, "create-meeting", call_create_meeting(request), check::meeting)
    }

    /// Moves or changes the appointment's meeting; its link stays.
    pub async fn update_meeting(&self, request: &MeetingRequest) -> Result<Meeting, CallError> {
        call!(self, "update-meeting", call_update_meeting(request), check::meeting)
    }

    /// Ends the appointment's meeting; ending what is gone succeeds.
    pub async fn cancel_meeting(&self, cancellation: &Cancellation) -> Result<(), CallError> {
        call!(self, "cancel-meeting", call_cancel_meeting(cancellation), |()| Ok(()))
    }

    /// Forgets credentials and state; works when the grant is dead, and twice.
    pub async fn disconnect(&self) -> Result<(), CallError> {
        call!(self, "disconnect", call_disconnect(), |()| Ok(()))
    }

    /// An answer that breaks the contract is the plugin's failure, not the caller's problem.
    fn checked<T>(
        &self,
        function: &'static str,
        answer: Result<T, Error>,
        check: impl FnOnce(&T) -> Result<(), String>,
    ) -> Result<T, CallError> {
        let broken = match &answer {
            Ok(value) => check(value),
            Err(error) => check::error(error),
        };
        match (broken, answer) {
            (Err(rule), _) => Err(CallError::Failed {
                plugin: self.plugin.loaded.description.id.clone(),
                function,
                failure: Failure::BrokeContract(rule),
            }),
            (Ok(()), Ok(value)) => Ok(value),
            (Ok(()), Err(error)) => Err(CallError::Provider(error)),
        }
    }
}
