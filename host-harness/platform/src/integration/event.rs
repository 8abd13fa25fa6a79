//! What happened to integrations: each change once, in the order of the changes, for whoever tells
//! people. The events of a change are written in its transaction.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

use sqlx::{FromRow, Row as _};
use tokio::sync::broadcast;
use video_host::provider::{GrantProblem, MisconfigurationProblem, RefusalProblem};

use super::quota::QuotaLevel;
use super::standing::Standing;
use super::{Cause, StateKind, advice};
use crate::IntegrationId;
use crate::database::{self, Connection, DatabaseError, Pool, Row, Transaction};
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::word::{self, Word};

/// What a subscriber may lag behind before it misses events.
pub(crate) const HELD: usize = 256;
/// The most events that [`Platform::events`] gives at once.
const PAGE: i64 = 1_000;

/// Something that happened to an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationEvent {
    /// Its place in the order of all events; [`Platform::events`] goes on behind it.
    pub id: i64,
    /// Which integration.
    pub integration: IntegrationId,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// What.
    pub change: IntegrationChange,
    /// The same as sentences for the administrator: what happened, and what to do.
    pub message: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntegrationChange {
    /// It is in another state, or in the same one for another reason.
    State {
        /// The state before.
        from: StateKind,
        /// The state now.
        to: StateKind,
        /// Why, for the states that have a reason.
        cause: Option<Cause>,
    },
    /// The provider cannot be used for a time.
    Unavailable {
        /// Until when it asked to be left alone, in milliseconds since 1970, if it did.
        until: Option<i64>,
    },
    /// It can be used again.
    Available,
    /// An organizer's meetings of a month came near the provider's limit, or reached it.
    Quota {
        /// The provider's id of the organizer.
        organizer: String,
        /// The calendar month in UTC: `2026-12`.
        month: String,
        /// How many meetings were made.
        meetings: i64,
        /// How many the provider documents.
        limit: u32,
        /// What that means.
        level: QuotaLevel,
    },
}

/// How often the events of other processes are looked for.
const FOLLOWED_EVERY: Duration = Duration::from_secs(2);

/// Which events this process has told of, so that none is told twice.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    /// Events up to this one were looked at.
    seen: tokio::sync::Mutex<i64>,
    /// Its own that it told of, the latest ones.
    own: std::sync::Mutex<BTreeSet<i64>>,
}

impl Followed {
    /// Follows what comes after the last event of now.
    pub(crate) async fn from_now_on(pool: &Pool) -> Result<Self, DatabaseError> {
        let last = sqlx::query_scalar("SELECT last FROM integration_event_number").fetch_one(pool).await?;
        Ok(Self { seen: tokio::sync::Mutex::new(last), own: std::sync::Mutex::default() })
    }

    fn note(&self, events: impl IntoIterator<Item = i64>) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.extend(events);
        while own.len() > HELD {
            own.pop_first();
        }
    }

    fn is_own(&self, event: i64) -> bool {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).remove(&event)
    }
}

/// Events that are written and told to nobody yet, as their transaction is not over. See
/// [`Platform::commit`].
#[derive(Debug, Default)]
#[must_use = "events are told after the commit"]
pub(crate) struct News(Vec<IntegrationEvent>);

impl News {
    /// Both.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl<V: VideoProviders> Platform<V> {
    /// What happened to integrations behind the event `after`, which is 0 for all of them: the oldest
    /// first, at most 1,000. Events of all processes on this database, in the order of the changes.
    pub async fn events(&self, after: i64) -> Result<Vec<IntegrationEvent>, DatabaseError> {
        let query = sqlx::query_as("SELECT * FROM integration_event WHERE id > $1 ORDER BY id LIMIT $2");
        Ok(query.bind(after).bind(PAGE).fetch_all(&mut *self.connection().await?).await?)
    }

