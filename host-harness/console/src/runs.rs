//! Matching of all staff, under way for people who watch it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use video_platform::{Actor, IntegrationId, MatchReport, Progress};

use crate::console::Console;

/// How a matching is.
#[derive(Debug, Clone)]
pub(crate) enum Run {
    /// Under way; nothing is known of it yet, or how far it is.
    Running(Option<Progress>),
    /// It ended like this.
    Finished(MatchReport),
    /// It stopped, for this reason.
    Failed(String),
}

/// The last matching of each integration that was started here.
#[derive(Default)]
pub(crate) struct Runs(Mutex<HashMap<String, Run>>);

impl Runs {
    /// How the last one is; none if there was none since the start of the program.
    pub(crate) fn last(&self, id: &IntegrationId) -> Option<Run> {
        self.lock().get(id.as_str()).cloned()
    }

    /// Starts one, unless one is under way.
    pub(crate) fn start(console: &Console, actor: &Actor, id: &IntegrationId) {
        {
            let mut runs = console.runs().lock();
            if matches!(runs.get(id.as_str()), Some(Run::Running(_))) {
                return;
            }
            runs.insert(id.as_str().to_owned(), Run::Running(None));
        }
        let (console, actor, id) = (console.clone(), actor.clone(), id.clone());
        tokio::spawn(async move {
            let acting = console.acting_as(&actor);
            let told = |progress| console.runs().put(&id, Run::Running(Some(progress)));
            let ended = match acting.rematch(&id, told).await {
                Ok(report) => Run::Finished(report),
                Err(error) => Run::Failed(crate::gate::told(&error)),
            };
            console.runs().put(&id, ended);
        });
    }

    fn put(&self, id: &IntegrationId, run: Run) {
        self.lock().insert(id.as_str().to_owned(), run);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Run>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
