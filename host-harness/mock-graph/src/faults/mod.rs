//! Faults on request: what to do to which requests, and how often.

mod gate;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;

use crate::chance::Chance;
use crate::locks::lock;
use crate::operation::Operation;

pub(crate) use gate::Gate;
pub use gate::Held;

/// What happens to a request that a fault applies to.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Answered with this status and the documented error body; nothing takes effect.
    Status {
        /// 401, 403, 404, 429, 500, 502, 503, 504 or any other.
        status: u16,
        /// `Retry-After` as sent: seconds, an integer or a decimal, or anything at all.
        retry_after: Option<String>,
    },
    /// The effect happens, and the answer says otherwise: a gateway that gave up.
    StatusAfter {
        /// The status answered.
        status: u16,
    },
    /// A login error by its AADSTS code, with the status, `error` and `suberror` it has at
    /// Microsoft. On the sign-in pages it becomes the error page or the redirect it is there.
    Aadsts(u32),
    /// The same under another `error`, for the codes that occur with several.
    AadstsAs {
        /// The AADSTS code.
        code: u32,
        /// The `error` beside it, such as `interaction_required`.
        error: String,
    },
    /// Continuous access evaluation: 401 with `insufficient_claims`.
    ClaimsChallenge,
    /// The connection is closed; nothing takes effect.
    DropBefore,
    /// The effect happens; then the connection is closed without an answer.
    DropAfter,
    /// The answer comes this much later.
    Slow(Duration),
    /// The effect happens; half of the body arrives and the connection is closed.
    Truncate,
    /// The effect happens; the body announces JSON and is not.
    Malformed,
    /// The effect happens; the body is at least this many bytes.
    Oversized(usize),
    /// A listing says that it goes on at this origin, such as `https://graph.attacker.example`. No
    /// client may follow: its token would go there.
    NextLink(String),
    /// A token answer comes without the refresh token, as Microsoft's sometimes does.
    OmitRefreshToken,
    /// The request is parked until released, before or after its effect.
    Hold {
        /// Before the effect, or after it.
        before: bool,
    },
}

impl Action {
    /// A status with its documented body and no `Retry-After`.
    pub fn status(status: u16) -> Self {
        Self::Status { status, retry_after: None }
    }

    /// 429 with a `Retry-After` as given.
    pub fn throttled(retry_after: &str) -> Self {
        Self::Status { status: 429, retry_after: Some(retry_after.to_owned()) }
    }

    /// What can be done to a single answer inside a batch: the connection is not its own.
    fn works_inside_a_batch(&self) -> bool {
        matches!(
            self,
            Self::Status { .. }
                | Self::StatusAfter { .. }
                | Self::ClaimsChallenge
                | Self::NextLink(_)
                | Self::Slow(_)
                | Self::Hold { .. }
        )
    }
}

/// How often a fault applies.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// To the next request.
    Once,
    /// To the next so many.
    N(u32),
    /// Until cleared.
    Always,
    /// To a share of them, the same ones for the same seed.
    Rate {
        /// Out of 1,000.
        per_thousand: u32,
        /// Seed of the choice.
        seed: u64,
    },
}

/// One fault.
#[derive(Clone, Debug, Deserialize)]
pub struct Fault {
    /// Which requests. Inside a batch only faults for [`Operation::BatchItem`] apply.
    pub operation: Operation,
    /// What happens to them.
    pub action: Action,
    /// How often.
    pub times: Times,
    /// Only requests whose path and query or whose body, as received, contain this.
    #[serde(default)]
    pub matching: Option<String>,
}

impl Fault {
    /// A fault that applies to the next request of an operation.
    pub fn once(operation: Operation, action: Action) -> Self {
        Self { operation, action, times: Times::Once, matching: None }
    }

    /// A fault that applies until cleared.
    pub fn always(operation: Operation, action: Action) -> Self {
        Self { times: Times::Always, ..Self::once(operation, action) }
    }
}

/// Says how often an injected fault has applied.
#[derive(Clone, Debug)]
pub struct Injected(Arc<AtomicU32>);

