//! A connected world with production's policy, and what its Microsoft received.

use anyhow::Result;
use end_to_end::{World, WorldOptions, appointment, contract_error};
use mock_graph::{Action, Fault, Operation, Recorded};
use video_host::Provider;
use video_host::calls::CallPolicy;
use video_host::provider::{Error, Meeting};

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) teams: Provider,
}

/// A world whose host makes calls as it does in production.
pub(crate) fn production() -> WorldOptions {
    WorldOptions { calls: Some(CallPolicy::default()), ..WorldOptions::default() }
}

/// 503 with a `Retry-After`.
pub(crate) fn overloaded(retry_after: &str) -> Action {
    Action::Status { status: 503, retry_after: Some(retry_after.to_owned()) }
}

impl Stage {
    pub(crate) async fn start() -> Result<Self> {
        let (world, teams) = World::connected(production()).await?;
        Ok(Self { world, teams })
    }

    pub(crate) fn once(&self, operation: Operation, action: Action) {
        self.world.microsoft.faults().inject(Fault::once(operation, action));
    }

    pub(crate) fn always(&self, operation: Operation, action: Action) {
        self.world.microsoft.faults().inject(Fault::always(operation, action));
    }

    pub(crate) async fn create(&self, id: &str) -> Result<Meeting> {
        Ok(self.teams.create_meeting(&appointment(id)).await?)
    }

    pub(crate) async fn create_in_vain(&self, id: &str) -> Result<Error> {
        contract_error(self.teams.create_meeting(&appointment(id)).await)
    }

    /// What was received of an operation since the journal was cleared last. None of it came before a
    /// `Retry-After` had ended.
    pub(crate) fn received(&self, operation: Operation) -> Vec<Recorded> {
        let journal = self.world.microsoft.journal();
        let early = |it: &Recorded| it.answer.as_ref().is_some_and(|answer| answer.before_retry_after);
        assert!(!journal.requests().iter().any(early), "asked too early");
        let received = journal.of(operation);
        journal.clear();
        received
    }
}

/// Milliseconds between the first two requests.
pub(crate) fn apart(received: &[Recorded]) -> i64 {
    let at = |n: usize| received[n].at.as_millisecond();
    at(1) - at(0)
}
