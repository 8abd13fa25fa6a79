//! Rows by the hundred thousand, as the platform would have written them one by one.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use sqlx::AnyPool;
use video_platform::IntegrationId;

use super::{DAY, HALF_AN_HOUR, SERVICE, STAFF, TODAY};

/// Days around today on which appointments lie.
const DAYS: i64 = 730;

/// Appointments of a client.
const EACH: u32 = 5;

/// Id of the staff member of this number.
pub(super) fn member(number: u32) -> String {
    format!("s{number:05}")
}

/// E-mail address of the client of this number.
pub(super) fn client(number: u32) -> String {
    format!("client{number}@example.com")
}

/// A staff list, `named` first.
pub(super) fn staff(number: u32, named: (&str, &str)) -> String {
    let mut file = format!("id,name,email,user_name\n{},Adele Vance,{},\n", named.0, named.1);
    for number in 1..number {
        let _ = writeln!(file, "{},Given{number} Family,nobody{number}@elsewhere.example,", member(number));
    }
    file
}

/// Until there are so many integrations and appointments, apart from what was booked.
pub(super) async fn fill(
    pool: &AnyPool,
    like: &IntegrationId,
    integrations: u32,
    appointments: u32,
) -> Result<()> {
    const NUMBERS: &str = "WITH RECURSIVE numbers (n) AS \
         (SELECT CAST($2 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < $3) ";
    // Each row of the connected integration again for every copy: in the platform's table, and what the host
    // keeps for it. Nobody opens what is sealed in them.
    let copies = [
        "INSERT INTO integration (id, provider, display_name, match_field, state, state_since, account_id, \
         account_tenant, account_user_name, account_display_name, created_at, revision) \
         SELECT 'copy-' || n, provider, display_name || n, match_field, state, state_since, account_id, \
         account_tenant, account_user_name, account_display_name, created_at, revision \
         FROM integration, numbers WHERE id = $1",
        "INSERT INTO integration_tenant (integration, tenant) SELECT 'copy-' || n, tenant \
         FROM integration_tenant, numbers WHERE integration = $1",
        "INSERT INTO plugin_storage (integration, name, version, size, key_id, sealed) \
         SELECT 'copy-' || n, name, version, size, key_id, sealed FROM plugin_storage, numbers \
         WHERE integration = $1",
        "INSERT INTO credential (integration, name, version, key_id, sealed) \
         SELECT 'copy-' || n, name, version, key_id, sealed FROM credential, numbers WHERE integration = $1",
    ];
    let there: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM integration").fetch_one(pool).await?;
    if there < i64::from(integrations) {
        let mut transaction = pool.begin().await?;
        for copy in copies {
            let copy = copy.replacen("SELECT", &format!("{NUMBERS}SELECT"), 1);
            let query = sqlx::query(sqlx::AssertSqlSafe(copy)).bind(like.as_str()).bind(there);
            query.bind(i64::from(integrations)).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
    }
    let there: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM appointment WHERE id LIKE 'filled-%'")
        .fetch_one(pool)
        .await?;
    if there < i64::from(appointments) {
        let fill = format!(
            "INSERT INTO appointment (id, service, method, staff, client_name, client_email, client_key, \
             subject, start_at, end_at, channel, status, integration, user_id, user_key, user_name, \
             meeting_id, organizer_id, link, created_at) {NUMBERS}\
             SELECT 'filled-' || n, '{SERVICE}', 'video_call', {member}, \
             'A Client', 'client' || (n / {EACH}) || '@example.com', 'client' || (n / {EACH}) || '@example.com', \
             'Mortgage advice', {first} + (n * 7919 % {slots}) * {HALF_AN_HOUR}, \
             {first} + (n * 7919 % {slots} + 1) * {HALF_AN_HOUR}, 'client_view', 'booked', $1, 'user-' || n, \
             'user' || n || '@contoso.com', 'Somebody', 'meeting-' || n || '{long}', 'organizer', \
             'https://teams.microsoft.com/l/meetup-join/' || n || '{long}', {TODAY} FROM numbers",
            // As `member` has it, in words of both databases.
            member = format_args!("'s' || SUBSTR(CAST(100001 + n % {} AS TEXT), 2)", STAFF - 1),
            first = TODAY - DAYS / 2 * DAY,
            slots = DAYS * DAY / HALF_AN_HOUR,
            long = "x".repeat(120),
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(fill)).bind(like.as_str()).bind(there);
        let filled = query.bind(i64::from(appointments)).execute(pool).await?;
        ensure!(filled.rows_affected() > 0, "nothing was filled in");
    }
    // As its autovacuum does within a minute: until then a connection keeps to the plans that it has made for a
    // handful of rows.
    let mut connection = pool.acquire().await?;
    if connection.backend_name() == "PostgreSQL" {
        sqlx::query("ANALYZE").execute(&mut *connection).await?;
    }
    Ok(())
}