    /// What happened to one integration before the event `before`, or up to now: the newest first.
    pub async fn events_of(
        &self,
        integration: &IntegrationId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<IntegrationEvent>, DatabaseError> {
        let query = sqlx::query_as(
            "SELECT * FROM integration_event WHERE integration = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        );
        let query = query.bind(integration.as_str()).bind(before.unwrap_or(i64::MAX)).bind(i64::from(limit));
        Ok(query.fetch_all(&mut *self.connection().await?).await?)
    }

    /// Is told of each event of this process from now on, once it lasts; and of those of other processes on
    /// this database while [`Self::follow_events`] runs. Who lags 256 events behind misses some, and finds them
    /// with [`Self::events`].
    pub fn subscribe(&self) -> broadcast::Receiver<IntegrationEvent> {
        self.told().subscribe()
    }

    /// Has subscribers of this process told of what other processes note, within two seconds, until `shutdown`
    /// is ready.
    pub async fn follow_events(&self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            if let Err(error) = self.tell_of_others().await {
                tracing::warn!(%error, "events of other hosts are told later");
            }
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                () = self.waiter().wait(FOLLOWED_EVERY) => {}
            }
        }
    }

    async fn tell_of_others(&self) -> Result<(), DatabaseError> {
        let mut followed = self.followed().seen.lock().await;
        loop {
            let events = self.events(*followed).await?;
            let Some(last) = events.last() else { return Ok(()) };
            *followed = last.id;
            for event in events {
                if !self.followed().is_own(event.id) {
                    let _ = self.told().send(event);
                }
            }
        }
    }

    /// Makes changes last, and then tells what happened.
    pub(crate) async fn commit(
        &self,
        transaction: Transaction,
        step: &'static str,
        news: News,
    ) -> Result<(), DatabaseError> {
        // Before it lasts: whoever follows may read it at once.
        self.followed().note(news.0.iter().map(|event| event.id));
        if let Err(error) = database::commit(transaction, step).await {
            // Somebody else's may get their numbers.
            for event in &news.0 {
                self.followed().is_own(event.id);
            }
            return Err(error);
        }
        for event in news.0 {
            let IntegrationEvent { id, integration, message, .. } = &event;
            if event.is_trouble() {
                tracing::warn!(event = id, %integration, "{message}");
            } else {
                tracing::info!(event = id, %integration, "{message}");
            }
            // Without a receiver there is nobody to tell.
            let _ = self.told().send(event);
        }
        Ok(())
    }
}

impl IntegrationEvent {
    /// Whether somebody has to do something about it: an outage passes by itself.
    fn is_trouble(&self) -> bool {
        match &self.change {
            IntegrationChange::State { cause, .. } => cause.is_some(),
            IntegrationChange::Quota { .. } => true,
            IntegrationChange::Unavailable { .. } | IntegrationChange::Available => false,
        }
    }
}

/// Writes what is new about how an integration stands.
pub(super) async fn raise_changes(
    connection: &mut Connection,
    integration: &IntegrationId,
    (before, after): (&Standing, &Standing),
    at: i64,
) -> Result<News, DatabaseError> {
    let mut news = News::default();
    if !before.state.same_as(&after.state) {
        let change = IntegrationChange::State {
            from: before.state.kind(),
            to: after.state.kind(),
            cause: after.state.cause(),
        };
        let message = advice::of(&after.state, None).to_string();
        news = news.and(raise(connection, integration, at, change, message).await?);
    }
    match (&before.unavailable, &after.unavailable) {
        (None, Some(unavailable)) => {
            let change = IntegrationChange::Unavailable { until: unavailable.until };
            let message = advice::of_outage(unavailable).to_string();
            news = news.and(raise(connection, integration, at, change, message).await?);
        }
        // Nobody asked the provider to disconnect.
        (Some(_), None) if after.state.kind() != StateKind::Disconnected => {
            let message = "The provider answers again.".to_owned();
            let change = IntegrationChange::Available;
            news = news.and(raise(connection, integration, at, change, message).await?);
        }
        _ => {}
    }
    Ok(news)
}

