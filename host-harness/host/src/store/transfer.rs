//! Copying a `SQLite` store into an empty `PostgreSQL` database, all of it or nothing, with what was copied
//! read again and compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256};
use futures_util::TryStreamExt as _;
use sqlx::any::AnyRow;
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::{Location, StoreError, database, moved};

/// Rows of one statement, for at most twenty columns: `PostgreSQL` binds 65,535 values at most.
const ROWS_AT_ONCE: usize = 1_000;

/// Tables with one row from the beginning, a counter that is at zero then.
const COUNTERS: [&str; 2] = ["integration_event_number", "audit_number"];

/// A table that was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedTable {
    /// Its name.
    pub name: String,
    /// How many rows it has, there and here.
    pub rows: u64,
    /// SHA-256 over its rows in the order of its key, in lower-case hex: the same there and here.
    pub digest: String,
}

/// Why nothing was copied, or is known to be. The target is as it was, but for empty tables, unless it is
/// [`CopyError::Unsure`].
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The source is no file, or the target no server.
    #[error("a store is copied from a SQLite file into a PostgreSQL database, and not from {from} into {to}")]
    Direction {
        /// What was to be copied.
        from: Location,
        /// Where to.
        to: Location,
    },
    /// The source is missing: it is not made here.
    #[error("there is no {0}: name the file of the store that is to be copied")]
    Missing(String),
    /// The target is somebody's.
    #[error(
        "the database {to} is not empty: its table {table} has rows. Make an empty database for the copy; nothing \
         was changed in this one"
    )]
    NotEmpty {
        /// The database.
        to: Location,
        /// A table with rows.
        table: String,
    },
    /// The target is of another version.
    #[error("the database {to} lacks the table or a column of {table}: copy with the version that made it")]
    OtherTables {
        /// The database.
        to: Location,
        /// Which table.
        table: String,
    },
    /// The target does not hold what was written to it.
    #[error("what was copied of the table {table} is not what was read: {rows} rows, and {found} were found")]
    Different {
        /// Which table.
        table: String,
        /// How many rows were read.
        rows: u64,
        /// How many came back.
        found: u64,
    },
    /// There is no table of these that could be written before the others.
    #[error(
        "nothing was copied: the tables {} refer to each other in a circle, or to tables that do: none of \
         them can come first",
        .0.join(", ")
    )]
    Circle(Vec<String>),
    /// The target went away while it was to keep what was copied.
    #[error(
        "the database {to} went away while it was to keep the copy, so that nobody knows whether it did: copy once \
         more. If it says then that it is not empty, it has everything"
    )]
    Unsure {
        /// The database.
        to: Location,
        /// What was said.
        #[source]
        source: sqlx::Error,
    },
    /// A database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for CopyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Number,
    YesOrNo,
    Bytes,
}

/// A value on its way.
#[derive(Debug, Clone)]
enum Value {
    Text(Option<String>),
    Number(Option<i64>),
    YesOrNo(Option<bool>),
    Bytes(Option<Vec<u8>>),
}

#[derive(Debug)]
struct Table {
    name: String,
    columns: Vec<(String, Holds)>,
    /// The columns of its key, or all.
    order: Vec<String>,
}

