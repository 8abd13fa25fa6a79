//! A `PostgreSQL` server from the installed programs.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tempfile::TempDir;

use crate::ADDRESS;

/// Runs a server until standard input ends, which it does when this process ends, however that happens; then
/// removes the folder, if it is to.
const WATCH: &str = r#"
folder=$1; remove=$2; shift 2
"$@" </dev/null >>"$folder/log" 2>&1 &
server=$!
cat >/dev/null
kill -QUIT $server
wait $server
if [ "$remove" = yes ] && [ ! -e "$folder/stays" ]; then rm -rf "$folder"; fi
"#;

/// The user `nobody`: `PostgreSQL` does not run as root.
const NOBODY: u32 = 65_534;

/// For nobody's data: what a crash of the machine would lose is not waited for.
const HASTY: &[&str] = &["fsync=off", "full_page_writes=off", "autovacuum=off"];

/// What is said where there is no server.
const MISSING: &str = "PostgreSQL's programs `initdb` and `postgres` are not installed";

/// For how long a server may take to answer, in steps of 20 ms: it is started beside other tests.
const PATIENCE: usize = 3_000;

/// A server of this process's own. It listens on a socket in its folder, and to nobody else.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    /// Where the server's programs are.
    programs: PathBuf,
    running: Mutex<Option<Child>>,
    settings: &'static [&'static str],
    databases: AtomicU64,
    /// Removed by this process; that of the shared server, whose owner never ends, by its watch.
    owned: Option<TempDir>,
}

impl Server {
    /// Starts the server that the tests of this process share. Where `PostgreSQL` was asked for, nothing else is
    /// taken for it.
    pub(crate) fn find_and_start() -> Result<Self> {
        let programs = found().with_context(|| {
            format!("STORE=postgres, and {MISSING}: install PostgreSQL, or leave STORE out for SQLite")
        })?;
        let server = Self::lay_out(programs, TempDir::new()?.keep(), None, HASTY)?;
        server.run()?;
        Ok(server)
    }

    /// Starts a server for one test, which may stop it; none if there are no programs.
    pub async fn start() -> Result<Option<Self>> {
        Self::start_with(HASTY).await
    }

    /// Starts a server that keeps what it has promised, as people would run it: for measuring; none if there are
    /// no programs.
    pub async fn durable() -> Result<Option<Self>> {
        Self::start_with(&[]).await
    }