impl Injected {
    /// How many requests the fault has applied to.
    pub fn applied(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

/// The faults in force. They are looked through in the order they were injected; the first one
/// that decides the answer ends the search, while delays and holds add up.
#[derive(Debug, Default)]
pub struct Faults {
    entries: Mutex<Vec<Entry>>,
    /// Spares the requests of a benchmark the lock.
    any: AtomicBool,
}

#[derive(Debug)]
struct Entry {
    fault: Fault,
    left: u32,
    chance: Option<Chance>,
    applied: Arc<AtomicU32>,
    gate: Option<Arc<Gate>>,
}

/// What the faults in force make of one request.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) hold_before: Vec<Arc<Gate>>,
    pub(crate) hold_after: Vec<Arc<Gate>>,
    pub(crate) slow: Duration,
    pub(crate) omit_refresh_token: bool,
    pub(crate) decides: Option<Action>,
}

impl Faults {
    /// Puts a fault in force.
    pub fn inject(&self, fault: Fault) -> Injected {
        let gate = matches!(fault.action, Action::Hold { .. }).then(|| Arc::new(Gate::closed()));
        Injected(self.put(fault, gate))
    }

    /// Parks the next request of an operation, before or after its effect, until the returned
    /// [`Held`] is released or dropped.
    pub fn hold(&self, operation: Operation, before: bool) -> Held {
        self.hold_fault(Fault::once(operation, Action::Hold { before }))
    }

    /// As [`Faults::hold`], for the next request whose URL or body contains `matching`.
    pub fn hold_matching(&self, operation: Operation, before: bool, matching: &str) -> Held {
        self.hold_fault(Fault {
            matching: Some(matching.to_owned()),
            ..Fault::once(operation, Action::Hold { before })
        })
    }

    /// Ends every fault and releases every parked request.
    pub fn clear(&self) {
        let ended = std::mem::take(&mut *lock(&self.entries));
        self.any.store(false, Ordering::SeqCst);
        for gate in ended.iter().filter_map(|entry| entry.gate.as_ref()) {
            gate.open();
        }
    }

    fn hold_fault(&self, fault: Fault) -> Held {
        let gate = Arc::new(Gate::closed());
        self.put(fault, Some(Arc::clone(&gate)));
        Held::new(gate)
    }

    fn put(&self, fault: Fault, gate: Option<Arc<Gate>>) -> Arc<AtomicU32> {
        let applied = Arc::new(AtomicU32::new(0));
        let (left, chance) = match fault.times {
            Times::Once => (1, None),
            Times::N(times) => (times, None),
            Times::Always => (u32::MAX, None),
            Times::Rate { seed, .. } => (u32::MAX, Some(Chance::new(seed))),
        };
        lock(&self.entries).push(Entry { fault, left, chance, applied: Arc::clone(&applied), gate });
        self.any.store(true, Ordering::SeqCst);
        applied
    }

    /// Decides about one request and uses up the faults that apply.
    pub(crate) fn plan(&self, operation: Operation, url: &str, body: &[u8]) -> Plan {
        let mut plan = Plan::default();
        if !self.any.load(Ordering::SeqCst) {
            return plan;
        }
        for entry in lock(&self.entries).iter_mut() {
            if !entry.applies(operation, url, body) {
                continue;
            }
            match (&entry.fault.action, &entry.gate) {
                (Action::Slow(by), _) => plan.slow += *by,
                (Action::OmitRefreshToken, _) => plan.omit_refresh_token = true,
                (Action::Hold { before: true }, Some(gate)) => {
                    plan.hold_before.push(Arc::clone(gate));
                }
                (Action::Hold { before: false }, Some(gate)) => {
                    plan.hold_after.push(Arc::clone(gate));
                }
                (action, _) => plan.decides = Some(action.clone()),
            }
            if plan.decides.is_some() {
                break;
            }
        }
        plan
    }
}

impl Entry {
    fn applies(&mut self, operation: Operation, url: &str, body: &[u8]) -> bool {
        let fault = &self.fault;
        if self.left == 0
            || !fault.operation.covers(operation)
            || (operation == Operation::BatchItem && !fault.action.works_inside_a_batch())
        {
            return false;
        }
        if let Some(wanted) = &fault.matching
            && !url.contains(wanted.as_str())
            && !String::from_utf8_lossy(body).contains(wanted.as_str())
        {
            return false;
        }
        if let (Times::Rate { per_thousand, .. }, Some(chance)) = (fault.times, &self.chance)
            && chance.next() % 1_000 >= u64::from(per_thousand)
        {
            return false;
        }
        if matches!(fault.times, Times::Once | Times::N(_)) {
            self.left -= 1;
        }
        self.applied.fetch_add(1, Ordering::SeqCst);
        true
    }
}

impl Plan {
    pub(crate) fn decided_before_effect(&self) -> bool {
        self.decides.as_ref().is_some_and(|action| {
            matches!(
                action,
                Action::Status { .. }
                    | Action::Aadsts(_)
                    | Action::AadstsAs { .. }
                    | Action::ClaimsChallenge
                    | Action::DropBefore
            )
        })
    }
}
