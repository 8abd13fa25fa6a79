//! The contract's errors, made in one line each.

use crate::bindings::provider::{
    AccountMismatch, DeadGrant, Error, GrantProblem, InputError, InputProblem, Misconfiguration,
    MisconfigurationProblem, Mismatch, Outage, Refusal, RefusalProblem, SignInError, SignInProblem,
};
use crate::bindings::{credentials, storage};

pub(crate) fn invalid_input(field: &str, problem: InputProblem, message: impl Into<String>) -> Error {
    Error::InvalidInput(InputError { field: field.to_owned(), problem, message: message.into() })
}

pub(crate) fn unavailable(
    may_have_taken_effect: bool,
    retry_after: Option<u64>,
    message: impl Into<String>,
) -> Error {
    Error::Unavailable(Outage { may_have_taken_effect, retry_after, message: message.into() })
}

pub(crate) fn needs_reauthorization(problem: GrantProblem, message: impl Into<String>) -> Error {
    Error::NeedsReauthorization(DeadGrant { problem, message: message.into() })
}

pub(crate) fn misconfigured(problem: MisconfigurationProblem, message: impl Into<String>) -> Error {
    Error::Misconfigured(Misconfiguration { problem, message: message.into() })
}

pub(crate) fn refused(problem: RefusalProblem, message: impl Into<String>) -> Error {
    Error::Refused(Refusal { problem, message: message.into() })
}

pub(crate) fn sign_in_failed(problem: SignInProblem, message: impl Into<String>) -> Error {
    Error::SignInFailed(SignInError { problem, message: message.into() })
}

pub(crate) fn account_mismatch(mismatch: Mismatch, message: impl Into<String>) -> Error {
    Error::AccountMismatch(AccountMismatch { mismatch, message: message.into() })
}

pub(crate) fn internal(message: impl Into<String>) -> Error {
    Error::Internal(message.into())
}

/// What an error says, for a sentence about something that went on all the same.
pub(crate) fn message(error: &Error) -> &str {
    match error {
        Error::InvalidInput(InputError { message, .. })
        | Error::NeedsReauthorization(DeadGrant { message, .. })
        | Error::Misconfigured(Misconfiguration { message, .. })
        | Error::Refused(Refusal { message, .. })
        | Error::SignInFailed(SignInError { message, .. })
        | Error::AccountMismatch(AccountMismatch { message, .. })
        | Error::Unavailable(Outage { message, .. })
        | Error::NotFound(message)
        | Error::Internal(message) => message,
        Error::NotConnected => "There is no connection to Microsoft any more.",
        Error::Throttled(_) => "Microsoft Graph wants fewer requests.",
    }
}

/// A sentence for the administrator, with the reason that the host gave for those who look into it.
pub(crate) fn because(sentence: &str, why: &str) -> String {
    [sentence.trim_end_matches('.'), " (", why, ")."].concat()
}

/// What the operator has to mend, as the host says it.
pub(crate) fn unconfigured(why: &str) -> Error {
    misconfigured(
        MisconfigurationProblem::Host,
        because("The operator of the platform has to mend its configuration.", why),
    )
}

/// What it means that the host does not let a request out.
pub(crate) fn denied(why: &str) -> Error {
    misconfigured(
        MisconfigurationProblem::Host,
        because("The operator's grant does not allow the Teams provider what it needs.", why),
    )
}

/// What it means that nothing reached Microsoft.
pub(crate) fn unreachable(why: &str) -> Error {
    unavailable(false, None, because("Microsoft could not be reached.", why))
}

/// What a failure of the host's storage means to the caller.
pub(crate) fn storage(error: storage::Error) -> Error {
    match error {
        storage::Error::Unavailable(why) => {
            unavailable(false, None, because("The platform's store did not answer.", &why))
        }
        storage::Error::QuotaExceeded(_) => misconfigured(
            MisconfigurationProblem::Host,
            "The storage quota of this integration is used up. Its operator has to raise it.",
        ),
        storage::Error::InvalidKey(_) | storage::Error::ValueTooLarge(_) => {
            internal("The platform's store refused a key or a value of the Teams provider.")
        }
    }
}

/// What a failure to promote or discard a credential means to the caller.
pub(crate) fn credential(error: credentials::Error) -> Error {
    match error {
        credentials::Error::Store(why) => {
            unavailable(false, None, because("The platform's credential store did not answer.", &why))
        }
        credentials::Error::Misconfigured(why) => unconfigured(&why),
        credentials::Error::Missing => unavailable(
            false,
            None,
            "The new authorization was gone before it could be kept. Sign in once more.",
        ),
        _ => internal("The platform refused to keep a credential of the Teams provider."),
    }
}
