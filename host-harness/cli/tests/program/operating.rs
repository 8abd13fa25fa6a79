//! What an operator does beside a running host: checks, copies, and lets people in.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use mock_graph::{Config, MockGraph};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use test_store::Server;
use video_host::clock::SystemClock;
use video_host::store::{KeyFile, Location, Store};

use crate::serve::{Scene, Visitor};
use crate::{program, text};

const VARIABLE: &str = "VIDEO_DATABASE_URL";

/// A host's folder with a stand-in for Microsoft.
struct Desk {
    scene: Scene,
    microsoft: MockGraph,
}

impl Desk {
    async fn set() -> Result<Self> {
        let scene = Scene::set()?;
        let microsoft = MockGraph::start(Config::default()).await?;
        fs::write(scene.folder.path().join("ca.pem"), microsoft.ca_pem())?;
        Ok(Self { scene, microsoft })
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.scene.folder.path().join(name)
    }

    /// On the file in the data folder.
    fn on_file(&self) -> String {
        self.scene.configuration(&self.microsoft.addr().to_string())
    }

    /// On the database whose address is in `database-url`, in line 3.
    fn on_server(&self) -> String {
        self.on_file().replace("data = ", "database-url-file = \"database-url\"\ndata = ")
    }

    /// A command that reads the configuration.
    fn with_config(&self, arguments: &[&str], configuration: &str) -> Result<Command> {
        let file = self.path("serve.toml");
        fs::write(&file, configuration)?;
        let mut command = program(arguments);
        command.arg("--config").arg(file);
        Ok(command)
    }

    /// Runs a host for a moment, which fills the store.
    fn fill(&self, configuration: &str) -> Result<()> {
        self.scene.start(configuration)?.0.stop()
    }
}

/// What was said, of a command that succeeded.
fn good(output: &Output) -> Result<&str> {
    ensure!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    Ok(text(&output.stdout))
}

/// What was said, of a command that refused.
fn refused(output: &Output) -> Result<&str> {
    ensure!(!output.status.success(), "it was done: {}", text(&output.stdout));
    Ok(text(&output.stderr))
}