/// Copies all tables of a `SQLite` file into an empty `PostgreSQL` database, and tells `progress` of each table
/// that is done. `migrations` are those of other crates in the same store, each with the table that counts them
/// ([`Store::migrate`](super::Store::migrate)).
///
/// One transaction writes everything, and ends only when each table was read again and has the same rows:
/// interrupted at any moment, nothing was copied, and the copy is begun anew. What the source holds stays as it
/// is; while it is read, nobody writes to it. Just before the transaction ends the source is marked as
/// [`Moved`](super::Moved): whoever opens it from then on is refused, but for another copy. Hosts have to be
/// stopped before, or they go on with the old store.
pub async fn copy(
    from: &Location,
    to: &Location,
    migrations: &[(&Migrator, &'static str)],
    mut progress: impl FnMut(&CopiedTable),
) -> Result<Vec<CopiedTable>, CopyError> {
    let (Some(path), None) = (from.path(), to.path()) else {
        return Err(CopyError::Direction { from: from.clone(), to: to.clone() });
    };
    if !path.is_file() {
        return Err(CopyError::Missing(path.display().to_string()));
    }
    let (source, target) = (database::connect(from).await?, database::connect(to).await?);
    for (migrations, table) in migrations {
        database::migrate(&source, from, migrations, table).await?;
        database::migrate(&target, to, migrations, table).await?;
    }
    let mut reading = database::begin(&source, None).await?;
    let mut writing = database::begin(&target, None).await?;
    let tables = tables(&mut reading, &mut writing, to).await?;
    for table in &tables {
        empty(&mut writing, table, to).await?;
    }
    let mut copied = Vec::with_capacity(tables.len());
    for table in &tables {
        let (rows, digest) = send(&mut reading, &mut writing, table).await?;
        let (found, again) = read(&mut writing, table, async |_, _| Ok(())).await?;
        if (rows, &digest) != (found, &again) {
            return Err(CopyError::Different { table: table.name.clone(), rows, found });
        }
        let done = CopiedTable { name: table.name.clone(), rows, digest };
        progress(&done);
        copied.push(done);
    }
    // Before, not after: whoever is interrupted between the two has a store that says so, and not two of which
    // each could be the one.
    moved::set(path, to)?;
    super::step("store.before-copied");
    writing.commit().await.map_err(|source| CopyError::Unsure { to: to.clone(), source })?;
    drop(reading);
    // For the planner, which would learn of a million rows only in a minute.
    if let Err(error) = sqlx::query("ANALYZE").execute(&target).await {
        tracing::warn!(%error, "everything was copied, and the server did not look at it: it will by itself");
    }
    Ok(copied)
}

/// The tables of the source as the target has them, those first that others refer to.
async fn tables(
    source: &mut AnyConnection,
    target: &mut AnyConnection,
    to: &Location,
) -> Result<Vec<Table>, CopyError> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND name NOT LIKE '%\\_migrations' ESCAPE '\\' ORDER BY name",
    )
    .fetch_all(&mut *source)
    .await?;
    let mut refers = BTreeMap::new();
    for name in &names {
        let others: Vec<String> = sqlx::query_scalar("SELECT \"table\" FROM pragma_foreign_key_list($1)")
            .bind(name)
            .fetch_all(&mut *source)
            .await?;
        let others: BTreeSet<_> = others.into_iter().filter(|other| other != name).collect();
        refers.insert(name.clone(), others);
    }
    let mut tables = Vec::new();
    for name in ordered(refers)? {
        tables.push(table(source, target, to, name).await?);
    }
    Ok(tables)
}

/// Names of tables, behind those that they refer to.
fn ordered(mut refers: BTreeMap<String, BTreeSet<String>>) -> Result<Vec<String>, CopyError> {
    let (mut names, mut listed) = (Vec::new(), BTreeSet::new());
    while let Some(name) =
        refers.iter().find(|(_, others)| others.is_subset(&listed)).map(|(name, _)| name.clone())
    {
        refers.remove(&name);
        listed.insert(name.clone());
        names.push(name);
    }
    if refers.is_empty() { Ok(names) } else { Err(CopyError::Circle(refers.into_keys().collect())) }
}

async fn table(
    source: &mut AnyConnection,
    target: &mut AnyConnection,
    to: &Location,
    name: String,
) -> Result<Table, CopyError> {
    let theirs = sqlx::query(
        "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name = $1",
    );
    let mut types = BTreeMap::<String, Holds>::new();
    for row in theirs.bind(&name).fetch_all(target).await? {
        let holds = match row.try_get(1)? {
            "text" => Holds::Text,
            "bigint" => Holds::Number,
            "boolean" => Holds::YesOrNo,
            "bytea" => Holds::Bytes,
            _ => return Err(CopyError::OtherTables { to: to.clone(), table: name }),
        };
        types.insert(row.try_get(0)?, holds);
    }
    let ours = sqlx::query("SELECT name, pk FROM pragma_table_info($1) ORDER BY cid").bind(&name);
    let (mut columns, mut key) = (Vec::new(), Vec::new());
    for row in ours.fetch_all(source).await? {
        let (column, place): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        let Some(holds) = types.remove(&column) else {
            return Err(CopyError::OtherTables { to: to.clone(), table: name });
        };
        if place > 0 {
            key.push((place, column.clone()));
        }
        columns.push((column, holds));
    }
    if !types.is_empty() {
        return Err(CopyError::OtherTables { to: to.clone(), table: name });
    }
    key.sort_unstable();
    let order = if key.is_empty() {
        columns.iter().map(|(column, _)| column.clone()).collect()
    } else {
        key.into_iter().map(|(_, column)| column).collect()
    };
    Ok(Table { name, columns, order })
}

