//! Switching video on or off for all that a filter finds, however many they are: as a job, so that whoever
//! asked for it does not wait, and other writers never wait for longer than a chunk of it takes.

use sqlx::{FromRow, Row as _};

use super::StaffFilter;
use super::plan::Found;
use super::query::{self, Setting};
use super::tally::Touched;
use crate::IntegrationId;
use crate::audit::AuditOutcome;
use crate::audit::store::{self as audit, Learned};
use crate::database::{self, Connection, DatabaseError, Flag, ROWS_AT_ONCE, Row};
use crate::integration;
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::video::VideoError;
use crate::word;

/// A change of everybody whom a filter finds, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoChange {
    /// Which one, from 1. A later one wins over those before it.
    pub id: i64,
    /// On whose dashboard it was asked for.
    pub integration: IntegrationId,
    /// For whom: each is looked at once, as they are then.
    pub filter: StaffFilter,
    /// What video is switched to.
    pub enabled: bool,
    /// How many staff were looked at.
    pub seen: u64,
    /// Of how many.
    pub total: u64,
    /// For how many it was a change.
    pub changed: u64,
    /// Whether it has ended.
    pub ended: bool,
}

struct Stored {
    change: VideoChange,
    reached: String,
    audit: Option<i64>,
    told: Option<String>,
}

impl FromRow<'_, Row> for Stored {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let integration: String = row.try_get("integration")?;
        let count = |column: &str| row.try_get(column).map(|count: i64| u64::try_from(count).unwrap_or(0));
        let change = VideoChange {
            id: row.try_get("id")?,
            integration: integration.parse().map_err(|_| word::unknown("integration", &integration))?,
            filter: StaffFilter {
                search: row.try_get("search")?,
                enabled: row.try_get::<Option<Flag>, _>("only_enabled")?.map(|flag| flag.0),
                matched: row.try_get::<Option<Flag>, _>("only_matched")?.map(|flag| flag.0),
            },
            enabled: row.try_get::<Flag, _>("enabled")?.0,
            seen: count("seen")?,
            total: count("total")?,
            changed: count("changed")?,
            ended: row.try_get::<Option<i64>, _>("ended_at")?.is_some(),
        };
        Ok(Self {
            change,
            reached: row.try_get("reached")?,
            audit: row.try_get("audit")?,
            told: row.try_get("told")?,
        })
    }
}

/// Who asked for a change, in the log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logged {
    /// The row that gets its end.
    pub(crate) audit: Option<i64>,
    /// What it says.
    pub(crate) told: Option<String>,
}

impl<V: VideoProviders> Platform<V> {
    /// Begins to switch video on or off for all staff whom a filter finds, as a job: it is worked on by
    /// whichever process runs [`Platform::run_jobs`], a thousand staff at a time, and a restart goes on
    /// with it. Each is looked at once, in the order of their ids, as they are then. Who is decided for
    /// [by hand](Platform::enable_video) after it began keeps that; of two changes the later one wins.
    /// Appointments that exist stay.
    pub async fn start_video_change(
        &self,
        integration: &IntegrationId,
        filter: &StaffFilter,
        enabled: bool,
    ) -> Result<VideoChange, VideoError> {
        self.start_logged_change(integration, filter, enabled, Logged::default()).await
    }

    pub(crate) async fn start_logged_change(
        &self,
        integration: &IntegrationId,
        filter: &StaffFilter,
        enabled: bool,
        logged: Logged,
    ) -> Result<VideoChange, VideoError> {
        let mut transaction = database::begin(self.pool()).await?;
        if integration::store::load(&mut transaction, integration).await?.is_none() {
            return Err(VideoError::UnknownIntegration(integration.clone()));
        }
        let stored: Stored = sqlx::query_as(
            "INSERT INTO video_change (id, integration, search, only_enabled, only_matched, enabled, reached, \
             seen, total, changed, audit, told, started_at) \
             SELECT (SELECT COALESCE(MAX(id), 0) + 1 FROM video_change), $1, $2, $3, $4, $5, '', 0, \
             COALESCE((SELECT staff FROM staff_tally WHERE integration = ''), 0), 0, $6, $7, $8 RETURNING *",
        )
        .bind(integration.as_str())
        .bind(&filter.search)
        .bind(filter.enabled)
        .bind(filter.matched)
        .bind(enabled)
        .bind(logged.audit)
        .bind(logged.told)
        .bind(self.now())
        .fetch_one(&mut *transaction)
        .await
        .map_err(DatabaseError::from)?;
        database::commit(transaction, "video.change-started").await?;
        self.jobs().wake();
        Ok(stored.change)
    }