/// All rows of a database, by table.
async fn rows(address: &str) -> Result<Vec<(String, i64, String)>> {
    let mut connection = PgConnection::connect(address).await?;
    let tables =
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await?;
    let mut found = Vec::new();
    for table in tables {
        let query = format!(
            "SELECT COUNT(*), COALESCE(MD5(STRING_AGG(t::text, '|' ORDER BY t::text)), '') FROM \"{table}\" t"
        );
        let (rows, digest) = sqlx::query_as(AssertSqlSafe(query)).fetch_one(&mut connection).await?;
        found.push((table, rows, digest));
    }
    connection.close().await?;
    Ok(found)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_reads_the_real_database_and_changes_nothing_there() -> Result<()> {
    let Some(server) = Server::start().await? else { return Ok(()) };
    let desk = Desk::set().await?;
    let (address, empty) = (server.database().await?, server.database().await?);
    fs::write(desk.path("database-url"), &address)?;
    let configuration = desk.on_server();
    desk.fill(&configuration)?;
    let before = rows(&address).await?;
    ensure!(before.iter().any(|(table, rows, _)| table == "staff" && *rows == 2), "{before:?}");

    // Somebody else would be imported, and another key noted, if this were not only tried.
    let mut staff = fs::read_to_string(desk.path("staff.csv"))?;
    staff.push_str("D-1,Diego Siciliani,DiegoS@contoso.com,diegos,staff\n");
    fs::write(desk.path("staff.csv"), staff)?;
    let other_keys = configuration.replace("data = ", "keys = \"other\"\ndata = ");
    KeyFile::new(desk.path("other")).load_or_create()?;
    for configuration in [&configuration, &other_keys] {
        let output = desk.with_config(&["serve", "--check"], configuration)?.output()?;
        let said = good(&output)?;
        ensure!(said.contains("serve.toml can be used.") && said.contains("only read"), "{said}");
        ensure!(!said.contains(&address), "{said}");
    }
    let output =
        desk.with_config(&["serve", "--check"], &desk.on_file())?.env(VARIABLE, &address).output()?;
    ensure!(good(&output)?.contains("only read"), "{output:?}");
    ensure!(rows(&address).await? == before);

    // Once something is sealed, keys that do not open it are told, and still nothing is changed.
    let keys = KeyFile::new(desk.path("data/keys"));
    let store = Store::open(Location::postgres(&address)?, keys, Arc::new(SystemClock)).await?;
    store.set(&"me".parse()?, "a", b"value").await?;
    drop(store);
    let before = rows(&address).await?;
    good(&desk.with_config(&["serve", "--check"], &configuration)?.output()?)?;
    let output = desk.with_config(&["serve", "--check"], &other_keys)?.output()?;
    let told = refused(&output)?;
    ensure!(told.contains("serve.toml, line 3: the store postgres://localhost/"), "{told}");
    ensure!(told.contains("the encryption key `") && told.contains("is missing"), "{told}");
    let on_file = desk.on_file().replace("data = ", "keys = \"other\"\ndata = ");
    let output = desk.with_config(&["serve", "--check"], &on_file)?.env(VARIABLE, &address).output()?;
    let told = refused(&output)?;
    ensure!(told.contains("the variable VIDEO_DATABASE_URL: the store postgres://localhost/"), "{told}");
    ensure!(rows(&address).await? == before);

    // An empty database stays empty.
    fs::write(desk.path("database-url"), &empty)?;
    good(&desk.with_config(&["serve", "--check"], &configuration)?.output()?)?;
    ensure!(rows(&empty).await?.is_empty());
    drop(server);
    let output = desk.with_config(&["serve", "--check"], &configuration)?.output()?;
    let told = refused(&output)?;
    ensure!(told.contains("line 3: the store") && told.contains("cannot be used"), "{told}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_copied_goes_on_in_the_database_and_nobody_goes_on_with_the_file() -> Result<()> {
    let Some(server) = Server::start().await? else { return Ok(()) };
    let desk = Desk::set().await?;
    let (running, token) = desk.scene.start(&desk.on_file())?;
    let mut visitor = Visitor { port: desk.scene.port, cookie: String::new() };
    visitor.sign_in(&token)?;
    running.stop()?;

    let address = server.database().await?;
    fs::write(desk.path("database-url"), &address)?;
    let copy = || -> Result<Output> {
        let mut command = program(["store", "copy", "--from"]);
        command.arg(desk.path("data/video.db")).arg("--to-file").arg(desk.path("database-url"));
        Ok(command.output()?)
    };
    let copied = copy()?;
    let said = good(&copied)?;
    ensure!(said.contains("hold here what they hold there") && said.contains("video.db.moved"), "{said}");
    ensure!(said.lines().any(|line| line.contains("console_session") && line.contains("1 row")), "{said}");
    ensure!(refused(&copy()?)?.contains("is not empty"), "a second time it is not written over");

    // A host that nobody stopped for it stops by itself, and says why.
    fs::remove_file(desk.path("data/video.db.moved"))?;
    let (forgotten, _) = desk.scene.start(&desk.on_file())?;
    fs::write(desk.path("data/video.db.moved"), "postgres://localhost/video\n")?;
    ensure!(!forgotten.over()?, "it did not do what it was started for");

    // Who was signed in still is.
    let (running, _) = desk.scene.start(&desk.on_server())?;
    let (head, page) = visitor.get("/settings/video-calls")?;
    ensure!(head.starts_with("HTTP/1.1 200") && page.contains("Alex Hartmann"), "{head}\n{page}");
    running.stop()?;

    // A host or a cron job that was not told of it is refused, and the check says so before.
    for arguments in [&["serve"][..], &["serve", "--check"], &["backup", "--to", "copy.db"]] {
        let mut command = desk.with_config(arguments, &desk.on_file())?;
        let output = command.current_dir(desk.scene.folder.path()).output()?;
        let told = refused(&output)?;
        ensure!(told.contains("was copied to postgres://localhost/"), "{arguments:?}: {told}");
    }
    ensure!(!desk.path("copy.db").exists());
    // The way back is to take the mark away.
    fs::remove_file(desk.path("data/video.db.moved"))?;
    desk.fill(&desk.on_file())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_of_the_store_that_the_host_uses_or_refused() -> Result<()> {
    let desk = Desk::set().await?;
    desk.fill(&desk.on_file())?;
    // The secret is the host's: a cron job need not read it.
    let secret = desk.path("secret");
    let hidden = fs::read(&secret)?;
    fs::remove_file(&secret)?;
    let copy = desk.path("copy.db");
    let to = ["backup", "--to", copy.to_str().context("UTF-8")?];
    let output = desk.with_config(&to, &desk.on_file())?.output()?;
    ensure!(good(&output)?.contains("is a whole copy of"), "{output:?}");
    fs::remove_file(&copy)?;

    // The file is still there, and nobody's any more. No server is asked.
    fs::write(desk.path("database-url"), "postgres://me:hunter2@db.bank.example/video")?;
    let data = desk.path("data");
    let on_data = |arguments: &[&str]| {
        let mut command = program(arguments);
        command.arg("--data").arg(&data);
        command
    };
    let with_file = |mut command: Command| {
        command.arg("--database-url-file").arg(desk.path("database-url"));
        command
    };
    let with_variable = |mut command: Command| {
        command.env(VARIABLE, "postgres://me:hunter2@db.bank.example/video");
        command
    };
    let from = ["restore", "--from", copy.to_str().context("UTF-8")?];
    for (what, tool) in [(&to, "pg_dump"), (&from, "pg_restore")] {
        let outputs = [
            desk.with_config(what, &desk.on_server())?.output()?,
            with_variable(desk.with_config(what, &desk.on_file())?).output()?,
            with_file(on_data(what)).output()?,
            with_variable(on_data(what)).output()?,
        ];
        for output in outputs {
            let told = refused(&output)?;
            ensure!(told.contains("is the PostgreSQL database postgres://db.bank.example/video"), "{told}");
            ensure!(told.contains(tool) && !told.contains("hunter2"), "{told}");
        }
    }
    ensure!(!copy.exists());

    fs::write(&secret, hidden)?;
    for blank in ["", "  "] {
        for mut command in [
            desk.with_config(&["serve"], &desk.on_file())?,
            desk.with_config(&["serve", "--check"], &desk.on_file())?,
            desk.with_config(&to, &desk.on_file())?,
            on_data(&["keys", "list"]),
        ] {
            let output = command.env(VARIABLE, blank).output()?;
            let told = refused(&output)?;
            ensure!(told.contains("the variable VIDEO_DATABASE_URL is set, and holds no address"), "{told}");
        }
    }
    let output = on_data(&["keys", "list"]).env(VARIABLE, "mysql://me:hunter2@db/video").output()?;
    let told = refused(&output)?;
    ensure!(told.contains("the variable VIDEO_DATABASE_URL: the database's address is none"), "{told}");
    ensure!(!told.contains("hunter2"), "{told}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_staff_member_signs_in_by_a_link_that_another_process_made() -> Result<()> {
    let desk = Desk::set().await?;
    let link = |staff: &str| desk.with_config(&["sign-in", "--staff", staff], &desk.on_file());
    let early = link("A-1")?.output()?;
    ensure!(refused(&early)?.contains("start the host once"), "{early:?}");
    ensure!(!desk.path("data").exists(), "nothing is made for it");

    let (running, _) = desk.scene.start(&desk.on_file())?;
    let output = link("C-1")?.output()?;
    let said = good(&output)?;
    let (address, words) = said.split_once('\n').context("two lines")?;
    ensure!(address.starts_with(&format!("http://localhost:{}/sign-in?token=", desk.scene.port)), "{said}");
    ensure!(
        words.contains("Adele Vance (staff member) in, once, within 15 minutes"),
        "who, and how long: {said}"
    );
    let token = address.split("token=").nth(1).context("a token")?;
    let mut visitor = Visitor { port: desk.scene.port, cookie: String::new() };
    visitor.sign_in(token)?;
    let (_, page) = visitor.get("/no-such-page")?;
    ensure!(page.contains("Adele Vance"), "{page}");
    let again = visitor.clone().sign_in(token);
    ensure!(again.is_err(), "a link works once");

    let output = link("X-9")?.output()?;
    ensure!(refused(&output)?.contains("there is no staff member X-9"), "{output:?}");
    running.stop()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_printed_at_the_start_on_a_terminal_and_never_into_a_journal() -> Result<()> {
    let desk = Desk::set().await?;
    let (running, _) = desk.scene.start(&desk.on_file())?;
    ensure!(!running.told.contains("token="), "{}", running.told);
    let file = desk.path("serve.toml");
    let command = format!("host-harness sign-in --config {} --staff A-1", file.display());
    ensure!(running.told.contains(&command), "{}", running.told);
    running.stop()?;
    if !Path::new("/usr/bin/script").exists() {
        use std::io::Write as _;
        writeln!(std::io::stderr(), "SKIPPED: there is no /usr/bin/script, which makes a terminal")?;
        return Ok(());
    }
    let serve = format!("{} serve --config {}", env!("CARGO_BIN_EXE_host-harness"), file.display());
    let mut terminal = Command::new("/usr/bin/script")
        .args(["--quiet", "--flush", "--command", &serve, "/dev/null"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let (mut screen, mut seen) =
        (BufReader::new(terminal.stdout.take().context("its screen")?), String::new());
    while !seen.contains("Ready.") {
        ensure!(screen.read_line(&mut seen)? > 0, "it ended before it was ready: {seen}");
    }
    terminal.kill()?;
    terminal.wait()?;
    ensure!(seen.contains("/sign-in?token="), "{seen}");
    Ok(())
}
