//! What to tell the administrator about an integration: how it is, and what to do next.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use video_host::provider::{GrantProblem, MisconfigurationProblem, RefusalProblem};

use super::{Integration, IntegrationState, Unavailable};

/// The longest that a provider documents for a new policy to apply: Microsoft Teams says "up to 30
/// minutes" ("Configure application access to online meetings").
const POLICY_APPLIES_WITHIN: Duration = Duration::from_mins(30);

/// How an integration is and what to do next, in sentences and as data. Displayed, it is the provider's own
/// words where there are any, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// How it is, and why.
    pub sentence: String,
    /// The same in the provider's words, which know more, such as its code for it; none if there are none.
    pub detail: Option<String>,
    /// What to do next: the button beside it.
    pub remedy: Remedy,
    /// The same as a sentence; none if there is nothing to do.
    pub instruction: Option<String>,
}

/// What to do next, and so who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing.
    Nothing,
    /// The administrator finishes the sign-in, or begins it again.
    Connect,
    /// The administrator signs in again with the connected account.
    Reauthorize,
    /// The operator of the platform mends the client's registration at the provider, or what the
    /// platform knows of it.
    FixRegistration,
    /// The operator of the platform mends this host: its settings, its grant, its keys.
    FixHost,
    /// An administrator of the provider grants a policy.
    GrantPolicy {
        /// How long it can take to apply then.
        applies_within: Duration,
    },
    /// An administrator of the provider assigns a licence.
    AssignLicence,
    /// An administrator of the provider grants a permission, and then somebody reauthorizes.
    GrantPermission,
    /// An administrator of the provider finds out what stands in the way.
    AskProvider,
    /// Waiting. What was asked for is tried again by itself.
    Wait {
        /// Until when the provider asked to be left alone, in milliseconds since 1970, if it did.
        until: Option<i64>,
    },
}

impl Integration {
    /// What to tell the administrator.
    pub fn advice(&self) -> Advice {
        of(&self.state, self.unavailable.as_ref())
    }
}

/// What to tell of a state with what lies over it. A state that needs somebody comes first: waiting would
/// not mend it.
pub(super) fn of(state: &IntegrationState, unavailable: Option<&Unavailable>) -> Advice {
    let (lead, remedy, instruction) = match state {
        IntegrationState::Connected => {
            return unavailable.map_or_else(|| nothing("It worked when it was last used."), of_outage);
        }
        IntegrationState::Pending => (
            "The sign-in is not finished.",
            Remedy::Connect,
            "Finish the sign-in in the window where it was begun, or connect again.",
        ),
        IntegrationState::Disconnected => (
            "It is disconnected. Appointments keep their links.",
            Remedy::Connect,
            "Connect again to give new appointments a link.",
        ),
        IntegrationState::NeedsReauthorization { cause, .. } => {
            let (lead, instruction) = grant(*cause);
            (lead, Remedy::Reauthorize, instruction)
        }
        IntegrationState::Misconfigured { cause, .. } => misconfiguration(*cause),
        IntegrationState::Refused { cause, .. } => refusal(*cause),
    };
    let detail = state.message().filter(|message| !message.is_empty()).map(str::to_owned);
    Advice { sentence: lead.to_owned(), detail, remedy, instruction: Some(instruction.to_owned()) }
}

/// What to tell of an outage, whatever the state is.
pub(super) fn of_outage(outage: &Unavailable) -> Advice {
    let lead = match outage.until.and_then(|until| Timestamp::from_millisecond(until).ok()) {
        Some(until) => {
            format!("It cannot be used before {}.", until.strftime("%H:%M:%S UTC on %-d %B %Y"))
        }
        None => "It cannot be used for the moment.".to_owned(),
    };
    Advice {
        sentence: lead,
        detail: Some(outage.message.clone()).filter(|message| !message.is_empty()),
        remedy: Remedy::Wait { until: outage.until },
        instruction: Some(
            "Nothing has to be done: the connection itself is not in doubt, and what waits is tried again."
                .to_owned(),
        ),
    }
}

fn nothing(sentence: &str) -> Advice {
    Advice { sentence: sentence.to_owned(), detail: None, remedy: Remedy::Nothing, instruction: None }
}

