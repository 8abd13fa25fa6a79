//! What a worker is asked, and what it tells: a line of JSON each, over its standard input and output.

use serde::{Deserialize, Serialize};

/// A line to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Asked {
    /// Do something with an appointment, and answer with the number.
    Do { number: u64, appointment: String, staff: String, what: What },
    /// Move the clock to so many seconds ahead of the machine's.
    Advance(u64),
}

/// What to do. Times are milliseconds since 1970.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum What {
    Book { start: i64, end: i64 },
    Move { start: i64, end: i64 },
    Cancel,
}

/// A line from a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Line {
    /// It has finished what another left behind, so many of it, and takes orders from now on.
    Ready { resumed: usize },
    /// What came of an order.
    Answer { number: u64, told: Told },
}

/// What the caller of the platform is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Told {
    /// It is done, and the appointment begins then.
    Done { link: Option<String>, start: i64 },
    /// It is saved, and will be done.
    Waiting,
    /// The provider refused.
    Refused,
    /// The appointment does not take place.
    Cancelled,
    /// There is nothing to move, as the booking was refused.
    NeverBooked,
    /// The database was too busy: nothing was saved.
    Busy,
    /// Anything else, which nobody expects here.
    Unexpected(String),
}
