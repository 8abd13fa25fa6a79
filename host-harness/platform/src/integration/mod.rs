//! An organisation's connection to a provider, and how it is.

mod connect;
mod error;
mod health;
pub(crate) mod store;

pub use connect::{Finished, Setup};
pub use error::ConnectError;
use video_host::provider::{Account, GrantProblem};

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

/// How an integration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntegrationState {
    /// The administrator is signing in for the first time.
    Pending,
    /// It worked when it was last used.
    Connected,
    /// Its grant is dead. Somebody has to sign in again, with the same account.
    NeedsReauthorization {
        /// Why.
        cause: GrantProblem,
        /// The same, as a sentence.
        message: String,
    },
    /// The operator of the platform has to mend something. The connection itself may be sound, so it
    /// is used, and the first success clears this.
    Misconfigured {
        /// What.
        message: String,
    },
    /// Its credentials are gone. It is kept for the appointments that were made on it.
    Disconnected,
}

impl IntegrationState {
    /// Whether there is any use in asking the provider.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Connected | Self::Misconfigured { .. })
    }

    /// What is wrong and what to do about it; none if it works.
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Connected => None,
            Self::Pending => Some("its sign-in is not finished: finish it, or connect again".to_owned()),
            Self::NeedsReauthorization { message, .. } => Some(format!("reauthorize it: {message}")),
            Self::Misconfigured { message } => Some(format!("the operator has to mend it: {message}")),
            Self::Disconnected => Some("it is disconnected: connect again".to_owned()),
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
    /// Who organises the meetings; none until it was connected.
    pub account: Option<Account>,
    /// When the provider last did what it was asked, in milliseconds since 1970.
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
