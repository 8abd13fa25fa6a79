//! What is going to happen, all of it drawn from the seed before anything does: which appointments, what
//! is done to them in which order and by which process, what goes wrong, and who is killed when.

use std::time::Duration;

use mock_graph::{Action, Fault, Operation, Times};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

/// 2026-12-01T09:00:00Z.
const FIRST: i64 = 1_796_115_600_000;
const QUARTER: i64 = 15 * 60_000;
/// How long an appointment lasts.
pub(crate) const LASTS: i64 = 2 * QUARTER;
/// More than a host reads of an answer, in bytes.
const TOO_MUCH: usize = 9 << 20;

/// The members of the staff, by the ids that the platform knows them by.
pub(crate) const STAFF: [&str; 2] = ["adele", "mod"];

/// How much is to happen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) seed: u64,
    pub(crate) bookings: u32,
    pub(crate) processes: u32,
    pub(crate) kills: u32,
    /// Of a hundred orders, how many meet a fault.
    pub(crate) faults: u32,
    /// How often the database crashes and is started again.
    pub(crate) restarts: u32,
}

/// Everything that is going to happen.
pub(crate) struct Plan {
    pub(crate) clients: Vec<Client>,
    /// In the order of their moments.
    pub(crate) kills: Vec<Kill>,
    /// How many requests the stand-in has received when the database crashes.
    pub(crate) restarts: Vec<u64>,
}

/// Who wants one appointment, and what they do with it, one step after the other.
pub(crate) struct Client {
    /// The appointment's id.
    pub(crate) id: String,
    pub(crate) staff: &'static str,
    pub(crate) steps: Vec<Step>,
}

/// What is asked for at once, of several processes perhaps.
pub(crate) struct Step(pub(crate) Vec<Order>);

/// One thing to do.
pub(crate) struct Order {
    pub(crate) act: Act,
    /// Which process is asked first.
    pub(crate) process: u32,
    /// Whether it is asked for again if it is told to be waiting, or left to the platform.
    pub(crate) insists: bool,
    pub(crate) fault: Option<Trouble>,
}

/// What can be done with an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Book { start: i64 },
    Move { start: i64 },
    Cancel,
}

/// A process that is killed at the moment in which the stand-in has received so many requests.
pub(crate) struct Kill {
    pub(crate) process: u32,
    pub(crate) at_request: u64,
}

/// What goes wrong with an order.
pub(crate) struct Trouble {
    /// For the summary.
    pub(crate) name: &'static str,
    pub(crate) faults: Vec<Fault>,
}

impl Act {
    /// The request at Microsoft that does it.
    fn operation(self) -> Operation {
        match self {
            Self::Book { .. } => Operation::CreateMeeting,
            Self::Move { .. } => Operation::UpdateMeeting,
            Self::Cancel => Operation::DeleteMeeting,
        }
    }
}

impl Plan {
    /// The same for the same scale.
    pub(crate) fn new(scale: Scale) -> Self {
        let mut chance = Chance { drawn: ChaCha8Rng::seed_from_u64(scale.seed), scale };
        let clients: Vec<_> = (0..scale.bookings).map(|n| chance.client(n)).collect();
        let orders = clients.iter().flat_map(|client| &client.steps).map(|step| step.0.len() as u64).sum();
        let parts = u64::from(scale.restarts) + 1;
        let restarts = (1..parts).map(|part| orders * part / parts).collect();
        Self { kills: chance.kills(orders), restarts, clients }
    }
}

struct Chance {
    drawn: ChaCha8Rng,
    scale: Scale,
}

impl Chance {
    fn below(&mut self, limit: u32) -> u32 {
        self.drawn.random_range(0..limit)
    }

    fn percent(&mut self, share: u32) -> bool {
        self.below(100) < share
    }

    fn client(&mut self, number: u32) -> Client {
        let id = format!("appointment-{number:05}");
        let staff = STAFF[usize::from(self.percent(50))];
        let start = self.start();
        let mut booked = vec![self.order(&id, Act::Book { start })];
        if self.percent(10) {
            // A click that was sent twice.
            booked.push(self.order(&id, Act::Book { start }));
        }
        let mut steps = vec![Step(booked)];
        for _ in 0..self.below(4) {
            let start = self.start();
            steps.push(Step(vec![self.order(&id, Act::Move { start })]));
        }
        if self.percent(15) {
            // A page that is opened again.
            steps.push(Step(vec![self.order(&id, Act::Book { start })]));
        }
        if self.percent(40) {
            let mut ended = vec![self.order(&id, Act::Cancel)];
            if self.percent(15) {
                // While somebody else moves it.
                let start = self.start();
                ended.push(self.order(&id, Act::Move { start }));
            }
            steps.push(Step(ended));
        }
        Client { id, staff, steps }
    }

    fn start(&mut self) -> i64 {
        FIRST + i64::from(self.below(10_000)) * QUARTER
    }

    fn order(&mut self, id: &str, act: Act) -> Order {
        let process = self.below(self.scale.processes);
        let insists = self.percent(50);
        let share = self.scale.faults;
        let fault = self.percent(share).then(|| self.trouble(id, act));
        Order { act, process, insists, fault }
    }

    /// What Microsoft does to the request of this order. Not among it: a lie that a meeting is gone, which
    /// no platform can see through, and what only a new sign-in mends.
    fn trouble(&mut self, id: &str, act: Act) -> Trouble {
        let operation = act.operation();
        // The URL of a deletion names the meeting, which nobody may know yet, and has no body.
        let matching = (act != Act::Cancel).then(|| id.to_owned());
        let one = |name, action| Trouble {
            name,
            faults: vec![Fault { operation, action, times: Times::Once, matching: matching.clone() }],
        };
        let lost = |name| {
            let unauthorized = one(name, Action::status(401));
            let token = Fault::once(Operation::Token, Action::DropAfter);
            Trouble { name, faults: unauthorized.faults.into_iter().chain([token]).collect() }
        };
        let whole = act != Act::Cancel;
        match self.below(100) {
            0..12 => one("429 with Retry-After", Action::throttled("1.5")),
            12..18 => one("429 without Retry-After", Action::status(429)),
            18..26 => one("503", Action::status(503)),
            26..32 => one("500", Action::status(500)),
            32..38 if whole => one("401", Action::status(401)),
            38..41 if whole => lost("401, and the token's answer lost"),
            41..47 => one("403", Action::status(403)),
            // Of a meeting that is to be changed: it is there the next time.
            47..50 if matches!(act, Act::Move { .. }) => one("404", Action::status(404)),
            50..60 => one("504 after it was done", Action::StatusAfter { status: 504 }),
            60..70 => one("connection lost before", Action::DropBefore),
            70..85 => one("connection lost after", Action::DropAfter),
            85..90 if whole => one("cut short", Action::Truncate),
            90..94 if whole => one("malformed", Action::Malformed),
            94..95 if whole => one("too large", Action::Oversized(TOO_MUCH)),
            _ => one("slow", Action::Slow(Duration::from_millis(100))),
        }
    }

    /// Spread over the requests that there will be at least.
    fn kills(&mut self, orders: u64) -> Vec<Kill> {
        let last = (orders * 7 / 10).max(1);
        let mut kills: Vec<_> = (0..self.scale.kills)
            .map(|_| Kill {
                at_request: self.drawn.random_range(0..last) + 1,
                process: self.below(self.scale.processes),
            })
            .collect();
        kills.sort_by_key(|kill| kill.at_request);
        kills
    }
}
