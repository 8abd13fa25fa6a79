//! The clients: each does what the plan says with its appointment, asks again when its process dies, and
//! remembers what it was told and shown.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use mock_graph::{Injected, MockGraph};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::crew::Crew;
use crate::plan::{Act, Client, LASTS, Order};
use crate::words::{Told, What};

/// How many clients are at work for each process.
const CLIENTS_PER_PROCESS: u32 = 4;
/// A client who was refused so often, or whose process died so often, shows a run that gets nowhere.
const MOST_TRIES: u32 = 50;

/// What the clients did and met.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) books: AtomicU64,
    pub(crate) moves: AtomicU64,
    pub(crate) cancels: AtomicU64,
    /// Orders that were told to be waiting.
    pub(crate) waiting: AtomicU64,
    pub(crate) refused: AtomicU64,
    /// Orders that were given again, for whatever reason.
    pub(crate) retries: AtomicU64,
    /// Orders that were told that the database did not answer.
    pub(crate) busy: AtomicU64,
    faults: Mutex<Vec<(&'static str, Injected)>>,
    /// When orders were done.
    done: Mutex<Vec<Instant>>,
    /// When the database crashed, and for how long it was away.
    restarts: Mutex<Vec<(Instant, Duration)>>,
    /// Whether the database is away now.
    away: watch::Sender<bool>,
}

/// A crash of the database, as it was and as clients met it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outage {
    /// From the crash until it answered again.
    pub(crate) down: Duration,
    /// From the last order that was done before to the first one after.
    pub(crate) felt: Duration,
}

impl Tally {
    /// The database is about to crash.
    pub(crate) fn crashes(&self) {
        self.away.send_replace(true);
    }

    /// It answers again.
    pub(crate) fn restarted(&self, began: Instant, down: Duration) {
        self.restarts.lock().unwrap_or_else(PoisonError::into_inner).push((began, down));
        self.away.send_replace(false);
    }

    /// The crashes of the database.
    pub(crate) fn outages(&self) -> Vec<Outage> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner).clone();
        done.sort_unstable();
        let restarts = self.restarts.lock().unwrap_or_else(PoisonError::into_inner);
        let outage = |(began, down): &(Instant, Duration)| {
            // What was answered while it went down was done before.
            let up = *began + *down;
            let longest = done
                .windows(2)
                .filter(|pair| pair[1] >= *began && pair[0] <= up)
                .map(|pair| pair[1] - pair[0])
                .max();
            Outage { down: *down, felt: longest.unwrap_or_default() }
        };
        restarts.iter().map(outage).collect()
    }

    /// The troubles that the stand-in made, by their names, with how many requests met them.
    pub(crate) fn faults(&self) -> std::collections::BTreeMap<&'static str, u64> {
        let mut counted = std::collections::BTreeMap::new();
        for (name, injected) in &*self.faults.lock().unwrap_or_else(PoisonError::into_inner) {
            *counted.entry(*name).or_default() += u64::from(injected.applied());
        }
        counted
    }
}

/// What a client knows at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Knows {
    pub(crate) appointment: String,
    /// Every link that anybody was shown for it.
    pub(crate) links: BTreeSet<String>,
    /// When it may begin, in milliseconds since 1970: as was last told to be done, or as was asked for since
    /// and told to be waiting.
    pub(crate) starts: BTreeSet<i64>,
    pub(crate) cancelled: bool,
    /// What was asked and told, in lines for whoever looks into a difference.
    pub(crate) history: Vec<String>,
}

/// Lets all clients do what they do, some at a time.
pub(crate) async fn all(
    clients: Vec<Client>,
    crew: &Arc<Crew>,
    processes: u32,
    microsoft: &MockGraph,
    tally: &Arc<Tally>,
) -> Result<Vec<Knows>> {
    let places = Arc::new(Semaphore::new((processes * CLIENTS_PER_PROCESS) as usize));
    let mut at_work = JoinSet::new();
    for client in clients {
        let (crew, microsoft, tally) = (crew.clone(), microsoft.clone(), tally.clone());
        let place = places.clone().acquire_owned().await?;
        at_work.spawn(async move {
            let _place = place;
            let id = client.id.clone();
            At { crew, processes, microsoft, tally, client }.work().await.context(id)
        });
    }
    let mut known = Vec::new();
    while let Some(client) = at_work.join_next().await {
        match client? {
            Ok(client) => known.push(client),
            Err(error) => {
                // Nobody asks the crew any more when this ends: the crew may know a better reason.
                at_work.shutdown().await;
                return Err(error);
            }
        }
    }
    Ok(known)
}

