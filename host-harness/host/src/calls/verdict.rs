//! What an outcome means for the next attempt, and for everybody else of the tenant.

use std::time::Duration;

use crate::provider::{Error, Outage};
use crate::sandbox::{CallError, Failure};

/// What an outcome tells of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// It answered.
    Answers,
    /// It did not, or it was too busy to.
    Down,
    /// It wants to be left alone for so long.
    Asks(Duration),
    /// Nothing: the call may never have got that far.
    Unsaid,
}

/// What to do about an error.
pub(super) struct Verdict {
    pub(super) health: Health,
    /// Why it is worth another attempt, in a word; none if it is not.
    pub(super) again: Option<&'static str>,
}

/// Which errors are repeated. All functions that are may be: their operations are idempotent by contract,
/// so also after an attempt that may have taken effect.
///
/// - `throttled` and `unavailable` pass.
/// - A call that ran out of its time has most likely waited for a provider that hangs: as an outage.
/// - A plugin that traps, computes too long, wants too much memory or answers what it may not does so
///   again: its fault is to be seen and mended, not multiplied.
/// - `Busy` has waited for a place for as long as there was time.
/// - Everything else needs somebody to do something first.
pub(super) fn of<T>(outcome: &Result<T, CallError>) -> Verdict {
    let (health, again) = match outcome {
        Ok(_) => (Health::Answers, None),
        Err(CallError::Provider(error)) => match error {
            Error::Throttled(wait) => (asks(*wait), Some("throttled")),
            Error::Unavailable(outage) => (asks(outage.retry_after), Some("unavailable")),
            Error::Refused(_)
            | Error::NotFound(_)
            | Error::NeedsReauthorization(_)
            | Error::SignInFailed(_)
            | Error::AccountMismatch(_) => (Health::Answers, None),
            Error::InvalidInput(_) | Error::NotConnected | Error::Misconfigured(_) | Error::Internal(_) => {
                (Health::Unsaid, None)
            }
        },
        Err(CallError::Failed { failure: Failure::Deadline(_), .. }) => (Health::Down, Some("deadline")),
        Err(CallError::Failed { .. }) => (Health::Unsaid, None),
    };
    Verdict { health, again }
}

/// A provider that wants to be left alone for no time at all is down like any other.
fn asks(ms: Option<u64>) -> Health {
    match ms {
        Some(ms @ 1..) => Health::Asks(Duration::from_millis(ms)),
        Some(0) | None => Health::Down,
    }
}

/// The error of a call that is handed on, if one of its attempts, not the last, may have taken effect:
/// what the last one says of itself is then not true of the call.
pub(super) fn in_doubt(error: CallError) -> CallError {
    let outage = match error {
        CallError::Provider(Error::Throttled(retry_after)) => Outage {
            may_have_taken_effect: true,
            retry_after,
            message: "The provider is busy with too many requests, and did not say what became of the \
                      request before."
                .to_owned(),
        },
        CallError::Provider(Error::Unavailable(outage)) => Outage { may_have_taken_effect: true, ..outage },
        other => return other,
    };
    CallError::Provider(Error::Unavailable(outage))
}