/// Why the grant is dead, and what signing in again needs.
fn grant(cause: GrantProblem) -> (&'static str, &'static str) {
    match cause {
        GrantProblem::Revoked => {
            ("The authorization was revoked.", "Reauthorize with the connected account.")
        }
        GrantProblem::Expired => {
            ("The authorization has expired.", "Reauthorize with the connected account.")
        }
        GrantProblem::PasswordChanged => (
            "The password of the connected account was changed.",
            "Reauthorize with the connected account and its new password.",
        ),
        GrantProblem::MultiFactorRequired => (
            "The provider asks for a second factor.",
            "Reauthorize with the connected account, and confirm the sign-in with its second factor.",
        ),
        GrantProblem::BlockedByPolicy => (
            "A rule of the organization blocks the connected account.",
            "Have the organization's identity administrator let the account in, then reauthorize.",
        ),
        GrantProblem::ConsentWithdrawn => (
            "The consent to the platform's application was withdrawn.",
            "Reauthorize, and accept the permissions again.",
        ),
        GrantProblem::AccountDisabled => (
            "The connected account is disabled or was deleted.",
            "Have the account enabled again and reauthorize, or disconnect and connect another one.",
        ),
        GrantProblem::ClaimsChallenge => (
            "The provider asks the connected account to sign in again before it goes on.",
            "Reauthorize with the connected account.",
        ),
        GrantProblem::Other => {
            ("The provider no longer accepts the authorization.", "Reauthorize with the connected account.")
        }
    }
}

fn misconfiguration(cause: MisconfigurationProblem) -> (&'static str, Remedy, &'static str) {
    match cause {
        MisconfigurationProblem::ClientAuthentication => (
            "The provider does not accept the platform's client secret or certificate.",
            Remedy::FixRegistration,
            "The operator of the platform has to configure the secret or certificate that is registered.",
        ),
        MisconfigurationProblem::ClientAuthenticationExpired => (
            "The platform's client secret or certificate has expired.",
            Remedy::FixRegistration,
            "The operator of the platform has to register a new secret or certificate and configure it.",
        ),
        MisconfigurationProblem::UnknownClient => (
            "The provider does not know the platform's application in this organization.",
            Remedy::FixRegistration,
            "The operator of the platform has to correct the client id or the registration; if the \
             organization removed the application, reauthorize.",
        ),
        MisconfigurationProblem::RedirectUri => (
            "The platform's redirect address is not registered as it has to be.",
            Remedy::FixRegistration,
            "The operator of the platform has to register it, as one of a web application.",
        ),
        MisconfigurationProblem::Host => (
            "Something is missing on the platform's side.",
            Remedy::FixHost,
            "The operator of the platform has to mend it.",
        ),
        MisconfigurationProblem::Other => (
            "The platform's registration at the provider is not in order.",
            Remedy::FixRegistration,
            "The operator of the platform has to mend it.",
        ),
    }
}

fn refusal(cause: RefusalProblem) -> (&'static str, Remedy, &'static str) {
    match cause {
        RefusalProblem::Policy => (
            "No policy at the provider allows it yet.",
            Remedy::GrantPolicy { applies_within: POLICY_APPLIES_WITHIN },
            "An administrator of the provider has to grant the policy. It can take up to 30 minutes to \
             apply; the next booking after that shows whether it does.",
        ),
        RefusalProblem::Licence => (
            "The organizer has no licence for meetings.",
            Remedy::AssignLicence,
            "An administrator of the provider has to assign one to the account that organizes.",
        ),
        RefusalProblem::Permission => (
            "The connection lacks a permission.",
            Remedy::GrantPermission,
            "An administrator of the provider has to grant the permission; then reauthorize.",
        ),
        RefusalProblem::Other => (
            "The provider refuses.",
            Remedy::AskProvider,
            "An administrator of the provider can tell what stands in the way.",
        ),
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail.as_ref().unwrap_or(&self.sentence))?;
        match &self.instruction {
            Some(instruction) => write!(f, " {instruction}"),
            None => Ok(()),
        }
    }
}
