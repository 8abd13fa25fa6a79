//! Why an integration could not be connected, checked or changed.

use video_host::store::{CallbackError, StoreError};
use video_host::{AuthorizationError, CallError};

use super::Integration;
use crate::IntegrationId;
use crate::database::DatabaseError;
use crate::options::WrongOption;

/// Why an integration could not be connected, checked or changed. The texts are for the administrator.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No such plugin is loaded.
    #[error(
        "The provider `{0}` is not loaded on this platform. The operator has to install its plugin; what \
         is stored for it stays."
    )]
    NotLoaded(String),
    /// There is no such integration, or no more.
    #[error(
        "There is no integration {0}. A sign-in that was not finished leaves none behind: connect again."
    )]
    Unknown(IntegrationId),
    /// A field of the setup cannot be used. Nothing was stored.
    #[error("{label}: {problem}")]
    Setup {
        /// Its name in the description's setup.
        field: String,
        /// What it is called for people.
        label: String,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// A choice for its meetings that its provider does not offer. Nothing was stored.
    #[error(transparent)]
    Options(#[from] WrongOption),
    /// The integration is not in a state for it.
    #[error("{integration} cannot be used for this: {problem}.")]
    NotUsable {
        /// What it is called for people.
        integration: String,
        /// How it is, and what to do.
        problem: String,
    },
    /// It would be one integration more than the organisation may have. Nothing of it is left.
    #[error(
        "{existing} is connected, and a second integration needs the entitlement `multiple-integrations`, \
         which this organisation does not have. Ask the operator of the platform for it, or disconnect \
         {existing} first."
    )]
    NotEntitled {
        /// What the integration that is connected is called for people.
        existing: String,
    },
    /// A name that cannot be. Nothing was stored.
    #[error("The display name has to have 1 to 256 characters.")]
    DisplayName,
    /// The callback is not one that can be accepted.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// The plugin or the provider said no. It was noted with the integration if it concerns it.
    #[error("{integration}: {error}")]
    Call {
        /// What it is called for people.
        integration: String,
        /// What it said.
        #[source]
        error: CallError,
    },
    /// The host's store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The platform's database did not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl ConnectError {
    pub(super) fn not_usable(integration: &Integration) -> Self {
        Self::NotUsable {
            integration: integration.display_name.clone(),
            problem: integration.state.problem().unwrap_or_else(|| "it is connected already".to_owned()),
        }
    }

    pub(super) fn begin(integration: String, error: AuthorizationError) -> Self {
        match error {
            AuthorizationError::Callback(error) => Self::Callback(error),
            AuthorizationError::Call(error) => Self::Call { integration, error },
            AuthorizationError::Store(error) => Self::Store(error),
        }
    }
}