    /// How far a change is, also one that has ended; none if there is no such change.
    pub async fn video_change(&self, id: i64) -> Result<Option<VideoChange>, DatabaseError> {
        let query = sqlx::query_as("SELECT * FROM video_change WHERE id = $1").bind(id);
        let stored: Option<Stored> = query.fetch_optional(&mut *self.connection().await?).await?;
        Ok(stored.map(|stored| stored.change))
    }

    /// The changes that have not ended, the oldest first.
    pub async fn video_changes(&self) -> Result<Vec<VideoChange>, DatabaseError> {
        let query = sqlx::query_as("SELECT * FROM video_change WHERE ended_at IS NULL ORDER BY id");
        let stored: Vec<Stored> = query.fetch_all(&mut *self.connection().await?).await?;
        Ok(stored.into_iter().map(|stored| stored.change).collect())
    }

    /// Works on changes until none is left. For [`Platform::run_jobs`], and for programs that run for one
    /// purpose.
    pub(crate) async fn apply_video_changes(&self) -> Result<(), DatabaseError> {
        while self.apply_chunk().await? {}
        Ok(())
    }

    /// The next thousand staff of the oldest change, in one transaction with how far it is. False if there
    /// is none.
    async fn apply_chunk(&self) -> Result<bool, DatabaseError> {
        const OLDEST: &str = "SELECT * FROM video_change WHERE ended_at IS NULL ORDER BY id LIMIT 1";
        // Nobody is made to wait for a look.
        let oldest: Option<Stored> =
            sqlx::query_as(OLDEST).fetch_optional(&mut *self.connection().await?).await?;
        if oldest.is_none() {
            return Ok(false);
        }
        let mut transaction = database::begin(self.pool()).await?;
        let Some(Stored { change, reached, audit, told }) =
            sqlx::query_as(OLDEST).fetch_optional(&mut *transaction).await?
        else {
            return Ok(false);
        };
        let VideoChange { id, integration, filter, enabled, .. } = change;
        let (last, seen) = chunk(&mut transaction, &reached).await?;
        let mut switched = 0;
        if let Some(last) = &last {
            let found = Found::by(&mut transaction, Some(&integration), filter).await?;
            // Behind the changes before this one, and before whatever was decided since.
            let setting = Setting { enabled, after: id - 1 };
            let touched = Touched::Range(&reached, last);
            switched = query::switch(&mut transaction, touched, &found, setting).await?;
        }
        let ended_at = last.is_none().then(|| self.now());
        let applied = sqlx::query(
            "UPDATE video_change SET reached = COALESCE($3, reached), seen = seen + $4, changed = changed + $5, \
             ended_at = $6 WHERE id = $1 AND reached = $2 AND ended_at IS NULL",
        )
        .bind(id)
        .bind(&reached)
        .bind(&last)
        .bind(seen)
        .bind(i64::try_from(switched).unwrap_or(i64::MAX))
        .bind(ended_at)
        .execute(&mut *transaction)
        .await?;
        if applied.rows_affected() == 0 {
            // Another process did this chunk.
            return Ok(true);
        }
        if let (Some(_), Some(audit)) = (ended_at, audit) {
            let told = format!("{}: {} changed", told.unwrap_or_default(), change.changed);
            let learned = Learned { subject: None, to: Some(told) };
            audit::end_with(&mut transaction, audit, learned, AuditOutcome::Done, None).await?;
        }
        database::commit(transaction, "video.changed").await?;
        Ok(true)
    }
}

/// The last of the next staff behind an id, and how many they are; none if there is nobody.
async fn chunk(connection: &mut Connection, after: &str) -> Result<(Option<String>, i64), DatabaseError> {
    let rows = i64::try_from(ROWS_AT_ONCE).unwrap_or(i64::MAX);
    let query = sqlx::query_as(
        "SELECT MAX(id), COUNT(*) FROM (SELECT id FROM staff WHERE id > $1 ORDER BY id LIMIT $2) AS next",
    );
    Ok(query.bind(after).bind(rows).fetch_one(connection).await?)
}
