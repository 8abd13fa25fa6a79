//! A store that is copied from a file to a server, with a platform at work on it before and after.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use end_to_end::{SESSION, World, authorities, booking, listen, manifest, parameters, routes, setup_values};
use mock_graph::{Config, MockGraph, SignIn, contoso};
use sqlx::Connection as _;
use tempfile::TempDir;
use test_store::Server;
use tracing::field::Field;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context as Heard, SubscriberExt as _};
use video_host::clock::ShiftedClock;
use video_host::egress::Trust;
use video_host::provider::NextStep;
use video_host::store::{CopiedTable, CopyError, Location, copy};
use video_host::{Host, HostConfig};
use video_platform::{IntegrationState, MatchField, MeetingMethod, Platform, Service, Setup, Status};

/// 2026-12-01T09:00:00Z.
const START: i64 = 1_796_115_600_000;

/// A platform on a file, and a server beside it.
struct Stage {
    microsoft: MockGraph,
    data: TempDir,
    server: Server,
}

impl Stage {
    /// None where there are no programs to start a server from.
    async fn start() -> Result<Option<Self>> {
        let Some(server) = Server::start().await? else { return Ok(None) };
        let (microsoft, data) = (MockGraph::start(Config::default()).await?, TempDir::new()?);
        Ok(Some(Self { microsoft, data, server }))
    }

    fn file(&self) -> Location {
        Location::file(self.data.path().join(Location::FILE))
    }

    /// The platform on a store, with the keys of the folder.
    async fn open(&self, store: Location) -> Result<Platform> {
        let mut config: HostConfig =
            World::config(self.data.path(), &self.microsoft, Arc::new(ShiftedClock::default()))?;
        config.store = Some(store);
        config.resolver = Arc::new(routes(self.microsoft.addr()));
        config.trust = Trust::Only(authorities(self.microsoft.ca_pem())?);
        let host = Host::start(config).await?;
        let teams = host.load(plugin_artifacts::TEAMS, &manifest()?).await?;
        let platform = Platform::open(host).await?;
        platform.providers().install(teams);
        Ok(platform)
    }

    /// Connected, with a staff member and three appointments, of which one is cancelled.
    async fn at_work(&self) -> Result<()> {
        let platform = self.open(self.file()).await?;
        let setup = Setup { match_field: MatchField::Email, values: setup_values(contoso::TENANT_ID) };
        let (id, step) =
            platform.start_connect("microsoft-teams", setup, SESSION, contoso::REDIRECT_URI).await?;
        let NextStep::Visit(url) = step else { bail!("Teams needs a sign-in") };
        let back = self.microsoft.sign_in(&url, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
        platform.finish_callback(SESSION, parameters(&back)?).await?;
        let staff = format!("id,name,email,user_name\nadele,Adèle Vance,{},\n", contoso::ADVISER);
        platform.import_staff(staff.as_bytes()).await?;
        let (advice, name) = ("advice".to_owned(), "Advice".to_owned());
        platform.put_service(&Service { id: advice, name, methods: MeetingMethod::ALL.to_vec() }).await?;
        platform.assign("advice", "adele", true).await?;
        platform.enable_video("adele", true).await?;
        ensure!(platform.rematch(&id, |_| {}).await?.matched() == 1);
        for appointment in ["a", "b", "c"] {
            platform.book(&booking(appointment, "adele", START)).await?;
        }
        platform.cancel("c").await?;
        Ok(())
    }

    async fn copied(&self, to: &Location) -> Result<Vec<CopiedTable>, CopyError> {
        copy(&self.file(), to, &video_platform::migrations(), |_| {}).await
    }
}

#[tokio::test]
async fn a_platform_that_is_moved_to_postgresql_goes_on_where_it_was() -> Result<()> {
    let Some(stage) = Stage::start().await? else { return Ok(()) };
    stage.at_work().await?;
    let to = Location::postgres(&stage.server.database().await?)?;

    // Interrupted in the middle, nothing is there, and it is begun anew.
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let migrations = video_platform::migrations();
    let file = stage.file();
    let interrupted = tokio::select! {
        copied = copy(&file, &to, &migrations, |_| tell.send(()).unwrap_or(())) => Some(copied),
        _ = told.recv() => None,
    };
    ensure!(interrupted.is_none(), "{interrupted:?}");
    stage.open(stage.file()).await?;

    let tables = stage.copied(&to).await?;
    let rows = |name: &str| {
        let table = tables.iter().find(|table| table.name == name);
        table.map(|table| table.rows).with_context(|| format!("{name} is copied"))
    };
    ensure!((rows("appointment")?, rows("staff")?, rows("integration")?) == (3, 1, 1), "{tables:?}");
    ensure!(
        rows("credential")? > 0 && rows("plugin_storage")? > 0 && rows("sealing_key")? == 1,
        "{tables:?}"
    );
    ensure!(tables.iter().all(|table| table.digest.len() == 64));

    // Not over what is there.
    let again = stage.copied(&to).await;
    ensure!(matches!(again, Err(CopyError::NotEmpty { .. })), "{again:?}");

    // Nobody goes on with the file by mistake.
    let before = stage.open(stage.file()).await.map(drop).unwrap_err().to_string();
    ensure!(before.contains(&format!("was copied to {to}")) && before.contains("video.db.moved"), "{before}");

    let platform = stage.open(to).await?;
    let [integration] = &platform.integrations().await?[..] else { bail!("one integration") };
    ensure!(integration.state == IntegrationState::Connected, "{integration:?}");
    ensure!(platform.check(&integration.id).await?.connection.account.id == contoso::SERVICE_ACCOUNT_ID);
    let a = platform.appointment("a").await?.context("it was booked")?;
    let meetings = stage.microsoft.meetings();
    ensure!(meetings.iter().any(|meeting| a.link.as_ref() == Some(&meeting.join_web_url)), "{a:?}");
    let moved = platform.move_appointment("a", START + 60_000, START + 120_000).await?;
    ensure!((moved.status, &moved.link) == (Status::Booked, &a.link), "{moved:?}");
    platform.book(&booking("d", "adele", START)).await?;
    ensure!(platform.appointment("c").await?.context("it was booked")?.status == Status::Cancelled);
    ensure!(stage.microsoft.meetings().len() == 3);
    let found = platform.staff_member("adele").await?.context("they are there")?;
    ensure!(found.name == "Adèle Vance");
    // Numbers go on, and none comes twice.
    let events = platform.events(0).await?;
    ensure!(events.windows(2).all(|pair| pair[0].id < pair[1].id), "{events:?}");
    Ok(())
}

/// Cuts all connections to a database off when the copy is to be kept.
struct Cutting(String);

impl<S: Subscriber> Layer<S> for Cutting {
    fn on_event(&self, event: &Event<'_>, _: Heard<'_, S>) {
        let mut step = None;
        event.record(&mut |field: &Field, value: &dyn std::fmt::Debug| {
            if field.name() == "step" {
                step = Some(format!("{value:?}"));
            }
        });
        if step.is_some_and(|step| step.contains("store.before-copied")) {
            let address = self.0.clone();
            // The copy's thread stands here: another one does it.
            let cut = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(async {
                    let mut connection = sqlx::AnyConnection::connect(&address).await?;
                    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
                    anyhow::Ok(sqlx::query(others).execute(&mut connection).await.map(drop)?)
                })
            });
            cut.join().expect("it ends").expect("they are cut off");
        }
    }
}