/// A client at work.
struct At {
    crew: Arc<Crew>,
    processes: u32,
    microsoft: MockGraph,
    tally: Arc<Tally>,
    client: Client,
}

impl At {
    async fn work(self) -> Result<Knows> {
        let mut knows = Knows {
            appointment: self.client.id.clone(),
            links: BTreeSet::new(),
            starts: BTreeSet::new(),
            cancelled: false,
            history: Vec::new(),
        };
        let history = Mutex::default();
        for step in &self.client.steps {
            let told = match &step.0[..] {
                [one] => vec![self.insist(one, &history).await?],
                [one, other] => {
                    let (one, other) = tokio::join!(self.insist(one, &history), self.insist(other, &history));
                    vec![one?, other?]
                }
                more => bail!("{} orders at once", more.len()),
            };
            for (order, told) in step.0.iter().zip(told) {
                knows.learn(order.act, told);
            }
        }
        knows.history = history.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(knows)
    }

    /// Gives an order until it is done, saved, or out of the question.
    async fn insist(&self, order: &Order, history: &Mutex<Vec<String>>) -> Result<Vec<Told>> {
        let act = match order.act {
            Act::Book { .. } => &self.tally.books,
            Act::Move { .. } => &self.tally.moves,
            Act::Cancel => &self.tally.cancels,
        };
        act.fetch_add(1, Ordering::Relaxed);
        if let Some(trouble) = &order.fault {
            let mut faults = self.tally.faults.lock().unwrap_or_else(PoisonError::into_inner);
            for fault in &trouble.faults {
                faults.push((trouble.name, self.microsoft.faults().inject(fault.clone())));
            }
        }
        let mut told = Vec::new();
        let mut process = order.process;
        let mut patience = u32::from(order.insists);
        for _ in 0..MOST_TRIES {
            let asked = self.microsoft.clock().now();
            let answer = self.crew.ask(process, &self.client.id, self.client.staff, what(order.act)).await?;
            let now = self.microsoft.clock().now();
            let line = format!("{asked} to {now}: {:?} of process {process}: {answer:?}", order.act);
            history.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            let Some(answer) = answer else {
                // Its process died: the client reloads the page, and another one answers.
                process = (process + 1) % self.processes;
                self.tally.retries.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            told.push(answer.clone());
            if matches!(answer, Told::Done { .. }) {
                self.tally.done.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
            }
            match answer {
                // Told of a move that it was never booked: the booking was refused behind the client's back.
                Told::Done { .. } | Told::Cancelled | Told::NeverBooked => return Ok(told),
                Told::Waiting => {
                    self.tally.waiting.fetch_add(1, Ordering::Relaxed);
                    if patience == 0 {
                        return Ok(told);
                    }
                    patience -= 1;
                }
                Told::Refused => {
                    self.tally.refused.fetch_add(1, Ordering::Relaxed);
                    // A move that is refused is given up; a booking and a cancellation are wanted.
                    if matches!(order.act, Act::Move { .. }) {
                        return Ok(told);
                    }
                }
                Told::Busy => {
                    self.tally.busy.fetch_add(1, Ordering::Relaxed);
                    // A database that is away refuses at once: whoever asked on would use up all tries.
                    self.tally.away.subscribe().wait_for(|away| !away).await?;
                }
                Told::Unexpected(why) => bail!("{why}"),
            }
            self.tally.retries.fetch_add(1, Ordering::Relaxed);
        }
        bail!("told {told:?} and no end of it")
    }
}

impl Knows {
    /// Takes in what an order came to.
    fn learn(&mut self, act: Act, told: Vec<Told>) {
        for told in told {
            match (act, &told) {
                (Act::Cancel, Told::Done { .. } | Told::Waiting) => self.cancelled = true,
                (Act::Move { .. }, Told::Done { start, .. }) => self.starts = BTreeSet::from([*start]),
                // Booking again tells how it stands, which may be a move that waits.
                (Act::Book { .. }, Told::Done { start, .. }) => {
                    self.starts.insert(*start);
                }
                (Act::Book { start }, Told::Waiting) if self.links.is_empty() => {
                    self.starts.insert(start);
                }
                (Act::Move { start }, Told::Waiting) => {
                    self.starts.insert(start);
                }
                _ => {}
            }
            if let Told::Done { link: Some(link), .. } = told {
                self.links.insert(link);
            }
        }
    }
}

fn what(act: Act) -> What {
    match act {
        Act::Book { start } => What::Book { start, end: start + LASTS },
        Act::Move { start } => What::Move { start, end: start + LASTS },
        Act::Cancel => What::Cancel,
    }
}
