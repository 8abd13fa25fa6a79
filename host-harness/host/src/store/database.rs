//! The connections to a `SQLite` file or to a `PostgreSQL` server, and taking turns over what must not be
//! done twice at once. What the two say differently stands here and nowhere else: see
//! `docs/decisions/0021-two-databases.md`.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret as _;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{Migration, Migrator};
use sqlx::{Any, AnyPool, AssertSqlSafe, Executor as _, SqlSafeStr as _};

use super::location::Kind;
use super::{Location, StoreError, private_file};

/// Begins a transaction that writes to `SQLite`. Taking the write lock at the start makes writers wait for
/// each other instead of failing half-way (<https://sqlite.org/lang_transaction.html>, 2.2).
const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// Each connection to a file has a thread of its own in sqlx. Readers do not wait for writers in a
/// write-ahead log, so a few are enough for many calls at once.
const CONNECTIONS_TO_A_FILE: u32 = 8;
/// A server's connections are shared with other hosts, and `PostgreSQL` has 100 unless it is told otherwise.
const CONNECTIONS_TO_A_SERVER: u32 = 16;

/// How long a connection, and then the write lock, is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What each connection to a file is told. `WAL` is the file's, and stays.
const FILE_SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = FULL";

/// What each connection to a server is told: to wait for locks as long as for a file's, and to end a
/// transaction whose host has gone silent in the middle of it, so that nobody waits for it.
const SERVER_SETTINGS: &str = "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '10s'; \
     SET default_transaction_isolation = 'read committed'; SET synchronous_commit = on; \
     SET application_name = 'host-harness'";

/// The same for a connection that brings tables up to date: others that start with it are waited for.
const MIGRATION_SETTINGS: &str = "SET lock_timeout = '2min'";

/// A transaction of either database.
pub type Transaction = sqlx::Transaction<'static, Any>;

/// Connections to the database, in one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// How many are at work for somebody.
    pub busy: u32,
    /// How many are open and wait for work.
    pub idle: u32,
    /// How many there may be. Who finds them all busy waits for five seconds, and is refused then.
    pub limit: u32,
}

impl Connections {
    pub(super) fn of(pool: &AnyPool) -> Self {
        let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
        // The two are not read at once.
        let busy = pool.size().saturating_sub(idle);
        Self { busy, idle, limit: pool.options().get_max_connections() }
    }
}

/// Whether this is a pool of connections to a server, and not to a file.
pub fn is_server(pool: &AnyPool) -> bool {
    pool.connect_options().database_url.scheme() != "sqlite"
}

/// Begins changes that happen together. On `SQLite` all other writers wait until they end. On `PostgreSQL`
/// those wait who name the same `turn`; without one, writers meet only in the rows that they write.
pub async fn begin(pool: &AnyPool, turn: Option<i64>) -> Result<Transaction, sqlx::Error> {
    if !is_server(pool) {
        return pool.begin_with(BEGIN_WRITE).await;
    }
    let mut transaction = pool.begin().await?;
    if let Some(turn) = turn {
        // By itself, and not in one message with the beginning: sqlx would take a transaction that fails there
        // for one that has not begun.
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(turn).execute(&mut *transaction).await?;
    }
    Ok(transaction)
}

/// Whether a transaction was undone for no fault of its own, so that it may be done once more.
pub(super) fn is_undone(error: &sqlx::Error) -> bool {
    // serialization_failure, deadlock_detected
    // (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| matches!(&*code, "40001" | "40P01"))
}

/// The host's own migrations.
static OWN: Migrator = sqlx::migrate!("./migrations");
/// Where they are counted.
const OWN_TABLE: &str = "video_host_migrations";

/// Waits until no other process (or task of this one) sets the database up, and keeps the others
/// waiting until the file is dropped. Neither switching to a write-ahead log nor sqlx's migrations of
/// `SQLite` bear being done twice at once.
async fn take_turn(lock_file: &Path) -> Result<File, StoreError> {
    let path = lock_file.to_owned();
    let fail = |source| StoreError::File { path: lock_file.display().to_string(), source };
    let locked = tokio::task::spawn_blocking(move || {
        let file = private_file::private_options().create(true).truncate(false).open(path)?;
        file.lock()?;
        Ok(file)
    });
    locked.await.map_err(std::io::Error::other).flatten().map_err(fail)
}