/// Writes an event. The number is taken from one row, which writers on any database wait for: a reader
/// who has seen an event will see none before it later.
pub(super) async fn raise(
    connection: &mut Connection,
    integration: &IntegrationId,
    at: i64,
    change: IntegrationChange,
    message: String,
) -> Result<News, DatabaseError> {
    let id: i64 = sqlx::query_scalar("UPDATE integration_event_number SET last = last + 1 RETURNING last")
        .fetch_one(&mut *connection)
        .await?;
    let mut columns = Columns::default();
    let kind = match &change {
        IntegrationChange::State { from, to, cause } => {
            (columns.from, columns.to) = (Some(from.word()), Some(to.word()));
            columns.cause = cause.map(Cause::word);
            "state"
        }
        IntegrationChange::Unavailable { until } => {
            columns.until = *until;
            "unavailable"
        }
        IntegrationChange::Available => "available",
        IntegrationChange::Quota { organizer, month, meetings, limit, level } => {
            columns.organizer = Some((organizer, month));
            (columns.meetings, columns.limit) = (Some(*meetings), Some(i64::from(*limit)));
            columns.cause = Some(level.word());
            "quota"
        }
    };
    sqlx::query(
        "INSERT INTO integration_event (id, integration, happened_at, kind, from_state, to_state, cause, \
         until_at, organizer, counted_month, meetings, meeting_limit, message) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(id)
    .bind(integration.as_str())
    .bind(at)
    .bind(kind)
    .bind(columns.from)
    .bind(columns.to)
    .bind(columns.cause)
    .bind(columns.until)
    .bind(columns.organizer.map(|(organizer, _)| organizer))
    .bind(columns.organizer.map(|(_, month)| month))
    .bind(columns.meetings)
    .bind(columns.limit)
    .bind(&message)
    .execute(connection)
    .await?;
    Ok(News(vec![IntegrationEvent { id, integration: integration.clone(), at, change, message }]))
}

/// The columns that only some kinds of events have.
#[derive(Default)]
struct Columns<'a> {
    from: Option<&'a str>,
    to: Option<&'a str>,
    cause: Option<&'a str>,
    until: Option<i64>,
    organizer: Option<(&'a String, &'a String)>,
    meetings: Option<i64>,
    limit: Option<i64>,
}

impl FromRow<'_, Row> for IntegrationEvent {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let integration: String = row.try_get("integration")?;
        let kind: String = row.try_get("kind")?;
        let change = match kind.as_str() {
            "state" => {
                let to = word::read(row, "to_state")?;
                IntegrationChange::State {
                    from: word::read(row, "from_state")?,
                    to,
                    cause: Cause::read(row, to)?,
                }
            }
            "unavailable" => IntegrationChange::Unavailable { until: row.try_get("until_at")? },
            "available" => IntegrationChange::Available,
            "quota" => {
                let limit: i64 = row.try_get("meeting_limit")?;
                IntegrationChange::Quota {
                    organizer: row.try_get("organizer")?,
                    month: row.try_get("counted_month")?,
                    meetings: row.try_get("meetings")?,
                    limit: limit
                        .try_into()
                        .map_err(|_| word::unknown("meeting_limit", &limit.to_string()))?,
                    level: word::read(row, "cause")?,
                }
            }
            other => return Err(word::unknown("kind", other)),
        };
        Ok(Self {
            id: row.try_get("id")?,
            integration: integration.parse().map_err(|_| word::unknown("integration", &integration))?,
            at: row.try_get("happened_at")?,
            change,
            message: row.try_get("message")?,
        })
    }
}

impl Cause {
    /// Its word in the column `cause`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Grant(cause) => cause.word(),
            Self::Misconfiguration(cause) => cause.word(),
            Self::Refusal(cause) => cause.word(),
        }
    }

    /// Reads the column `cause` of a row in a state.
    fn read(row: &Row, state: StateKind) -> Result<Option<Self>, sqlx::Error> {
        Ok(match state {
            StateKind::NeedsReauthorization => Some(Self::Grant(word::read::<GrantProblem>(row, "cause")?)),
            StateKind::Misconfigured => {
                Some(Self::Misconfiguration(word::read::<MisconfigurationProblem>(row, "cause")?))
            }
            StateKind::Refused => Some(Self::Refusal(word::read::<RefusalProblem>(row, "cause")?)),
            StateKind::Pending | StateKind::Connected | StateKind::Disconnected => None,
        })
    }
}
