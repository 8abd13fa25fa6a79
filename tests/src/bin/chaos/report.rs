//! The summary that a person reads.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::clients::Outage;
use crate::plan::Scale;
use crate::verify::Agreed;

/// What a run came to.
pub(crate) struct Report {
    pub(crate) scale: Scale,
    pub(crate) method: &'static str,
    pub(crate) books: u64,
    pub(crate) moves: u64,
    pub(crate) cancels: u64,
    pub(crate) waiting: u64,
    pub(crate) refused: u64,
    pub(crate) retries: u64,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    pub(crate) kills: u64,
    pub(crate) interrupted: u64,
    /// What restarted processes finished.
    pub(crate) resumed: u64,
    /// The crashes of the database.
    pub(crate) outages: Vec<Outage>,
    /// Orders that were told to ask again, as the database did not answer.
    pub(crate) busy: u64,
    /// What was left for the last resume.
    pub(crate) left: usize,
    /// Requests that the stand-in received.
    pub(crate) requests: u64,
    pub(crate) agreed: Agreed,
    pub(crate) took: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scale { seed, bookings, processes, .. } = self.scale;
        writeln!(f, "chaos, seed {seed}: {bookings} appointments, {processes} processes, {}\n", self.method)?;
        writeln!(
            f,
            "asked for    {:>6} bookings, {} moves, {} cancellations; {} were saved and had to wait, {} were \
             refused, {} were asked again",
            self.books, self.moves, self.cancels, self.waiting, self.refused, self.retries
        )?;
        writeln!(f, "went wrong   {:>6} requests of {} at Microsoft:", self.faulty(), self.requests)?;
        for (name, count) in &self.faults {
            writeln!(f, "             {count:>6} {name}")?;
        }
        writeln!(
            f,
            "killed       {:>6} processes, with {} orders under way; {} appointments were finished by the \
             next to start, {} at the end",
            self.kills, self.interrupted, self.resumed, self.left
        )?;
        if !self.outages.is_empty() {
            let most = |of: fn(&Outage) -> Duration| {
                self.outages.iter().map(of).max().unwrap_or_default().as_secs_f64()
            };
            writeln!(
                f,
                "crashed      {:>6} times the database, for {:.1} s at most; no order was done for {:.1} s at most, \
                 and {} were told to ask again",
                self.outages.len(),
                most(|outage| outage.down),
                most(|outage| outage.felt),
                self.busy
            )?;
        }
        let Agreed { booked, cancelled, refused, links } = self.agreed;
        writeln!(
            f,
            "in the end   {booked:>6} appointments have one meeting each, at their times; {cancelled} are \
             cancelled and {refused} were refused, and have none"
        )?;
        writeln!(f, "links        {links:>6} seen by clients, each of one appointment and never changed")?;
        write!(f, "took         {:>6.1} s", self.took.as_secs_f64())
    }
}

impl Report {
    fn faulty(&self) -> u64 {
        self.faults.values().sum()
    }
}
