//! How an integration is: what it can be, and why.

use video_host::provider::{GrantProblem, MisconfigurationProblem, RefusalProblem};

use crate::word::words;

/// How an integration is. What is temporary stands beside it, in [`Unavailable`].
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
        /// The same, as the provider's sentence.
        message: String,
    },
    /// The operator of the platform has to mend something. The connection itself may be sound, so it
    /// is used, and the first success clears this.
    Misconfigured {
        /// What.
        cause: MisconfigurationProblem,
        /// The same, as the provider's sentence.
        message: String,
    },
    /// The provider refuses, and not one staff member only: a right, a policy or a licence is missing.
    /// Nobody tells when it is there, so the provider is asked all the same, and the first success of
    /// what was refused clears this.
    Refused {
        /// What is missing.
        cause: RefusalProblem,
        /// What was refused.
        asked: Asked,
        /// The same, as the provider's sentence.
        message: String,
    },
    /// Its credentials are gone. It is kept for the appointments that were made on it.
    Disconnected,
}

impl IntegrationState {
    /// Whether there is any use in asking the provider.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Connected | Self::Misconfigured { .. } | Self::Refused { .. })
    }

    /// What is wrong and what to do about it, to go on in a sentence without its stop; none if it works.
    pub fn problem(&self) -> Option<String> {
        let message = self.message().map_or("", |message| message.trim_end_matches('.'));
        match self {
            Self::Connected => None,
            Self::Pending => Some("its sign-in is not finished: finish it, or connect again".to_owned()),
            Self::NeedsReauthorization { .. } => Some(format!("reauthorize it: {message}")),
            Self::Misconfigured { .. } => Some(format!("the operator has to mend it: {message}")),
            Self::Refused { .. } => Some(format!("the provider refuses: {message}")),
            Self::Disconnected => Some("it is disconnected: connect again".to_owned()),
        }
    }

    /// Which of the states it is, without the reason.
    pub fn kind(&self) -> StateKind {
        match self {
            Self::Pending => StateKind::Pending,
            Self::Connected => StateKind::Connected,
            Self::NeedsReauthorization { .. } => StateKind::NeedsReauthorization,
            Self::Misconfigured { .. } => StateKind::Misconfigured,
            Self::Refused { .. } => StateKind::Refused,
            Self::Disconnected => StateKind::Disconnected,
        }
    }

    /// The reason, for the states that have one.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::NeedsReauthorization { cause, .. } => Some(Cause::Grant(*cause)),
            Self::Misconfigured { cause, .. } => Some(Cause::Misconfiguration(*cause)),
            Self::Refused { cause, .. } => Some(Cause::Refusal(*cause)),
            Self::Pending | Self::Connected | Self::Disconnected => None,
        }
    }

    /// The provider's sentence, for the states that have one.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::NeedsReauthorization { message, .. }
            | Self::Misconfigured { message, .. }
            | Self::Refused { message, .. } => Some(message),
            Self::Pending | Self::Connected | Self::Disconnected => None,
        }
    }

    /// Whether it is the same state for the same reason, however the provider worded it.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        (self.kind(), self.cause()) == (other.kind(), other.cause())
    }
}

/// Which state, without the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateKind {
    /// [`IntegrationState::Pending`]
    Pending,
    /// [`IntegrationState::Connected`]
    Connected,
    /// [`IntegrationState::NeedsReauthorization`]
    NeedsReauthorization,
    /// [`IntegrationState::Misconfigured`]
    Misconfigured,
    /// [`IntegrationState::Refused`]
    Refused,
    /// [`IntegrationState::Disconnected`]
    Disconnected,
}

words!(StateKind {
    Pending = "pending",
    Connected = "connected",
    NeedsReauthorization = "needs_reauthorization",
    Misconfigured = "misconfigured",
    Refused = "refused",
    Disconnected = "disconnected",
});

/// Why an integration is in its state, in the contract's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Why the grant is dead.
    Grant(GrantProblem),
    /// What the operator has to mend.
    Misconfiguration(MisconfigurationProblem),
    /// What is missing at the provider.
    Refusal(RefusalProblem),
}

/// What a provider was asked when it refused the whole integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Whether the connection works.
    Check,
    /// For users.
    Users,
    /// For meetings.
    Meetings,
}

words!(Asked { Check = "check", Users = "users", Meetings = "meetings" });

/// The provider cannot be used for a time: it is throttling, has a fault or cannot be reached. This lies
/// over the state and says nothing about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// Since when, in milliseconds since 1970.
    pub since: i64,
    /// Until when the provider asked to be left alone, in milliseconds since 1970, if it did.
    pub until: Option<i64>,
    /// What it said first, as a sentence.
    pub message: String,
}
