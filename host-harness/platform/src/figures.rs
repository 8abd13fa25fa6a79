//! How the platform is, in numbers: what an operator looks at first, read from the database, so that every
//! host on it tells the same.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use sqlx::Row as _;

use crate::IntegrationId;
use crate::Status;
use crate::database::{Connection, DatabaseError, Row};
use crate::integration::{StateKind, month};
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::word::{self, Word as _};

/// How many are told by their ids for people to look at: those with the busiest organizers, and matchings that
/// are under way. Whoever needs somebody is told by its id, however many there are.
const NAMED: i64 = 100;

/// From which share of a month's meetings on a quota is near its end, in per cent.
const NEAR: i64 = 80;

/// How the platform is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Integrations by provider and state.
    pub integrations: Vec<Integrations>,
    /// Those that somebody has to do something about, the longest first.
    pub troubled: Vec<Troubled>,
    /// The busiest organizers of this calendar month (UTC), one for each integration: a hundred of each provider
    /// that documents a limit, and all who are near it. The nearest first.
    pub quotas: Vec<Quota>,
    /// Appointments that their provider has not done yet, by status.
    pub unfinished: Vec<Unfinished>,
    /// Meetings that no appointment has any more, and that are still to be ended.
    pub strays: i64,
    /// Matching all staff of an integration, under way: the first hundred.
    pub jobs: Vec<Job>,
    /// How many of them there are.
    pub jobs_running: i64,
    /// Staff who are to be asked for.
    pub queue: i64,
    /// Since when the one has been on that list who was put there first, in milliseconds since 1970.
    pub queue_since: Option<i64>,
    /// Changes of many staff that have not ended.
    pub changes: i64,
    /// Staff whom these have still to look at.
    pub changes_left: i64,
}

/// Integrations of one provider in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integrations {
    /// The provider's id.
    pub provider: String,
    /// The state's word: `needs_reauthorization`.
    pub state: &'static str,
    /// How many.
    pub count: i64,
    /// Of these, how many cannot be used for a time.
    pub unavailable: i64,
}

/// An integration that needs somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Troubled {
    /// Which.
    pub integration: IntegrationId,
    /// What it is called for people.
    pub name: String,
    /// Its provider's id.
    pub provider: String,
    /// The state's word.
    pub state: &'static str,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
}

/// What the busiest organizer of an integration was given this month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// Which integration.
    pub integration: IntegrationId,
    /// What it is called for people.
    pub name: String,
    /// How many meetings.
    pub meetings: i64,
    /// How many the provider documents for a month; those for whom it documents none are left out.
    pub limit: u32,
}

/// Appointments that wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The status's word: `requested` waits for its link.
    pub status: &'static str,
    /// How many.
    pub count: i64,
    /// When the first of them was booked, or booked again after it was refused, in milliseconds since 1970.
    pub since: i64,
}

/// A job of matching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Of which integration.
    pub integration: IntegrationId,
    /// How many staff there are to ask for.
    pub total: i64,
    /// How many have an outcome.
    pub done: i64,
}

impl<V: VideoProviders> Platform<V> {
    /// How the platform is. It reads what is indexed or short, also where there are a million appointments.
    pub async fn figures(&self) -> Result<Figures, DatabaseError> {
        let connection = &mut *self.connection().await?;
        let mut figures = Figures {
            integrations: integrations(connection).await?,
            troubled: troubled(connection).await?,
            unfinished: unfinished(connection).await?,
            jobs: jobs(connection).await?,
            ..Figures::default()
        };
        figures.quotas = self.quotas(connection, &figures.integrations).await?;
        figures.strays =
            sqlx::query_scalar("SELECT COUNT(*) FROM stray_meeting").fetch_one(&mut *connection).await?;
        figures.jobs_running = sqlx::query_scalar("SELECT COUNT(*) FROM match_job WHERE state = 'running'")
            .fetch_one(&mut *connection)
            .await?;
        (figures.queue, figures.queue_since) =
            sqlx::query_as("SELECT COUNT(*), MIN(wanted_at) FROM match_wanted")
                .fetch_one(&mut *connection)
                .await?;
        let left: (i64, Option<i64>) = sqlx::query_as(
            "SELECT COUNT(*), CAST(SUM(total - seen) AS BIGINT) FROM video_change WHERE ended_at IS NULL",
        )
        .fetch_one(&mut *connection)
        .await?;
        (figures.changes, figures.changes_left) = (left.0, left.1.unwrap_or_default());
        Ok(figures)
    }