    async fn start_with(settings: &'static [&'static str]) -> Result<Option<Self>> {
        let Some(programs) = programs()? else { return Ok(None) };
        let server = tokio::task::spawn_blocking(move || {
            let owned = TempDir::new()?;
            let server = Self::lay_out(programs, owned.path().to_owned(), Some(owned), settings)?;
            server.run()?;
            anyhow::Ok(server)
        })
        .await??;
        server.ready().await?;
        Ok(Some(server))
    }

    fn lay_out(
        programs: PathBuf,
        folder: PathBuf,
        owned: Option<TempDir>,
        settings: &'static [&'static str],
    ) -> Result<Self> {
        let (running, databases) = (Mutex::default(), AtomicU64::new(0));
        let server = Self { folder, programs, running, settings, databases, owned };
        if is_root()? {
            std::os::unix::fs::chown(&server.folder, Some(NOBODY), Some(NOBODY))?;
        }
        let made = server
            .command("initdb")?
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-sync",
                "--no-instructions",
            ])
            // Another order than that of bytes, as most servers have: nothing may depend on it.
            .args(["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en", "-D"])
            .arg(server.data())
            .output()?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        Ok(server)
    }

    /// There while its watch has to leave the folder.
    fn stays(&self) -> PathBuf {
        self.folder.join("stays")
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// One of the server's programs, as a user whom it accepts.
    fn command(&self, program: &str) -> Result<Command> {
        let program = self.programs.join(program);
        let mut command;
        if is_root()? {
            command = Command::new("setpriv");
            command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
            command.arg("--clear-groups").arg(program);
        } else {
            command = Command::new(program);
        }
        command.current_dir(&self.folder);
        Ok(command)
    }

    fn run(&self) -> Result<()> {
        let remove = if self.owned.is_some() { "no" } else { "yes" };
        let server = self.command("postgres")?;
        let child = Command::new("sh")
            .args(["-c", WATCH, "sh"])
            .arg(&self.folder)
            .arg(remove)
            .arg(server.get_program())
            .args(server.get_args())
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(&self.folder)
            .args(["-c", "listen_addresses=", "-c", "max_connections=400", "-c", "shared_buffers=64MB"])
            .args(self.settings.iter().flat_map(|setting| ["-c", setting]))
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .spawn()
            .context("starting a shell for the PostgreSQL server")?;
        *self.child() = Some(child);
        Ok(())
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Waits until it answers.
    pub(crate) async fn ready(&self) -> Result<()> {
        for _ in 0..PATIENCE {
            if let Ok(connection) = PgConnection::connect(&self.address("postgres")).await {
                return Ok(connection.close().await?);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        bail!("the PostgreSQL server does not answer: {log}");
    }

    /// Stops it in the middle of everything, as a crash would.
    pub async fn crash(&self) -> Result<()> {
        let Some(mut child) = self.child().take() else { return Ok(()) };
        std::fs::write(self.stays(), "")?;
        tokio::task::spawn_blocking(move || {
            drop(child.stdin.take());
            child.wait()
        })
        .await??;
        Ok(())
    }

    /// Starts it again, and waits until it answers.
    pub async fn start_again(&self) -> Result<()> {
        self.run()?;
        self.ready().await?;
        // From here on it ends for good.
        Ok(std::fs::remove_file(self.stays())?)
    }

    /// The address of one of its databases.
    fn address(&self, database: &str) -> String {
        let folder = utf8_percent_encode(&self.folder.to_string_lossy(), NON_ALPHANUMERIC).to_string();
        format!("postgres://postgres@localhost/{database}?host={folder}")
    }

    /// Makes an empty database and gives its address.
    pub async fn database(&self) -> Result<String> {
        self.create("template0").await
    }

    /// Makes a data folder one whose store is an empty database here.
    pub async fn lay_out_in(&self, folder: &Path) -> Result<()> {
        Ok(std::fs::write(folder.join(ADDRESS), self.database().await?)?)
    }

    /// Makes a copy of a database, given by its address, that nobody has open.
    pub async fn copy(&self, of: &str) -> Result<String> {
        let (_, name) = of.split_once("localhost/").context("no address of this server's")?;
        let (name, _) = name.split_once('?').context("no address of this server's")?;
        self.create(name).await
    }

    /// The folder of a database's files, given by its address, with all that was written to it.
    pub(crate) async fn files(&self, address: &str) -> Result<PathBuf> {
        let mut connection = PgConnection::connect(address).await?;
        connection.execute("CHECKPOINT").await?;
        let query =
            sqlx::query_scalar("SELECT oid::bigint FROM pg_database WHERE datname = current_database()");
        let oid: i64 = query.fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(self.data().join("base").join(oid.to_string()))
    }

    async fn create(&self, template: &str) -> Result<String> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&self.address("postgres")).await?;
        let statement = format!("CREATE DATABASE {name} TEMPLATE {template}");
        for attempt in 0.. {
            match connection.execute(AssertSqlSafe(statement.clone())).await {
                Ok(_) => break,
                // object_in_use: whoever had it open has just gone, and the server has not noticed yet.
                Err(error)
                    if attempt < 500
                        && error
                            .as_database_error()
                            .and_then(sqlx::error::DatabaseError::code)
                            .as_deref()
                            == Some("55006") =>
                {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        connection.close().await?;
        Ok(self.address(&name))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child().take() {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

fn is_root() -> Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    // What this process makes belongs to its user.
    Ok(tempfile::tempfile()?.metadata()?.uid() == 0)
}

/// Whether a server can be started here. Says it if there is none, or fails where one is required.
pub fn is_installed() -> Result<bool> {
    Ok(programs()?.is_some())
}

/// The folder of the server's programs. Says it if there is none, once for all tests of this process, or fails
/// where one is required.
fn programs() -> Result<Option<PathBuf>> {
    static SAID: Once = Once::new();
    let found = found();
    if found.is_none() {
        ensure!(std::env::var("POSTGRES").as_deref() != Ok("required"), "{MISSING}, and POSTGRES=required");
        // Not by a macro that prints: what those print is kept back of tests that pass.
        SAID.call_once(|| drop(writeln!(std::io::stderr(), "SKIPPED: {MISSING}.")));
    }
    Ok(found)
}

/// The folder of the server's programs: on the path, or where Debian has them; the newest.
fn found() -> Option<PathBuf> {
    let complete =
        |folder: &PathBuf| ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file());
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(folder) = std::env::split_paths(&path).find(complete) {
        return Some(folder);
    }
    let versions = std::fs::read_dir(Path::new("/usr/lib/postgresql")).ok()?;
    versions.flatten().map(|version| version.path().join("bin")).filter(complete).max()
}
