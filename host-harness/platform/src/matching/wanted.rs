//! Who is matched by themselves: staff about whom something changed. They wait for more of the kind on
//! a list, so that an import of 50,000 is a few hundred calls.

use std::time::Duration;

use sqlx::QueryBuilder;

use crate::IntegrationId;
use crate::database::{self, BuildFor as _, Connection, DatabaseError, Kind, ROWS_AT_ONCE};
use crate::integration::MatchField;
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::staff::store::one_of;

/// How long nothing has to change before those who did are asked for.
pub(super) const QUIET: Duration = Duration::from_secs(5);
/// How long somebody waits at most while others go on changing.
pub(super) const LONGEST: Duration = Duration::from_mins(1);

/// Milliseconds of a duration, as times here are.
pub(super) fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Puts staff whose value of a field changed on the lists of the integrations that go by it: where they
/// are known, and the one that they use. Whoever was told that they share something with one of them is
/// asked for again, too.
pub(crate) async fn changed(
    connection: &mut Connection,
    field: MatchField,
    staff: &[String],
    now: i64,
) -> Result<(), DatabaseError> {
    use crate::word::Word as _;
    for staff in staff.chunks(ROWS_AT_ONCE) {
        let ids: Vec<_> = staff.iter().map(String::as_str).collect();
        let mut query = begin(now);
        query.push(USED).push(" AND i.match_field = ").push_bind(field.word()).push(" AND s.id IN ");
        one_of(&mut query, &ids);
        end(query, connection).await?;

        let mut query = begin(now);
        query.push(
            " FROM staff_match AS own JOIN integration AS i ON i.id = own.integration \
             JOIN staff_match AS s0 ON s0.integration = own.integration AND s0.outcome = 'shared' \
             AND (s0.match_key = own.match_key OR s0.user_id = own.user_id) AND s0.staff <> own.staff \
             JOIN staff AS s ON s.id = s0.staff \
             WHERE own.outcome = 'shared' AND i.state <> 'disconnected' AND i.match_field = ",
        );
        query.push_bind(field.word()).push(" AND own.staff IN ");
        one_of(&mut query, &ids);
        end(query, connection).await?;
    }
    Ok(())
}

/// Staff `s` at integrations `i` where they are known, and at the one that they use.
const USED: &str = " FROM staff AS s CROSS JOIN integration AS i \
     LEFT JOIN staff_video AS v ON v.staff = s.id \
     WHERE i.state <> 'disconnected' AND (i.id = v.integration OR (v.integration IS NULL AND i.is_default) \
     OR EXISTS (SELECT 1 FROM staff_match AS m WHERE m.integration = i.id AND m.staff = s.id))";

/// Each once: PostgreSQL changes no row twice in one statement.
fn begin(now: i64) -> QueryBuilder<Kind> {
    let mut query = QueryBuilder::new(
        "INSERT INTO match_wanted (integration, staff, job, changed, look, attempts, wanted_at, due_at) \
         SELECT DISTINCT i.id, s.id, '', TRUE, 'key', 0, ",
    );
    query.push_bind(now).push(", ").push_bind(now.saturating_add(ms(QUIET)));
    query
}

/// Who is on a list already begins anew, and on the list of a job no more: that may be cancelled.
async fn end(mut query: QueryBuilder<Kind>, connection: &mut Connection) -> Result<(), DatabaseError> {
    query.push(
        " ON CONFLICT (integration, staff) DO UPDATE SET job = excluded.job, changed = TRUE, \
         look = excluded.look, attempts = 0, due_at = excluded.due_at",
    );
    query.build_for(connection).persistent(false).execute(connection).await?;
    Ok(())
}

/// Has `query` choose rows of `match_wanted` whose staff came or changed after `since`: an earlier row keeps the
/// time of its beginning, and is due anew.
pub(super) fn push_newer(query: &mut QueryBuilder<Kind>, since: i64) {
    query.push("(wanted_at > ").push_bind(since).push(" OR (attempts = 0 AND due_at > ");
    query.push_bind(since.saturating_add(ms(QUIET))).push("))");
}

/// Puts a staff member on the lists of the integrations where they are not matched, and of the one that they
/// use.
pub(crate) async fn assigned(
    connection: &mut Connection,
    staff: &str,
    now: i64,
) -> Result<(), DatabaseError> {
    let mut query = begin(now);
    query.push(USED).push(
        " AND NOT EXISTS (SELECT 1 FROM staff_match AS m WHERE m.integration = i.id AND m.staff = s.id \
         AND m.outcome = 'matched') AND s.id = ",
    );
    query.push_bind(staff.to_owned());
    end(query, connection).await
}

/// Takes everybody off the list of those who changed by themselves: nobody will ever be asked for.
pub(crate) async fn forget(
    connection: &mut Connection,
    integration: &IntegrationId,
) -> Result<(), DatabaseError> {
    let query = sqlx::query("DELETE FROM match_wanted WHERE integration = $1 AND job = ''");
    query.bind(integration.as_str()).execute(connection).await?;
    Ok(())
}

impl<V: VideoProviders> Platform<V> {
    /// To be called when a staff member was assigned to something that needs video, such as a service:
    /// they are matched by themselves on the integration that they use, unless they are matched there.
    pub async fn staff_assigned(&self, staff: &str) -> Result<(), DatabaseError> {
        let mut transaction = database::begin(self.pool()).await?;
        assigned(&mut transaction, staff, self.now()).await?;
        database::commit(transaction, "matching.wanted").await?;
        self.jobs().wake();
        Ok(())
    }
}
