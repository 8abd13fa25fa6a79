//! Why staff could not be matched.

use video_host::CallError;

use super::JobId;
use crate::IntegrationId;
use crate::database::DatabaseError;

/// Why staff could not be matched. The texts are for the administrator.
#[derive(Debug, thiserror::Error)]
pub enum MatchError {
    /// There is no such integration, or no more.
    #[error("There is no integration {0} to match staff on. Choose one that is listed.")]
    UnknownIntegration(IntegrationId),
    /// There is no such staff member.
    #[error("There is no staff member with the id {0}. Import the staff first.")]
    UnknownStaff(String),
    /// Nothing was chosen for the staff member, and there is no default.
    #[error("{0} has no video provider to be matched on. Choose one, or make one the default.")]
    NoIntegration(String),
    /// There is no such job.
    #[error("There is no matching {0}. Start one.")]
    UnknownJob(JobId),
    /// Somebody cancelled it. The outcomes so far are stored.
    #[error(
        "Matching staff on {integration} was cancelled after {done} of {total}. Start it again to go on."
    )]
    Cancelled {
        /// What it is called for people.
        integration: String,
        /// For how many staff there is a new outcome.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// It failed in another process. The outcomes so far are stored.
    #[error("{0}")]
    Failed(String),
    /// Another process went on with it. Look at its progress.
    #[error("Another process goes on with matching the staff on {0}. Look at its progress there.")]
    Elsewhere(String),
    /// The integration cannot be used now.
    #[error("Staff cannot be matched on {integration} now: {problem}.")]
    NotUsable {
        /// What it is called for people.
        integration: String,
        /// How it is, and what to do.
        problem: String,
    },
    /// Its plugin is not loaded.
    #[error(
        "Staff cannot be matched: the provider `{0}` is not loaded. The operator has to install its plugin."
    )]
    NotLoaded(String),
    /// The provider knows no users.
    #[error("{0} gives meetings to all staff without matching them. There is nothing to do.")]
    NotNeeded(String),
    /// The plugin or the provider said no. The outcomes so far are stored.
    #[error("Matching staff on {integration} stopped after {done} of {total}: {error}")]
    Call {
        /// What it is called for people.
        integration: String,
        /// For how many staff there is a new outcome.
        done: usize,
        /// Of how many.
        total: usize,
        /// What it said.
        #[source]
        error: CallError,
    },
    /// The platform's database did not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}
