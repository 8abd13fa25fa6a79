//! Places for calls. All plugins share most of them, and each has a few that nobody takes from it: however many
//! others hold on to their calls, its own go on.

use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::engine::{CONCURRENT_CALLS, KEEPERS, KEPT_CALLS, PLUGIN_CALLS, SHARED_CALLS};

/// The places of a host.
#[derive(Debug)]
pub(crate) struct Places {
    shared: Semaphore,
    kept: Semaphore,
    /// One for each plugin that has places of its own.
    keepers: Arc<Semaphore>,
}

/// Those that a plugin can have.
#[derive(Debug)]
pub(crate) struct PluginPlaces {
    host: Arc<Places>,
    /// How many each of its calls takes: one for each linear memory.
    each: u32,
    shared: Semaphore,
    kept: Semaphore,
    _keeper: Option<OwnedSemaphorePermit>,
}

/// What one call takes, until it is dropped.
pub(crate) struct Place<'a> {
    _plugins: SemaphorePermit<'a>,
    _hosts: SemaphorePermit<'a>,
}

impl Places {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            shared: Semaphore::new(SHARED_CALLS),
            kept: Semaphore::new(KEEPERS * KEPT_CALLS),
            keepers: Arc::new(Semaphore::new(KEEPERS)),
        })
    }

    /// How many are taken in this moment.
    pub(crate) fn taken(&self) -> usize {
        CONCURRENT_CALLS.saturating_sub(self.shared.available_permits() + self.kept.available_permits())
    }

    /// Those of a plugin each of whose calls takes so many. Where very many plugins are loaded, the last ones
    /// have no places of their own.
    pub(crate) fn of_plugin(self: &Arc<Self>, each: u32) -> PluginPlaces {
        let keeper = self.keepers.clone().try_acquire_owned().ok();
        let kept = if keeper.is_some() { KEPT_CALLS } else { 0 };
        PluginPlaces {
            host: self.clone(),
            each,
            shared: Semaphore::new(PLUGIN_CALLS - kept),
            kept: Semaphore::new(kept),
            _keeper: keeper,
        }
    }
}

impl PluginPlaces {
    /// Waits for a place: one of its own, or one that all share.
    pub(crate) async fn take(&self) -> Result<Place<'_>, AcquireError> {
        tokio::select! {
            biased;
            kept = both(&self.kept, &self.host.kept, self.each) => kept,
            shared = both(&self.shared, &self.host.shared, self.each) => shared,
        }
    }

    /// How many of its calls have one.
    pub(crate) fn calls(&self) -> usize {
        let left = self.shared.available_permits() + self.kept.available_permits();
        PLUGIN_CALLS.saturating_sub(left) / self.each()
    }

    /// How many of its calls can have one at the same time.
    pub(crate) fn calls_at_once(&self) -> usize {
        PLUGIN_CALLS / self.each()
    }

    fn each(&self) -> usize {
        usize::try_from(self.each).unwrap_or(usize::MAX)
    }
}

async fn both<'a>(
    plugins: &'a Semaphore,
    hosts: &'a Semaphore,
    each: u32,
) -> Result<Place<'a>, AcquireError> {
    let plugins = plugins.acquire_many(each).await?;
    Ok(Place { _plugins: plugins, _hosts: hosts.acquire_many(each).await? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn however_many_plugins_hold_on_to_their_places_the_next_one_has_some() {
        let host = Places::new();
        let greedy: Vec<_> = (0..3).map(|_| host.of_plugin(1)).collect();
        let good = host.of_plugin(4);
        let mut held = Vec::new();
        for plugin in &greedy {
            // As many as can be had without waiting.
            while let Some(place) = {
                let mut taking = std::pin::pin!(tokio::task::unconstrained(plugin.take()));
                std::future::poll_fn(|context| match taking.as_mut().poll(context) {
                    std::task::Poll::Ready(place) => std::task::Poll::Ready(place.ok()),
                    std::task::Poll::Pending => std::task::Poll::Ready(None),
                })
                .await
            } {
                held.push(place);
            }
        }
        assert_eq!(host.shared.available_permits(), 0, "three plugins hold all that are shared");
        assert_eq!(held.len(), SHARED_CALLS + 3 * KEPT_CALLS);
        let mut its = Vec::new();
        for _ in 0..KEPT_CALLS / 4 {
            its.push(good.take().await.expect("a place"));
        }
        assert_eq!((good.calls(), good.calls_at_once()), (KEPT_CALLS / 4, PLUGIN_CALLS / 4));
        drop((held, its));
        assert_eq!(host.taken(), 0);
    }

    #[test]
    fn a_plugin_that_is_gone_leaves_its_places_to_the_next_one() {
        let host = Places::new();
        let loaded: Vec<_> = (0..KEEPERS).map(|_| host.of_plugin(1)).collect();
        assert_eq!(host.of_plugin(1).kept.available_permits(), 0, "one too many");
        drop(loaded);
        assert_eq!(host.of_plugin(1).kept.available_permits(), KEPT_CALLS);
    }
}