/// Connects to the database, and brings the host's tables up to date. A file is created if there is none.
pub(super) async fn connect(location: &Location) -> Result<AnyPool, StoreError> {
    sqlx::any::install_default_drivers();
    let pool = match &location.0 {
        Kind::File(path) => {
            let turn = take_turn(&lock_file(path)).await?;
            let pool = connect_to_file(path).await?;
            drop(turn);
            pool
        }
        Kind::Server(address) => connect_to_server(address.expose_secret()).await?,
    };
    migrate(&pool, location, &OWN, OWN_TABLE).await?;
    Ok(pool)
}

async fn connect_to_file(path: &Path) -> Result<AnyPool, StoreError> {
    let fail = |source| StoreError::File { path: path.display().to_string(), source };
    let owned = path.to_owned();
    let created = tokio::task::spawn_blocking(move || private_file::create_private(&owned, b""));
    created.await.map_err(std::io::Error::other).flatten().map_err(fail)?;
    let name = path.to_str().ok_or_else(|| fail(std::io::Error::other("its name is no Unicode")))?;
    // It exists by now, and is never made by accident.
    let address = format!("sqlite://{}?mode=rw", utf8_percent_encode(name, NON_ALPHANUMERIC));
    let options: AnyConnectOptions = address.parse()?;
    let pool = AnyPoolOptions::new()
        .max_connections(CONNECTIONS_TO_A_FILE)
        .acquire_timeout(PATIENCE)
        // A connection to a file does not go stale: neither ask it before every use, nor reopen it
        // and prepare every statement anew.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(FILE_SETTINGS).await.map(drop) })
        })
        .connect_with(options)
        .await?;
    Ok(pool)
}

async fn connect_to_server(address: &str) -> Result<AnyPool, StoreError> {
    let options: AnyConnectOptions = address.parse()?;
    let pool = AnyPoolOptions::new()
        .max_connections(CONNECTIONS_TO_A_SERVER)
        .acquire_timeout(PATIENCE)
        // A server may have been restarted meanwhile: a connection is asked before it is used.
        .test_before_acquire(true)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(SERVER_SETTINGS).await.map(drop) })
        })
        .connect_with(options)
        .await?;
    Ok(pool)
}

fn lock_file(path: &Path) -> std::path::PathBuf {
    private_file::beside(path, "lock")
}

/// Brings tables up to date, in turn with other processes: those of a file by a lock of their own, those of
/// a server by sqlx's advisory lock.
pub(super) async fn migrate(
    pool: &AnyPool,
    location: &Location,
    migrations: &Migrator,
    table: &'static str,
) -> Result<(), StoreError> {
    match &location.0 {
        Kind::File(path) => {
            let turn = take_turn(&lock_file(path)).await?;
            spoken(migrations, table, &FILE_WORDS).run(pool).await?;
            drop(turn);
        }
        Kind::Server(_) => {
            // A connection of its own: if it fails, the lock ends with it.
            let own = AnyPoolOptions::new()
                .max_connections(1)
                .acquire_timeout(PATIENCE)
                .after_connect(|connection, _| {
                    Box::pin(async move { connection.execute(MIGRATION_SETTINGS).await.map(drop) })
                })
                .connect_with((*pool.connect_options()).clone())
                .await?;
            let done = spoken(migrations, table, &SERVER_WORDS).run(&own).await;
            own.close().await;
            done?;
        }
    }
    Ok(())
}

/// Words of the migrations, and what a file's are: sqlx's `Any` reads no column that `SQLite` has declared
/// as BOOLEAN, and reads its numbers as well.
const FILE_WORDS: [(&str, &str); 1] = [(" BOOLEAN", " BIGINT")];
/// And a server's. Text is compared byte by byte, as `SQLite` does, whatever the database's collation is.
const SERVER_WORDS: [(&str, &str); 2] = [(" BLOB", " BYTEA"), (" TEXT", " TEXT COLLATE \"C\"")];

/// Migrations in the words of one database, counted in a table.
fn spoken(migrations: &Migrator, table: &'static str, words: &[(&str, &str)]) -> Migrator {
    let translated = migrations.iter().map(|migration| {
        let mut sql = migration.sql.as_str().to_owned();
        for (word, theirs) in words {
            sql = sql.replace(word, theirs);
        }
        let sql = AssertSqlSafe(sql).into_sql_str();
        let (version, description) = (migration.version, migration.description.clone());
        Migration::new(version, description, migration.migration_type, sql, migration.no_tx)
    });
    let mut spoken = Migrator::with_migrations(translated.collect());
    spoken.dangerous_set_table_name(table);
    spoken
}
