//! The platform: one database, the providers, a clock. What it does stands with what it does it to:
//! staff, integrations, matching, video settings, appointments.

use std::fmt;
use std::sync::Arc;

use tokio::sync::broadcast;
use video_host::Host;
use video_host::clock::{Clock, Sleep, Waiter};
use video_host::store::{Store, StoreError};

use crate::dashboard::tally;
use crate::database::{self, DatabaseError, Kind, Pool};
use crate::integration::{Followed, HELD, IntegrationEvent};
use crate::matching::Jobs;
use crate::plugins::Plugins;
use crate::provider::VideoProviders;
use crate::turns::Turns;

/// The scheduling platform's side of video meetings. Cheap to clone.
pub struct Platform<V = Plugins> {
    inner: Arc<Inner<V>>,
}

struct Inner<V> {
    providers: V,
    pool: Pool,
    clock: Arc<dyn Clock>,
    waiter: Arc<dyn Waiter>,
    turns: Turns,
    jobs: Jobs,
    told: broadcast::Sender<IntegrationEvent>,
    followed: Followed,
}

impl Platform {
    /// The platform over a host, with its tables in the host's file. Plugins are installed through
    /// [`Platform::providers`].
    pub async fn open(host: Host) -> Result<Self, StoreError> {
        let (store, clock) = (host.store().clone(), host.clock().clone());
        Self::over(Plugins::new(host), &store, clock, Arc::new(Sleep)).await
    }
}

impl<V: VideoProviders> Platform<V> {
    /// The platform over any providers, clock and waiter, with its tables in the store's file.
    pub async fn over(
        providers: V,
        store: &Store,
        clock: Arc<dyn Clock>,
        waiter: Arc<dyn Waiter>,
    ) -> Result<Self, StoreError> {
        store.migrate(&database::MIGRATIONS, database::MIGRATIONS_TABLE).await?;
        let pool = store.pool().clone();
        tally::recount(&pool).await.map_err(|error| StoreError::Database(error.0))?;
        let followed = Followed::from_now_on(&pool).await.map_err(|error| StoreError::Database(error.0))?;
        let (turns, jobs, (told, _)) = (Turns::default(), Jobs::default(), broadcast::channel(HELD));
        Ok(Self { inner: Arc::new(Inner { providers, pool, clock, waiter, turns, jobs, told, followed }) })
    }

    /// The providers that were handed in.
    pub fn providers(&self) -> &V {
        &self.inner.providers
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.inner.pool
    }

    pub(crate) async fn connection(&self) -> Result<sqlx::pool::PoolConnection<Kind>, DatabaseError> {
        Ok(self.inner.pool.acquire().await?)
    }

    pub(crate) fn now(&self) -> i64 {
        self.inner.clock.now_ms()
    }

    pub(crate) fn waiter(&self) -> &dyn Waiter {
        &*self.inner.waiter
    }

    pub(crate) fn jobs(&self) -> &Jobs {
        &self.inner.jobs
    }

    /// Who wants to be told of events.
    pub(crate) fn told(&self) -> &broadcast::Sender<IntegrationEvent> {
        &self.inner.told
    }

    /// What was told of other processes' events.
    pub(crate) fn followed(&self) -> &Followed {
        &self.inner.followed
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.inner.turns
    }
}

impl<V> Clone for Platform<V> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<V: fmt::Debug> fmt::Debug for Platform<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform").field("providers", &self.inner.providers).finish_non_exhaustive()
    }
}