#[tokio::test]
async fn a_server_that_goes_away_while_it_is_to_keep_the_copy_leaves_nobody_in_error() -> Result<()> {
    let Some(stage) = Stage::start().await? else { return Ok(()) };
    stage.at_work().await?;
    let address = stage.server.database().await?;
    let to = Location::postgres(&address)?;
    let listening = listen(tracing_subscriber::registry().with(Cutting(address)));
    let unsure = stage.copied(&to).await;
    drop(listening);
    let Err(error @ CopyError::Unsure { .. }) = unsure else { bail!("{unsure:?}") };
    ensure!(error.to_string().contains("copy once more"), "{error}");
    ensure!(!stage.copied(&to).await?.is_empty(), "it had kept nothing");
    Ok(())
}

#[tokio::test]
async fn only_a_file_that_exists_is_copied_and_only_to_a_server() -> Result<()> {
    let Some(stage) = Stage::start().await? else { return Ok(()) };
    let to = Location::postgres(&stage.server.database().await?)?;
    let missing = stage.copied(&to).await;
    ensure!(matches!(missing, Err(CopyError::Missing(_))), "{missing:?}");
    ensure!(!Path::new(&stage.data.path().join(Location::FILE)).exists(), "it is not made");
    let file = stage.copied(&Location::file(stage.data.path().join("other.db"))).await;
    ensure!(matches!(file, Err(CopyError::Direction { .. })), "{file:?}");
    Ok(())
}

#[tokio::test]
async fn hosts_that_start_at_once_on_an_empty_database_set_it_up_once() -> Result<()> {
    let Some(stage) = Stage::start().await? else { return Ok(()) };
    let to = Location::postgres(&stage.server.database().await?)?;
    let (one, two, three) = tokio::join!(stage.open(to.clone()), stage.open(to.clone()), stage.open(to));
    for platform in [one?, two?, three?] {
        ensure!(platform.integrations().await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_host_goes_on_after_the_server_crashed_and_while_it_is_away_says_so() -> Result<()> {
    let Some(stage) = Stage::start().await? else { return Ok(()) };
    let platform = stage.open(Location::postgres(&stage.server.database().await?)?).await?;
    let staff = format!("id,name,email,user_name\nadele,Adele Vance,{},\n", contoso::ADVISER);
    platform.import_staff(staff.as_bytes()).await?;
    stage.server.crash().await?;
    let away = platform.staff_member("adele").await.err().context("nobody answers")?;
    ensure!(away.to_string().contains("nothing was saved"), "{away}");
    stage.server.start_again().await?;
    ensure!(platform.staff_member("adele").await?.is_some(), "what was saved is there");
    Ok(())
}
