//! A store that an earlier program has written, opened by this one.
//!
//! Each folder of `tests/fixtures/stores` is such a store, as SQL, with its keys. The last thing that a
//! release does is to keep one of its own:
//! `cargo test --workspace --test upgrade -- --ignored keep_a_store`. Until the first release its migrations
//! may still change in place; then the one that is kept is made anew with the same command.

mod dump;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use end_to_end::{SESSION, World, WorldOptions, booking, setup_values};
use mock_graph::{Action, Config, Fault, MockGraph, Operation, contoso};
use tempfile::TempDir;
use video_host::clock::ShiftedClock;
use video_host::provider::NextStep;
use video_host::{Host, HostConfig, Memory};
use video_platform::{
    BookingError, Finished, IntegrationId, MatchField, MeetingMethod, Platform, Service, Setup, Status,
};

/// 2030-01-07T09:00:00Z.
const START: i64 = 1_893_999_600_000;

fn stores() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stores")
}

/// What a store that is kept has in it.
async fn fill(world: &World) -> Result<()> {
    let platform = open(world.host.clone(), world.teams.clone()).await?;
    let csv = format!(
        "id,name,email,user_name,role\nadele,Adele Vance,{},adelev,staff\nmod,The Moderator,{},mod,administrator\n",
        contoso::ADVISER,
        contoso::ADMINISTRATOR
    );
    platform.import_staff(csv.as_bytes()).await?;
    let (id, name) = ("advice".to_owned(), "Advice".to_owned());
    platform.put_service(&Service { id, name, methods: MeetingMethod::ALL.to_vec() }).await?;
    for staff in ["adele", "mod"] {
        platform.assign("advice", staff, true).await?;
    }
    let setup = Setup { match_field: MatchField::Email, values: setup_values(contoso::TENANT_ID) };
    let (integration, step) =
        platform.start_connect("microsoft-teams", setup, SESSION, contoso::REDIRECT_URI).await?;
    sign_in(&platform, &world.microsoft, step).await?;
    platform.rematch(&integration, |_| {}).await?;
    platform.book(&booking("booked", "adele", START)).await?;
    platform.book(&booking("cancelled", "mod", START)).await?;
    platform.cancel("cancelled").await?;
    world.microsoft.faults().inject(Fault::once(Operation::CreateMeeting, Action::status(503)));
    let waiting = platform.book(&booking("waiting", "mod", START)).await;
    ensure!(matches!(waiting, Err(BookingError::Waiting { .. })), "{waiting:?}");
    Ok(())
}

async fn sign_in(platform: &Platform, microsoft: &MockGraph, step: NextStep) -> Result<Finished> {
    let NextStep::Visit(url) = step else { bail!("Teams needs a sign-in") };
    let back = microsoft.sign_in(&url, mock_graph::SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
    Ok(platform.finish_callback(SESSION, end_to_end::parameters(&back)?).await?)
}

async fn open(host: Host, teams: video_host::Plugin) -> Result<Platform> {
    let platform = Platform::open(host).await?;
    platform.providers().install(teams);
    Ok(platform)
}

#[tokio::test]
#[ignore = "writes files"]
async fn keep_a_store() -> Result<()> {
    let world = World::with(WorldOptions::default()).await?;
    fill(&world).await?;
    let folder = stores().join(env!("CARGO_PKG_VERSION"));
    std::fs::create_dir_all(&folder)?;
    let sql = dump::dump(&world.data.path().join(HostConfig::DATABASE)).await?;
    std::fs::write(folder.join("store.sql"), sql)?;
    std::fs::copy(world.data.path().join(HostConfig::KEYS), folder.join("keys"))?;
    Ok(())
}

#[tokio::test]
async fn a_store_of_each_release_is_opened_and_bookings_go_on_in_it() -> Result<()> {
    let mut opened = 0;
    for kept in std::fs::read_dir(stores())? {
        let kept = kept?.path();
        goes_on(&kept).await.with_context(|| {
            format!(
                "the store in {} is not gone on with. If its version is not released yet, make it anew: \
                 cargo test --workspace --test upgrade -- --ignored keep_a_store",
                kept.display()
            )
        })?;
        opened += 1;
    }
    ensure!(opened > 0, "there is none");
    Ok(())
}

async fn goes_on(kept: &Path) -> Result<()> {
    let data = TempDir::new()?;
    dump::load(&data.path().join(HostConfig::DATABASE), &std::fs::read_to_string(kept.join("store.sql"))?)
        .await?;
    std::fs::copy(kept.join("keys"), data.path().join(HostConfig::KEYS))?;
    let microsoft = MockGraph::start(Config::default()).await?;
    let clock = Arc::new(ShiftedClock::default());
    let host = World::host(data.path(), &microsoft, clock, Memory::default()).await?;
    let teams = host.load(plugin_artifacts::TEAMS, &end_to_end::manifest()?).await?;
    let platform = open(host, teams).await?;

    let [integration] = &platform.integrations().await?[..] else { bail!("one integration") };
    let id: &IntegrationId = &integration.id;
    let booked = platform.appointment("booked").await?.context("it was booked")?;
    let link = booked.link.clone().context("it has its link")?;
    assert_eq!((booked.status, booked.integration.as_ref()), (Status::Booked, Some(id)));
    assert_eq!(platform.appointment("cancelled").await?.map(|it| it.status), Some(Status::Cancelled));
    assert_eq!(platform.appointment("waiting").await?.map(|it| it.status), Some(Status::Requested));
    assert_eq!(platform.staff_count().await?, 2);

    // Its credential is read, and this Microsoft, which is another, does not know it.
    assert!(platform.check(id).await.is_err());
    let values = setup_values(contoso::TENANT_ID);
    let step = platform.start_reauthorize(id, values, SESSION, contoso::REDIRECT_URI).await?;
    let finished = sign_in(&platform, &microsoft, step).await?;
    ensure!(matches!(finished, Finished::Reauthorized { .. }), "{finished:?}");
    let resumed = platform.resume().await?;
    ensure!(resumed.unfinished.is_empty(), "{resumed:?}");
    assert_eq!(platform.appointment("waiting").await?.map(|it| it.status), Some(Status::Booked));
    let new = platform.book(&booking("new", "adele", START)).await?;
    assert!(new.link.is_some());
    assert_eq!(platform.appointment("booked").await?.and_then(|it| it.link), Some(link), "links stay");
    assert_eq!(microsoft.meetings().len(), 2);
    Ok(())
}
