//! Every fault that the stand-in can make of a request.

use std::time::Duration;

use mock_graph::{Action, Operation};

/// More than a host reads of an answer, in bytes.
const TOO_MUCH: usize = 9 << 20;

/// A fault, by the name that it has in the table.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) name: String,
    pub(crate) action: Action,
}

impl Fault {
    /// All that can befall a request of this operation.
    pub(crate) fn all(operation: Operation) -> Vec<Self> {
        let of_any = statuses().into_iter().chain(of_the_connection()).collect::<Vec<_>>();
        match operation {
            Operation::Token => of_any.into_iter().chain(of_the_token_endpoint()).collect(),
            // An answer inside a batch has neither a connection nor a body of its own.
            Operation::BatchItem => of_any.into_iter().filter(Self::works_inside_a_batch).collect(),
            _ => of_any,
        }
    }

    /// Whether the caller gives up before the answer comes.
    pub(crate) fn outlasts_the_caller(&self) -> bool {
        matches!(self.action, Action::Hold { .. })
    }

    /// Microsoft says that there is nothing, which nobody can see through.
    pub(crate) fn denies_existence(&self) -> bool {
        matches!(self.action, Action::Status { status: 404, .. })
    }

    fn works_inside_a_batch(&self) -> bool {
        matches!(
            self.action,
            Action::Status { .. }
                | Action::StatusAfter { .. }
                | Action::ClaimsChallenge
                | Action::Slow(_)
                | Action::Hold { .. }
        )
    }
}

fn fault(name: impl Into<String>, action: Action) -> Fault {
    Fault { name: name.into(), action }
}

fn statuses() -> Vec<Fault> {
    let plain = [400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504];
    let mut faults: Vec<_> =
        plain.into_iter().map(|status| fault(status.to_string(), Action::status(status))).collect();
    for (status, after) in
        [(429, "2"), (429, "0.5"), (429, "Wed, 21 Oct 2026 07:28:00 GMT"), (503, "3"), (504, "1.25")]
    {
        let action = Action::Status { status, retry_after: Some(after.to_owned()) };
        let after = if after.len() > 4 { "a date" } else { after };
        faults.push(fault(format!("{status} (Retry-After: {after})"), action));
    }
    for status in [500, 504] {
        faults.push(fault(format!("{status} once done"), Action::StatusAfter { status }));
    }
    faults.push(fault("claims challenge", Action::ClaimsChallenge));
    faults
}

fn of_the_connection() -> Vec<Fault> {
    vec![
        fault("dropped before", Action::DropBefore),
        fault("dropped once done", Action::DropAfter),
        fault("slow", Action::Slow(Duration::from_millis(20))),
        fault("truncated", Action::Truncate),
        fault("malformed", Action::Malformed),
        fault("oversized", Action::Oversized(TOO_MUCH)),
        fault("held before", Action::Hold { before: true }),
        fault("held once done", Action::Hold { before: false }),
    ]
}

/// A wrong and an expired client secret, a revoked grant, a second factor, Conditional Access, a missing
/// consent, a tenant that nobody knows, and a fault of the service.
fn of_the_token_endpoint() -> Vec<Fault> {
    let codes = [7_000_215, 7_000_222, 50_173, 50_076, 53_003, 65_001, 90_002, 90_033];
    let mut faults: Vec<_> =
        codes.into_iter().map(|code| fault(format!("AADSTS{code}"), Action::Aadsts(code))).collect();
    faults.push(fault("no refresh token", Action::OmitRefreshToken));
    faults
}