impl Table {
    fn columns(&self) -> String {
        self.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn values(&self, row: &AnyRow) -> Result<Vec<Value>, sqlx::Error> {
        let value = |(place, (_, holds)): (usize, &(String, Holds))| {
            Ok(match holds {
                Holds::Text => Value::Text(row.try_get(place)?),
                Holds::Number => Value::Number(row.try_get(place)?),
                Holds::Bytes => Value::Bytes(row.try_get(place)?),
                // A number in the one and a truth in the other.
                Holds::YesOrNo => Value::YesOrNo(match row.try_get::<Option<bool>, _>(place) {
                    Ok(truth) => truth,
                    Err(_) => row.try_get::<Option<i64>, _>(place)?.map(|number| number != 0),
                }),
            })
        };
        self.columns.iter().enumerate().map(value).collect()
    }
}

/// Refuses a table that has rows, and takes away the counters' own.
async fn empty(target: &mut AnyConnection, table: &Table, to: &Location) -> Result<(), CopyError> {
    let name = &table.name;
    let unused = if COUNTERS.contains(&name.as_str()) { " WHERE last <> 0" } else { "" };
    let count = AssertSqlSafe(format!("SELECT COUNT(*) FROM {name}{unused}"));
    let rows: i64 = sqlx::query_scalar(count).fetch_one(&mut *target).await?;
    if rows > 0 {
        return Err(CopyError::NotEmpty { to: to.clone(), table: name.clone() });
    }
    sqlx::query(AssertSqlSafe(format!("DELETE FROM {name}"))).execute(target).await?;
    Ok(())
}

/// Reads a table in the order of its key, some rows at a time; gives how many there are, and their digest.
async fn read(
    connection: &mut AnyConnection,
    table: &Table,
    mut some: impl AsyncFnMut(&Table, Vec<Vec<Value>>) -> Result<(), sqlx::Error>,
) -> Result<(u64, String), CopyError> {
    let statement =
        format!("SELECT {} FROM {} ORDER BY {}", table.columns(), table.name, table.order.join(", "));
    let mut digest = Context::new(&SHA256);
    let (mut rows, mut gathered) = (0, Vec::new());
    let mut stream = sqlx::query(AssertSqlSafe(statement)).fetch(connection);
    while let Some(row) = stream.try_next().await? {
        let values = table.values(&row)?;
        for value in &values {
            value.digest(&mut digest);
        }
        rows += 1;
        gathered.push(values);
        if gathered.len() == ROWS_AT_ONCE {
            some(table, std::mem::take(&mut gathered)).await?;
        }
    }
    if !gathered.is_empty() {
        some(table, gathered).await?;
    }
    let mut hex = String::with_capacity(64);
    for byte in digest.finish().as_ref() {
        let _ = write!(hex, "{byte:02x}");
    }
    Ok((rows, hex))
}

async fn send(
    source: &mut AnyConnection,
    target: &mut AnyConnection,
    table: &Table,
) -> Result<(u64, String), CopyError> {
    read(source, table, async |table: &Table, rows| {
        let row = |first: usize| {
            let values = (first..first + table.columns.len()).map(|number| format!("${number}"));
            format!("({})", values.collect::<Vec<_>>().join(","))
        };
        let lines: Vec<_> = (0..rows.len()).map(|number| row(number * table.columns.len() + 1)).collect();
        let sql = format!("INSERT INTO {} ({}) VALUES {}", table.name, table.columns(), lines.join(","));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for value in rows.into_iter().flatten() {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
                Value::YesOrNo(truth) => query.bind(truth),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        query.persistent(false).execute(&mut *target).await.map(drop)
    })
    .await
}

impl Value {
    /// Each value begins with its kind and ends where its length says, so that no two rows are alike that are
    /// not the same.
    fn digest(&self, digest: &mut Context) {
        let (kind, bytes): (u8, Option<Vec<u8>>) = match self {
            Self::Text(text) => (b't', text.as_ref().map(|text| text.as_bytes().to_vec())),
            Self::Number(number) => (b'n', number.map(|number| number.to_be_bytes().to_vec())),
            Self::YesOrNo(truth) => (b'b', truth.map(|truth| vec![u8::from(truth)])),
            Self::Bytes(bytes) => (b'x', bytes.clone()),
        };
        digest.update(&[kind, u8::from(bytes.is_some())]);
        if let Some(bytes) = bytes {
            digest.update(&(bytes.len() as u64).to_be_bytes());
            digest.update(&bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refers(tables: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        let table = |(name, others): &(&str, &[&str])| {
            ((*name).to_owned(), others.iter().map(|other| (*other).to_owned()).collect())
        };
        tables.iter().map(table).collect()
    }

    #[test]
    fn a_table_comes_behind_those_that_it_refers_to() {
        let names = ordered(refers(&[("a", &["c"]), ("b", &["a", "c"]), ("c", &[])])).unwrap();
        assert_eq!(names, ["c", "a", "b"]);
    }

    #[test]
    fn tables_that_refer_to_each_other_in_a_circle_are_named_and_not_left_out() {
        let circle = ordered(refers(&[("a", &["b"]), ("b", &["a"]), ("c", &[]), ("d", &["a"])]));
        let said = circle.unwrap_err().to_string();
        assert!(said.contains("the tables a, b, d refer to each other in a circle"), "{said}");
    }
}
