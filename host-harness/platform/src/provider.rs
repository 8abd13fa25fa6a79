//! What the platform asks of video providers. [`Plugins`](crate::Plugins) answers with loaded
//! plugins; tests answer with a script.

use std::time::Duration;

use video_host::provider::{
    Cancellation, Connection, Description, DirectoryPage, JoinableMeeting, Look, LookUpOutcome, MatchOutcome,
    Meeting, MeetingReference, MeetingRequest, NextStep, Parameter, Participant, User,
};
use video_host::store::{CallbackError, Integration as IntegrationId, Purpose, StoreError};
use video_host::{AuthorizationError, CallError, JoinLink, Provider};

/// How long somebody waits who opens an address to join.
const JOINING: Duration = Duration::from_secs(10);

/// One provider at work for one integration. `wit/provider.wit` tells what each call promises.
pub trait VideoProvider: Send + Sync {
    /// What the provider says of itself.
    fn description(&self) -> &Description;

    /// Asks whether the connection works, and for whom.
    fn check(&self) -> impl Future<Output = Result<Connection, CallError>> + Send;

    /// Whether a meeting could be made for a user who was matched, as far as the provider tells without
    /// making one: what may be in the way. A refusal tells why none could be made.
    fn check_user(&self, user: &User) -> impl Future<Output = Result<Vec<String>, CallError>> + Send;

    /// One outcome for each key, in their order. At most `description().best_batch` keys.
    fn match_users(
        &self,
        keys: &[String],
        look: Look,
    ) -> impl Future<Output = Result<Vec<MatchOutcome>, CallError>> + Send;

    /// One page of all users, the first without a cursor.
    fn list_users(
        &self,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<DirectoryPage, CallError>> + Send;

    /// How many users there are, about; none if the provider does not tell.
    fn directory_size(&self) -> impl Future<Output = Result<Option<u64>, CallError>> + Send;

    /// The appointment's meeting; asking twice gives the same.
    fn create_meeting(
        &self,
        request: &MeetingRequest,
    ) -> impl Future<Output = Result<Meeting, CallError>> + Send;

    /// Moves the appointment's meeting; its link stays.
    fn update_meeting(
        &self,
        request: &MeetingRequest,
    ) -> impl Future<Output = Result<Meeting, CallError>> + Send;

    /// Ends the appointment's meeting; ending what is gone succeeds.
    fn cancel_meeting(
        &self,
        cancellation: &Cancellation,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// How meetings are at the provider, one outcome for each reference, in their order; nothing is
    /// changed. At most 20.
    fn look_up_meetings(
        &self,
        references: &[MeetingReference],
    ) -> impl Future<Output = Result<Vec<LookUpOutcome>, CallError>> + Send;

    /// Whether it makes links for one participant each.
    fn joins(&self) -> bool {
        false
    }

    /// A link for one participant to join with now; none if the provider has no such links. Somebody waits for
    /// it.
    fn join_link(
        &self,
        _meeting: &JoinableMeeting,
        _participant: &Participant,
    ) -> impl Future<Output = Result<Option<JoinLink>, CallError>> + Send {
        std::future::ready(Ok(None))
    }

    /// Forgets credentials and state; works when the grant is dead, and twice.
    fn disconnect(&self) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// A callback that belongs to a sign-in which was begun here.
#[derive(Debug)]
pub struct Answered<C> {
    /// What the sign-in was begun for.
    pub integration: IntegrationId,
    /// Whether it connects or reauthorizes.
    pub purpose: Purpose,
    /// The setup values that [`VideoProviders::begin`] was given.
    pub values: Vec<Parameter>,
    /// What [`VideoProviders::finish`] needs to end it.
    pub callback: C,
}

/// The providers that there are, and how integrations are connected to them.
pub trait VideoProviders: Send + Sync + 'static {
    /// A provider at work for one integration.
    type Provider: VideoProvider;
    /// A callback on its way from [`Self::callback`] to [`Self::finish`].
    type Callback: Send;

    /// What the provider of this id says of itself; none if there is no such provider.
    fn description(&self, provider: &str) -> Option<Description>;

    /// The provider of this id at work for an integration; none if there is no such provider.
    fn on(&self, provider: &str, integration: &IntegrationId) -> Option<Self::Provider>;

    /// Begins connecting or reauthorizing, for the administrator with this session.
    fn begin(
        &self,
        provider: &Self::Provider,
        purpose: Purpose,
        session: &str,
        values: &[Parameter],
        redirect_uri: &str,
    ) -> impl Future<Output = Result<NextStep, AuthorizationError>> + Send;

    /// Finds what a callback belongs to. It is used up by it, whatever comes after.
    fn callback(
        &self,
        session: &str,
        parameters: Vec<Parameter>,
    ) -> impl Future<Output = Result<Answered<Self::Callback>, CallbackError>> + Send;

    /// Ends what [`Self::begin`] began.
    fn finish(
        &self,
        provider: &Self::Provider,
        callback: Self::Callback,
    ) -> impl Future<Output = Result<Connection, CallError>> + Send;

    /// Wipes everything that is kept for an integration outside the platform's own tables.
    fn forget(&self, integration: &IntegrationId) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl VideoProvider for Provider {
    fn description(&self) -> &Description {
        self.plugin().description()
    }

    async fn check(&self) -> Result<Connection, CallError> {
        Self::check(self).await
    }

    async fn check_user(&self, user: &User) -> Result<Vec<String>, CallError> {
        Self::check_user(self, user).await
    }

    async fn match_users(&self, keys: &[String], look: Look) -> Result<Vec<MatchOutcome>, CallError> {
        Self::match_users(self, keys, look).await
    }

    async fn list_users(&self, cursor: Option<&str>) -> Result<DirectoryPage, CallError> {
        Self::list_users(self, cursor).await
    }

    async fn directory_size(&self) -> Result<Option<u64>, CallError> {
        Self::directory_size(self).await
    }

    async fn create_meeting(&self, request: &MeetingRequest) -> Result<Meeting, CallError> {
        Self::create_meeting(self, request).await
    }

    async fn update_meeting(&self, request: &MeetingRequest) -> Result<Meeting, CallError> {
        Self::update_meeting(self, request).await
    }

    async fn cancel_meeting(&self, cancellation: &Cancellation) -> Result<(), CallError> {
        Self::cancel_meeting(self, cancellation).await
    }

    async fn look_up_meetings(
        &self,
        references: &[MeetingReference],
    ) -> Result<Vec<LookUpOutcome>, CallError> {
        Self::look_up_meetings(self, references).await
    }

    fn joins(&self) -> bool {
        self.plugin().joins()
    }

    async fn join_link(
        &self,
        meeting: &JoinableMeeting,
        participant: &Participant,
    ) -> Result<Option<JoinLink>, CallError> {
        Self::join_link(&self.clone().within(JOINING), meeting, participant).await
    }

    async fn disconnect(&self) -> Result<(), CallError> {
        Self::disconnect(self).await
    }
}
