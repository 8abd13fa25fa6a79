//! How long somebody insists who works a long list off: matching and reconciling. One call alone is
//! repeated by the host already; this is about what is left then.

use std::time::Duration;

use video_host::provider::Error;
use video_host::{CallError, Failure};

/// Rounds in a row that bring no answer at all before the rest is given up. A round that brings one
/// leaves fewer to ask for, so there is an end to those too.
pub(crate) const SILENT_ROUNDS: u32 = 5;
/// The longest wait that is waited for; who asks for more is asked later.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);
/// The first wait where the provider named none; each silent round doubles it.
pub(crate) const BACK_OFF: Duration = Duration::from_secs(1);

/// Whether it is worth asking again soon.
pub(crate) fn passes(error: &CallError) -> bool {
    matches!(
        error,
        CallError::Provider(Error::Throttled(_) | Error::Unavailable(_))
            | CallError::Failed { failure: Failure::Deadline(_) | Failure::Busy | Failure::HeldBack, .. }
    )
}

/// For how long the provider wants to be left alone, in milliseconds, if it said so.
pub(crate) fn named_wait(error: &CallError) -> Option<u64> {
    match error {
        CallError::Provider(Error::Throttled(after)) => *after,
        CallError::Provider(Error::Unavailable(outage)) => outage.retry_after,
        _ => None,
    }
}
