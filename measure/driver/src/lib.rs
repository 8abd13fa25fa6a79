//! What every side of a comparison does, whatever it is written in: it says `ready`, and then does as each
//! line of its standard input says, and tells what came of it in a line of its standard output. It ends
//! with its input.
//!
//! The loop is closed: so many callers make one call after another until the time is over, and the calls
//! that are under way then are waited for. A side is a process of its own, so that its processor time and its
//! memory can be told from those of the stand-in.

use std::io::{self, BufRead as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// What a side says once it can be ordered to do something.
pub const READY: &str = "ready";

/// One stretch of calls.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Order {
    /// What to do, for sides that can do several things.
    pub work: String,
    /// Begins the appointments' names, which are numbered from there: no name comes twice.
    pub prefix: String,
    /// Callers.
    pub in_flight: usize,
    /// When to make no more calls.
    pub milliseconds: u64,
}

/// What came of an [`Order`].
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Outcome {
    /// From the first call's beginning to the last one's end.
    pub seconds: f64,
    /// How long each call took, in microseconds.
    pub latencies: Vec<u32>,
    /// The first failure, which ends the stretch.
    pub failure: Option<String>,
}

/// Does what standard input says until it ends. `call` is given the work and a name that it has not had yet.
pub fn serve<F, R, E>(runtime: &Runtime, call: F) -> io::Result<()>
where
    F: Fn(Arc<str>, String) -> R + Clone + Send + 'static,
    R: Future<Output = Result<(), E>> + Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    say(READY)?;
    for line in io::stdin().lock().lines() {
        let outcome = runtime.block_on(stretch(&serde_json::from_str(&line?)?, call.clone()));
        say(&serde_json::to_string(&outcome)?)?;
    }
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}

async fn stretch<F, R, E>(order: &Order, call: F) -> Outcome
where
    F: Fn(Arc<str>, String) -> R + Clone + Send + 'static,
    R: Future<Output = Result<(), E>> + Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    let (numbers, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let (work, prefix): (Arc<str>, Arc<str>) = (order.work.as_str().into(), order.prefix.as_str().into());
    let begun = Instant::now();
    let end = begun + Duration::from_millis(order.milliseconds);
    let mut callers = JoinSet::new();
    for _ in 0..order.in_flight {
        let (call, work, prefix) = (call.clone(), work.clone(), prefix.clone());
        let (numbers, over) = (numbers.clone(), over.clone());
        callers.spawn(async move {
            let (mut latencies, mut now) = (Vec::new(), Instant::now());
            while now < end && !over.load(Ordering::Relaxed) {
                let name = format!("{prefix}-{}", numbers.fetch_add(1, Ordering::Relaxed));
                if let Err(failure) = call(work.clone(), name).await {
                    over.store(true, Ordering::Relaxed);
                    return (latencies, Some(failure.to_string()));
                }
                let took = now.elapsed();
                latencies.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
                now += took;
            }
            (latencies, None)
        });
    }
    let ended = callers.join_all().await;
    let mut outcome = Outcome { seconds: begun.elapsed().as_secs_f64(), ..Outcome::default() };
    for (latencies, failure) in ended {
        outcome.latencies.extend(latencies);
        outcome.failure = outcome.failure.or(failure);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Mutex;

    use super::*;

    fn order(milliseconds: u64) -> Order {
        Order { work: "anything".to_owned(), prefix: "a".to_owned(), in_flight: 4, milliseconds }
    }

    #[test]
    fn no_name_comes_twice_and_the_first_failure_ends_the_stretch() {
        let names = Arc::new(Mutex::new(HashSet::new()));
        let seen = names.clone();
        let call = move |_work: Arc<str>, name: String| {
            let names = names.clone();
            async move {
                let mut names = names.lock().map_err(|_| "a caller has panicked")?;
                assert!(names.insert(name), "a name came twice");
                if names.len() < 100 { Ok(()) } else { Err("enough") }
            }
        };
        let runtime = Runtime::new().expect("a runtime");
        let outcome = runtime.block_on(stretch(&order(60_000), call));
        assert_eq!(outcome.failure.as_deref(), Some("enough"));
        let made = seen.lock().expect("nobody panicked").len();
        assert!(outcome.latencies.len() < made && made < 110, "{made} calls");
    }

    #[test]
    fn no_call_is_made_when_the_time_is_over() {
        let runtime = Runtime::new().expect("a runtime");
        let outcome = runtime.block_on(stretch(&order(0), async |_, _| Err("called")));
        assert_eq!((outcome.latencies.len(), outcome.failure), (0, None));
    }
}
