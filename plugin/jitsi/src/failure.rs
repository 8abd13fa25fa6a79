//! The contract's errors, made in one line each.

use crate::bindings::provider::{
    AccountMismatch, Error, InputError, InputProblem, Misconfiguration, MisconfigurationProblem, Mismatch,
    Outage, Refusal, RefusalProblem,
};
use crate::bindings::{signing, storage};

pub(crate) fn invalid_input(field: &str, problem: InputProblem, message: impl Into<String>) -> Error {
    Error::InvalidInput(InputError { field: field.to_owned(), problem, message: message.into() })
}

pub(crate) fn other_tenant(message: String) -> Error {
    Error::AccountMismatch(AccountMismatch { mismatch: Mismatch::OtherTenant, message })
}

/// Nothing happened, and it may work in a moment.
pub(crate) fn unavailable(message: impl Into<String>) -> Error {
    Error::Unavailable(Outage { may_have_taken_effect: false, retry_after: None, message: message.into() })
}

pub(crate) fn gone() -> Error {
    Error::NotFound("There is no room for this appointment any more.".to_owned())
}

pub(crate) fn knows_no_users() -> Error {
    Error::Refused(Refusal {
        problem: RefusalProblem::Other,
        message: "Jitsi Meet knows no users, so that staff need not be matched.".to_owned(),
    })
}

/// What a failure of the host's storage means to the caller.
pub(crate) fn storage(error: storage::Error) -> Error {
    match error {
        storage::Error::Unavailable(why) => {
            unavailable(["The platform's store did not answer (", &why, ")."].concat())
        }
        storage::Error::QuotaExceeded(_) => Error::Misconfigured(Misconfiguration {
            problem: MisconfigurationProblem::Host,
            message: "The storage quota of this integration is used up by appointments that are still to \
                      come. Its operator has to raise it."
                .to_owned(),
        }),
        storage::Error::InvalidKey(_) | storage::Error::ValueTooLarge(_) => {
            Error::Internal("The platform's store refused a key or a value of the Jitsi provider.".to_owned())
        }
    }
}

/// What a refusal of the host to sign means to the caller. That there is no key is no failure.
pub(crate) fn signing(error: signing::Error) -> Error {
    match error {
        signing::Error::Misconfigured(message) | signing::Error::UnknownKey(message) => {
            Error::Misconfigured(Misconfiguration { problem: MisconfigurationProblem::Host, message })
        }
        signing::Error::ReservedClaim(_) | signing::Error::Malformed(_) | signing::Error::Denied(_) => {
            Error::Internal("The platform's host refused to sign a token of the Jitsi provider.".to_owned())
        }
    }
}
