//! Sorting out the staff whom no provider needs to be asked for: without a key, or with one that
//! somebody else has too. Whoever shares a key is found by the database, so that nobody else is read.

use std::collections::{HashMap, HashSet};

use sqlx::{QueryBuilder, Row as _};

use super::reason::{self, NAMED};
use super::store::Answer;
use super::{Candidate, queue};
use crate::database::{BuildFor as _, Connection, DatabaseError, Kind, ROWS_AT_ONCE};
use crate::integration::{Integration, MatchField};
use crate::staff::store::one_of;

/// Who has an outcome already, and whom to ask for.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) settled: Vec<(Candidate, Answer)>,
    pub(super) to_ask: Vec<Candidate>,
}

/// Those who hold one key.
struct Holders {
    count: usize,
    /// The first of them, one more than a sentence names: one of them is told about the others.
    first: Vec<(String, String)>,
}

/// Sorts candidates.
pub(super) async fn sort(
    connection: &mut Connection,
    integration: &Integration,
    candidates: Vec<Candidate>,
) -> Result<Sorted, DatabaseError> {
    let field = integration.match_field;
    let shared = shared(connection, field, &candidates).await?;
    let mut sorted = Sorted::default();
    for candidate in candidates {
        if candidate.key.is_empty() {
            sorted.settled.push((candidate, reason::no_key(field)));
        } else if let Some(holders) = shared.get(&candidate.comparable()) {
            let others = holders.first.iter().filter(|(id, _)| *id != candidate.staff);
            let others: Vec<_> = others.map(|(id, name)| title(id, name)).collect();
            let answer = reason::shared(&others, holders.count - 1);
            sorted.settled.push((candidate, answer));
        } else {
            sorted.to_ask.push(candidate);
        }
    }
    Ok(sorted)
}

/// The keys of candidates that several staff hold, and who.
async fn shared(
    connection: &mut Connection,
    field: MatchField,
    candidates: &[Candidate],
) -> Result<HashMap<String, Holders>, DatabaseError> {
    let keys: Vec<_> = candidates.iter().map(Candidate::comparable).filter(|key| !key.is_empty()).collect();
    let mut shared = HashMap::new();
    if keys.is_empty() {
        return Ok(shared);
    }
    let column = field.key_column();
    let mut query = QueryBuilder::<Kind>::new("SELECT ");
    query.push(column).push(", COUNT(*) FROM staff WHERE ").push(column).push(" IN ");
    one_of(&mut query, &keys.iter().map(String::as_str).collect::<Vec<_>>());
    query.push(" GROUP BY ").push(column).push(" HAVING COUNT(*) > 1");
    for row in query.build_for(connection).persistent(false).fetch_all(&mut *connection).await? {
        let key: String = row.try_get(0)?;
        let count: i64 = row.try_get(1)?;
        let mut query = QueryBuilder::<Kind>::new("SELECT id, name FROM staff WHERE ");
        query.push(column).push(" = ").push_bind(&key).push(" ORDER BY id LIMIT ");
        query.push_bind(i64::try_from(NAMED + 1).unwrap_or(i64::MAX));
        let rows = query.build_as_for(connection).fetch_all(&mut *connection).await?;
        shared.insert(key.clone(), Holders { count: usize::try_from(count).unwrap_or(0), first: rows });
    }
    Ok(shared)
}

/// The others, and not these, who hold a key of theirs, and were not told of it yet. At most
/// [`ROWS_AT_ONCE`].
pub(super) async fn untold(
    connection: &mut Connection,
    integration: &Integration,
    settled: &[(Candidate, Answer)],
) -> Result<Vec<Candidate>, DatabaseError> {
    let keys: Vec<_> =
        settled.iter().map(|(candidate, _)| candidate.comparable()).filter(|key| !key.is_empty()).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::<Kind>::new("SELECT s.* FROM staff AS s WHERE s.");
    query.push(integration.match_field.key_column()).push(" IN ");
    one_of(&mut query, &keys.iter().map(String::as_str).collect::<Vec<_>>());
    query.push(" AND NOT EXISTS (SELECT 1 FROM staff_match AS m WHERE m.staff = s.id AND m.integration = ");
    query.push_bind(integration.id.as_str()).push(" AND m.outcome = 'shared' AND m.match_key = s.");
    query.push(integration.match_field.key_column()).push(") ORDER BY s.id LIMIT ");
    query.push_bind(i64::try_from(ROWS_AT_ONCE).unwrap_or(i64::MAX));
    let mut untold = queue::candidates(query, connection, integration.match_field).await?;
    // PostgreSQL changes no row twice in one statement.
    let own: HashSet<_> = settled.iter().map(|(candidate, _)| candidate.staff.as_str()).collect();
    untold.retain(|candidate| !own.contains(candidate.staff.as_str()));
    Ok(untold)
}

/// A staff member for people who do not know the id by heart.
pub(super) fn title(id: &str, name: &str) -> String {
    if name.is_empty() { id.to_owned() } else { format!("{name} ({id})") }
}
