//! How calls are made: what is repeated and when, who is left alone, and who goes first.
//!
//! Every call of a [`Provider`](crate::Provider) goes this way, whatever it does:
//!
//! 1. **The circuit** of its provider and tenant is closed, or the call fails at once.
//! 2. **A place.** A tenant has so many calls in flight, of which bulk work has a few; so it does of the
//!    whole host's places. Bulk work therefore never stands before a booking in a queue, however much of
//!    it there is.
//! 3. **Units** of what the provider allows in a time.
//! 4. The call itself, in the sandbox; if calls before misbehaved, when it is its turn.
//! 5. **Again**, if the error says that it is worth it, after a wait that ends before the caller's
//!    deadline and not before the provider's `Retry-After`.
//!
//! A plugin never sleeps and never repeats; a platform need not.

mod attempts;
mod backoff;
mod circuit;
mod conduct;
mod counts;
mod dispatcher;
mod share;
mod tenant;
mod verdict;

use std::time::Duration;

pub use backoff::{Backoff, Chance, Random};
pub use circuit::{CircuitPolicy, CircuitState};
pub use counts::CallCounts;
pub use share::{Rate, Share};
pub(crate) use tenant::Tenant;
pub use tenant::{CircuitStatus, HeldBack};

pub(crate) use attempts::{Attempts, Next};
pub(crate) use dispatcher::{Dispatcher, Errand};

/// How a host makes calls. The default is production's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPolicy {
    /// How long a call may take with all its repetitions, unless
    /// [`Provider::within`](crate::Provider::within) says otherwise. 30 s, and never less than the
    /// plugin's own deadline.
    pub patience: Duration,
    /// The same for bulk work, at which nobody looks while it waits. 2 min.
    pub bulk_patience: Duration,
    /// What is waited between two attempts.
    pub backoff: Backoff,
    /// When a provider is left alone; none: never.
    pub circuit: Option<CircuitPolicy>,
    /// What one tenant may use at a time.
    pub share: Share,
    /// For how long a plugin is held back for a tenant after a call that misbehaved: one that trapped, used
    /// up its limits, broke the contract, or went on writing when the log or its storage was full. Its calls
    /// take turns then with all that compute for long, from their begin. None: it is not. 1 min.
    pub holds_back: Option<Duration>,
}

impl Default for CallPolicy {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(30),
            bulk_patience: Duration::from_mins(2),
            backoff: Backoff::default(),
            circuit: Some(CircuitPolicy::default()),
            share: Share::default(),
            holds_back: Some(Duration::from_mins(1)),
        }
    }
}

impl CallPolicy {
    /// Every call is made, and made once, whatever came of the one before: for those who want to see what
    /// a plugin says.
    pub fn once() -> Self {
        let backoff = Backoff { attempts: 1, ..Backoff::default() };
        let share = Share { rate: None, ..Share::default() };
        Self { backoff, circuit: None, share, holds_back: None, ..Self::default() }
    }
}

/// What kind of work a function of the contract is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Somebody waits for it.
    Prompt,
    /// Nobody does, and there may be very much of it. So many keys.
    Bulk(usize),
    /// The second half of a sign-in. Its code is used up by the first attempt, so there is no second; and
    /// it rather waits for the provider than be lost.
    Redeem,
    /// Asks the provider nothing.
    Local,
}
