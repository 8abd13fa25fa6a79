//! An organisation's connection to a provider, and how it is.

mod advice;
mod choice;
mod connect;
mod error;
mod event;
mod health;
mod naming;
pub(crate) mod quota;
mod standing;
mod state;
pub(crate) mod store;

pub use advice::{Advice, Remedy};
pub use choice::SetupChoice;
pub use connect::{Finished, Setup};
pub use error::ConnectError;
pub(crate) use event::{Followed, HELD, News};
pub use event::{IntegrationChange, IntegrationEvent};
pub use health::Checked;
pub(crate) use quota::month;
pub use quota::{OrganizerMeetings, QuotaLevel};
pub(crate) use standing::Question;
pub use state::{Asked, Cause, IntegrationState, StateKind, Unavailable};
use video_host::provider::Account;

use crate::IntegrationId;
use crate::database::{self, DatabaseError};
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::staff::StaffMember;
use crate::word::words;

/// The field of a staff record whose value is the key that the provider is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchField {
    /// The e-mail address.
    Email,
    /// The user name.
    UserName,
}

words!(MatchField { Email = "email", UserName = "user_name" });

impl MatchField {
    /// All of them, in the order to offer them.
    pub const ALL: [Self; 2] = [Self::Email, Self::UserName];

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Email => "e-mail",
            Self::UserName => "user name",
        }
    }

    /// The column of its values as they are compared.
    pub(crate) fn key_column(self) -> &'static str {
        match self {
            Self::Email => "email_key",
            Self::UserName => "user_name_key",
        }
    }

    /// Its value in a staff record, empty if there is none.
    pub fn of(self, staff: &StaffMember) -> &str {
        match self {
            Self::Email => &staff.email,
            Self::UserName => &staff.user_name,
        }
    }
}

/// An organisation's connection to a provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Integration {
    /// Its id, which is also the host's namespace.
    pub id: IntegrationId,
    /// The plugin's id.
    pub provider: String,
    /// For people.
    pub display_name: String,
    /// Which field of staff records holds the key.
    pub match_field: MatchField,
    /// How it is.
    pub state: IntegrationState,
    /// Since when it is in its state, in milliseconds since 1970.
    pub since: i64,
    /// What lies over the state for a time: the next success ends it.
    pub unavailable: Option<Unavailable>,
    /// Who organises the meetings; none until it was connected.
    pub account: Option<Account>,
    /// When the provider last did what it was asked, whatever that was; milliseconds since 1970. Written at
    /// most once a minute as long as nothing else changes, so it may be a minute late.
    pub last_success: Option<i64>,
    /// Whether staff use it for whom none was chosen.
    pub is_default: bool,
}

impl<V: VideoProviders> Platform<V> {
    /// All integrations, the oldest first, those that are disconnected among them.
    pub async fn integrations(&self) -> Result<Vec<Integration>, DatabaseError> {
        store::all(&mut *self.connection().await?).await
    }

    /// One integration, if there is one of this id.
    pub async fn integration(&self, id: &IntegrationId) -> Result<Option<Integration>, DatabaseError> {
        store::load(&mut *self.connection().await?, id).await
    }

    /// Makes an integration that is connected the default of the staff for whom none was chosen.
    pub async fn set_default(&self, id: &IntegrationId) -> Result<(), ConnectError> {
        self.usable(id).await?;
        let mut transaction = database::begin(self.pool()).await?;
        store::set_default(&mut transaction, id).await?;
        database::commit(transaction, "integration.default").await?;
        Ok(())
    }
}
