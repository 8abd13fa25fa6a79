//! How many meetings an organizer was given this month, against what the provider documents.
//!
//! Counted is what was made here, also if it was cancelled later: providers count creations. Meetings
//! that an organizer makes by hand are not seen, so the warning comes early.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sqlx::{FromRow, Row as _};

use super::event::{self, IntegrationChange, News};
use crate::IntegrationId;
use crate::database::{Connection, DatabaseError, Row};
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::word::words;

/// How many organizers are told of: those with the most meetings.
const BUSIEST: i64 = 5;

/// How near an organizer is to the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaLevel {
    /// Below 80 % of it, or there is none.
    Within,
    /// From 80 % of it on.
    Near,
    /// At the limit or beyond.
    Reached,
}

words!(QuotaLevel { Within = "within", Near = "near", Reached = "reached" });

impl QuotaLevel {
    fn of(meetings: i64, limit: Option<u32>) -> Self {
        match limit.map(i64::from) {
            Some(limit) if meetings >= limit => Self::Reached,
            Some(limit) if meetings >= warned_from(limit) => Self::Near,
            _ => Self::Within,
        }
    }
}

/// 80 %, rounded up.
fn warned_from(limit: i64) -> i64 {
    (limit * 4 + 4) / 5
}

/// What an organizer was given in the current calendar month, in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizerMeetings {
    /// The provider's id of the organizer.
    pub organizer: String,
    /// The name with which they sign in, if they are the connected account or a matched staff member.
    pub user_name: Option<String>,
    /// How many meetings were made, also those that were cancelled.
    pub meetings: i64,
    /// How many the provider documents for a month, if it does.
    pub limit: Option<u32>,
    /// How near that is to the limit.
    pub level: QuotaLevel,
}

impl OrganizerMeetings {
    /// The warning as a sentence for the administrator; none below 80 % of the limit.
    pub fn warning(&self) -> Option<String> {
        let name = self.user_name.as_deref().unwrap_or(&self.organizer);
        self.limit.and_then(|limit| sentence(self.level, name, self.meetings, limit))
    }
}

fn sentence(level: QuotaLevel, organizer: &str, meetings: i64, limit: u32) -> Option<String> {
    match level {
        QuotaLevel::Within => None,
        QuotaLevel::Near => Some(format!(
            "{organizer} has organized {meetings} of the {limit} meetings a month that the provider documents \
             for one organizer. Give some staff another organizer before the limit is reached."
        )),
        QuotaLevel::Reached => Some(format!(
            "{organizer} has organized {meetings} meetings this month, and the provider documents no more than \
             {limit} for one organizer: it may refuse any further one until the month is over. Give staff \
             another organizer now."
        )),
    }
}

impl<V: VideoProviders> Platform<V> {
    /// What the five busiest organizers of an integration were given this month, the busiest first.
    pub async fn meetings_this_month(
        &self,
        integration: &IntegrationId,
    ) -> Result<Vec<OrganizerMeetings>, DatabaseError> {
        let mut connection = self.connection().await?;
        let Some(known) = super::store::load(&mut connection, integration).await? else {
            return Ok(Vec::new());
        };
        let limit = self.providers().description(&known.provider).and_then(|it| it.meetings_per_month);
        let query = sqlx::query_as(
            "SELECT organizer, meetings, (SELECT MIN(user_key) FROM staff_match \
             WHERE staff_match.integration = meeting_count.integration AND user_id = organizer) AS user_name \
             FROM meeting_count WHERE integration = $1 AND counted_month = $2 \
             ORDER BY meetings DESC, organizer LIMIT $3",
        );
        let month = month(self.now());
        let rows: Vec<Count> =
            query.bind(integration.as_str()).bind(month).bind(BUSIEST).fetch_all(&mut *connection).await?;
        let account = known.account.as_ref();
        Ok(rows
            .into_iter()
            .map(|Count { organizer, meetings, user_name }| OrganizerMeetings {
                user_name: account
                    .filter(|account| account.id == organizer)
                    .map(|account| account.user_name.clone())
                    .or(user_name),
                organizer,
                meetings,
                limit,
                level: QuotaLevel::of(meetings, limit),
            })
            .collect())
    }
}

struct Count {
    organizer: String,
    meetings: i64,
    user_name: Option<String>,
}

impl FromRow<'_, Row> for Count {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            organizer: row.try_get("organizer")?,
            meetings: row.try_get("meetings")?,
            user_name: row.try_get("user_name")?,
        })
    }
}

/// Counts a meeting that was made, in the transaction that stores it. There is an event when the count
/// comes to 80 % of the limit, and one when it comes to the limit: one by one it passes both.
pub(crate) async fn count(
    connection: &mut Connection,
    integration: &IntegrationId,
    organizer: &str,
    limit: Option<u32>,
    now: i64,
) -> Result<News, DatabaseError> {
    // Who organises nothing by name has no limit of their own.
    if organizer.is_empty() {
        return Ok(News::default());
    }
    let month = month(now);
    let meetings: i64 = sqlx::query_scalar(
        "INSERT INTO meeting_count (integration, organizer, counted_month, meetings) VALUES ($1, $2, $3, 1) \
         ON CONFLICT (integration, organizer, counted_month) \
         DO UPDATE SET meetings = meeting_count.meetings + 1 RETURNING meetings",
    )
    .bind(integration.as_str())
    .bind(organizer)
    .bind(&month)
    .fetch_one(&mut *connection)
    .await?;
    let Some(limit) = limit else { return Ok(News::default()) };
    let level = QuotaLevel::of(meetings, Some(limit));
    if level == QuotaLevel::of(meetings - 1, Some(limit)) {
        return Ok(News::default());
    }
    let Some(message) = sentence(level, organizer, meetings, limit) else { return Ok(News::default()) };
    let organizer = organizer.to_owned();
    let change = IntegrationChange::Quota { organizer, month, meetings, limit, level };
    event::raise(connection, integration, now, change, message).await
}

/// The calendar month in UTC: `2026-12`.
pub(crate) fn month(now: i64) -> String {
    let now = Timestamp::from_millisecond(now).unwrap_or(Timestamp::UNIX_EPOCH);
    now.to_zoned(TimeZone::UTC).strftime("%Y-%m").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warning_begins_at_four_fifths_and_gets_louder_at_the_limit() {
        for (meetings, limit, level) in [
            (1_599, 2_000, QuotaLevel::Within),
            (1_600, 2_000, QuotaLevel::Near),
            (1_999, 2_000, QuotaLevel::Near),
            (2_000, 2_000, QuotaLevel::Reached),
            (2_001, 2_000, QuotaLevel::Reached),
            (0, 1, QuotaLevel::Within),
            (1, 1, QuotaLevel::Reached),
            (2, 3, QuotaLevel::Within),
            (3, 4, QuotaLevel::Within),
            (4, 5, QuotaLevel::Near),
        ] {
            assert_eq!(QuotaLevel::of(meetings, Some(limit)), level, "{meetings} of {limit}");
        }
        assert_eq!(QuotaLevel::of(1_000_000, None), QuotaLevel::Within);
    }

    #[test]
    fn a_month_ends_in_utc() {
        assert_eq!(month(1_796_083_199_999), "2026-11");
        assert_eq!(month(1_796_083_200_000), "2026-12");
    }
}