    async fn quotas(
        &self,
        connection: &mut Connection,
        integrations: &[Integrations],
    ) -> Result<Vec<Quota>, DatabaseError> {
        let month = month(self.now());
        let providers: BTreeSet<_> = integrations.iter().map(|it| it.provider.as_str()).collect();
        let mut quotas = Vec::new();
        for provider in providers {
            let limit = self.providers().description(provider).and_then(|it| it.meetings_per_month);
            let Some(limit) = limit else { continue };
            let near = (i64::from(limit) * NEAR + 99) / 100;
            let mut busiest = busiest(connection, provider, &month, limit, 0, NAMED).await?;
            if busiest.last().is_some_and(|last| last.meetings >= near) {
                // There may be more of them.
                busiest = self::busiest(connection, provider, &month, limit, near, i64::MAX).await?;
            }
            quotas.append(&mut busiest);
        }
        quotas.sort_by_key(|quota| Reverse(quota.meetings * 1_000 / i64::from(quota.limit.max(1))));
        Ok(quotas)
    }
}

/// The busiest organizer of each integration of a provider with at least so many meetings, the busiest first.
async fn busiest(
    connection: &mut Connection,
    provider: &str,
    month: &str,
    limit: u32,
    least: i64,
    most: i64,
) -> Result<Vec<Quota>, DatabaseError> {
    let rows = sqlx::query(
        "SELECT integration.id, integration.display_name, MAX(meeting_count.meetings) AS meetings \
         FROM meeting_count JOIN integration ON integration.id = meeting_count.integration \
         WHERE meeting_count.counted_month = $1 AND integration.provider = $2 \
         GROUP BY integration.id, integration.display_name HAVING MAX(meeting_count.meetings) >= $3 \
         ORDER BY meetings DESC, integration.id LIMIT $4",
    );
    let read = |row: &Row| {
        Ok(Quota {
            integration: id(row, "id")?,
            name: row.try_get("display_name")?,
            meetings: row.try_get("meetings")?,
            limit,
        })
    };
    let rows = rows
        .bind(month.to_owned())
        .bind(provider.to_owned())
        .bind(least)
        .bind(most)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(Into::into)
}

fn id(row: &Row, column: &'static str) -> Result<IntegrationId, sqlx::Error> {
    let text: String = row.try_get(column)?;
    text.parse().map_err(|_| word::unknown(column, &text))
}

async fn integrations(connection: &mut Connection) -> Result<Vec<Integrations>, DatabaseError> {
    let rows = sqlx::query(
        "SELECT provider, state, COUNT(*) AS integrations, COUNT(unavailable_since) AS unavailable \
         FROM integration GROUP BY provider, state ORDER BY provider, state",
    );
    let read = |row: &Row| {
        Ok(Integrations {
            provider: row.try_get("provider")?,
            state: word::read::<StateKind>(row, "state")?.word(),
            count: row.try_get("integrations")?,
            unavailable: row.try_get("unavailable")?,
        })
    };
    rows.fetch_all(connection).await?.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(Into::into)
}

async fn troubled(connection: &mut Connection) -> Result<Vec<Troubled>, DatabaseError> {
    let rows = sqlx::query(
        "SELECT id, display_name, provider, state, state_since FROM integration \
         WHERE state IN ('needs_reauthorization', 'misconfigured', 'refused') ORDER BY state_since, id",
    );
    let read = |row: &Row| {
        Ok(Troubled {
            integration: id(row, "id")?,
            name: row.try_get("display_name")?,
            provider: row.try_get("provider")?,
            state: word::read::<StateKind>(row, "state")?.word(),
            since: row.try_get("state_since")?,
        })
    };
    let rows = rows.fetch_all(connection).await?;
    rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(Into::into)
}

async fn unfinished(connection: &mut Connection) -> Result<Vec<Unfinished>, DatabaseError> {
    let rows = sqlx::query(
        "SELECT status, COUNT(*) AS appointments, MIN(created_at) AS since FROM appointment \
         WHERE status IN ('requested', 'moving', 'reassigning', 'cancelling') AND NOT EXISTS \
         (SELECT 1 FROM integration WHERE integration.id = appointment.integration AND state = 'disconnected') \
         GROUP BY status ORDER BY status",
    );
    let read = |row: &Row| {
        Ok(Unfinished {
            status: word::read::<Status>(row, "status")?.word(),
            count: row.try_get("appointments")?,
            since: row.try_get("since")?,
        })
    };
    rows.fetch_all(connection).await?.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(Into::into)
}

async fn jobs(connection: &mut Connection) -> Result<Vec<Job>, DatabaseError> {
    let rows = sqlx::query(
        "SELECT integration, total, done FROM match_job WHERE state = 'running' ORDER BY started_at, integration LIMIT $1",
    );
    let read = |row: &Row| {
        Ok(Job {
            integration: id(row, "integration")?,
            total: row.try_get("total")?,
            done: row.try_get("done")?,
        })
    };
    let rows = rows.bind(NAMED).fetch_all(connection).await?;
    rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(Into::into)
}
