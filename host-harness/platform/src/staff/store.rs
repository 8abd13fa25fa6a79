//! The rows of staff.

use std::collections::HashMap;

use sqlx::{FromRow, QueryBuilder, Row as _};

use super::{StaffMember, comparable};
use crate::database::{BuildFor as _, Connection, DatabaseError, Kind, Row};
use crate::integration::MatchField;
use crate::search;
use crate::word::{self, Word};

impl FromRow<'_, Row> for StaffMember {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            email: row.try_get("email")?,
            user_name: row.try_get("user_name")?,
            role: word::read(row, "role")?,
        })
    }
}

/// How a record that is given is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// As it is given, with all that is made of it.
    AsGiven,
    /// Otherwise.
    Otherwise,
}

/// A record's name, e-mail and user name as they are compared and sorted.
fn keys_of(row: &StaffMember) -> [String; 3] {
    [search::fold(row.label()), comparable(&row.email), comparable(&row.user_name)]
}

/// How these records are stored, by id; who is not known is left out. At most
/// [`ROWS_AT_ONCE`](crate::database::ROWS_AT_ONCE).
pub(super) async fn stored(
    connection: &mut Connection,
    rows: &[StaffMember],
    with_roles: bool,
) -> Result<HashMap<String, Stored>, DatabaseError> {
    let given: HashMap<_, _> = rows.iter().map(|row| (row.id.as_str(), row)).collect();
    let ids: Vec<_> = given.keys().copied().collect();
    let mut query = QueryBuilder::<Kind>::new("SELECT * FROM staff WHERE id IN ");
    one_of(&mut query, &ids);
    let mut stored = HashMap::with_capacity(rows.len());
    for row in query.build_for(connection).persistent(false).fetch_all(connection).await? {
        let member = StaffMember::from_row(&row)?;
        // These too: a later version may make others of the same record.
        let keys: [String; 3] =
            [row.try_get("name_key")?, row.try_get("email_key")?, row.try_get("user_name_key")?];
        let as_given = given.get(member.id.as_str()).is_some_and(|given| {
            (&given.name, &given.email, &given.user_name) == (&member.name, &member.email, &member.user_name)
                && (!with_roles || given.role == member.role)
                && keys_of(given) == keys
        });
        stored.insert(member.id, if as_given { Stored::AsGiven } else { Stored::Otherwise });
    }
    Ok(stored)
}

/// Writes at most [`ROWS_AT_ONCE`](crate::database::ROWS_AT_ONCE) records with one statement.
pub(super) async fn upsert(
    connection: &mut Connection,
    rows: &[StaffMember],
    with_roles: bool,
) -> Result<(), DatabaseError> {
    let mut query = QueryBuilder::<Kind>::new(
        "INSERT INTO staff (id, name, email, user_name, role, name_key, email_key, user_name_key) ",
    );
    query.push_values(rows, |mut values, row| {
        let [name_key, email_key, user_name_key] = keys_of(row);
        values
            .push_bind(&row.id)
            .push_bind(&row.name)
            .push_bind(&row.email)
            .push_bind(&row.user_name)
            .push_bind(Word::word(row.role))
            .push_bind(name_key)
            .push_bind(email_key)
            .push_bind(user_name_key);
    });
    query.push(
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, \
         user_name = excluded.user_name, name_key = excluded.name_key, email_key = excluded.email_key, \
         user_name_key = excluded.user_name_key",
    );
    if with_roles {
        query.push(", role = excluded.role");
    }
    query.build_for(connection).persistent(false).execute(connection).await?;
    Ok(())
}

pub(crate) async fn load(
    connection: &mut Connection,
    id: &str,
) -> Result<Option<StaffMember>, DatabaseError> {
    let query = sqlx::query_as("SELECT id, name, email, user_name, role FROM staff WHERE id = $1");
    Ok(query.bind(id).fetch_optional(connection).await?)
}

pub(super) async fn page(
    connection: &mut Connection,
    after: &str,
    limit: u32,
) -> Result<Vec<StaffMember>, DatabaseError> {
    let query = sqlx::query_as(
        "SELECT id, name, email, user_name, role FROM staff WHERE id > $1 ORDER BY id LIMIT $2",
    );
    Ok(query.bind(after).bind(i64::from(limit)).fetch_all(connection).await?)
}

/// The ids of those whose value of a field is not the stored one: new staff among them. At most
/// [`ROWS_AT_ONCE`](crate::database::ROWS_AT_ONCE) rows.
pub(super) async fn changed(
    connection: &mut Connection,
    rows: &[StaffMember],
    field: MatchField,
) -> Result<Vec<String>, DatabaseError> {
    let ids: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
    let stored = keys(connection, &ids, field).await?;
    let changed = rows.iter().filter(|row| stored.get(&row.id) != Some(&comparable(field.of(row))));
    Ok(changed.map(|row| row.id.clone()).collect())
}

/// The keys of these staff as they are compared, by id.
pub(crate) async fn keys(
    connection: &mut Connection,
    ids: &[&str],
    field: MatchField,
) -> Result<HashMap<String, String>, DatabaseError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut query = QueryBuilder::<Kind>::new("SELECT id, ");
    query.push(field.key_column()).push(" FROM staff WHERE id IN ");
    one_of(&mut query, ids);
    let rows = query.build_for(connection).persistent(false).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// `('a','b',…)`, bound. Nothing is one of none: PostgreSQL has no empty list, and nothing is NULL.
pub(crate) fn one_of(query: &mut QueryBuilder<Kind>, values: &[&str]) {
    if values.is_empty() {
        query.push("(NULL)");
        return;
    }
    query.push("(");
    let mut list = query.separated(",");
    for value in values {
        list.push_bind((*value).to_owned());
    }
    query.push(")");
}

pub(super) async fn count(connection: &mut Connection) -> Result<usize, DatabaseError> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM staff").fetch_one(connection).await?;
    Ok(usize::try_from(count).unwrap_or(0))
}
