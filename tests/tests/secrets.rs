//! Where secrets must not be: in a plugin's memory, in a log, in an error, in the database's files, in the
//! recorded traffic. Each is looked for in each place, by its value.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use end_to_end::{Log, Watched, WatchingCreator, World, WorldOptions, appointment, find, listen};
use mock_graph::{Action, Fault, Operation, contoso};
use video_host::Memory;
use video_host::provider::Look;
use video_host::store::Purpose;

/// Connect, call, fail in several ways, refresh, reauthorize, disconnect: and the texts of all errors.
async fn live_a_life(world: &World) -> Result<Vec<String>> {
    let mut errors = Vec::new();
    let teams = world.teams_on("contoso")?;
    world.connect("contoso").await?;
    teams.create_meeting(&appointment("one")).await?;
    world.advance(Duration::from_hours(2));
    teams.match_users(&[contoso::ADVISER.to_owned()], Look::Everywhere).await?;

    for (operation, action) in [
        (Operation::CreateMeeting, Action::status(500)),
        (Operation::CreateMeeting, Action::DropAfter),
        (Operation::CreateMeeting, Action::Malformed),
        (Operation::CreateMeeting, Action::ClaimsChallenge),
    ] {
        world.microsoft.faults().inject(Fault::once(operation, action));
        if let Err(error) = teams.create_meeting(&appointment("two")).await {
            errors.push(format!("{error} {error:?}"));
        }
    }
    for action in [Action::Aadsts(7_000_215), Action::Malformed, Action::DropAfter, Action::Aadsts(50_173)] {
        world.advance(Duration::from_hours(2));
        world.microsoft.faults().inject(Fault::once(Operation::Token, action));
        if let Err(error) = teams.check().await {
            errors.push(format!("{error} {error:?}"));
        }
    }
    // A sign-in with the wrong account leaves its tokens nowhere.
    let url = world.begin("contoso", Purpose::Reauthorize, contoso::TENANT_ID).await?;
    let wrong = world.callback(world.sign_in(&url, contoso::ADMINISTRATOR).await?).await?;
    if let Err(error) = world.host.finish(&world.teams, wrong).await {
        errors.push(format!("{error} {error:?}"));
    }
    let url = world.begin("contoso", Purpose::Reauthorize, contoso::TENANT_ID).await?;
    let right = world.callback(world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?).await?;
    world.host.finish(&world.teams, right).await?;
    ensure!(errors.len() >= 7, "the faults were to be felt: {errors:#?}");
    Ok(errors)
}

/// Every file below a folder, read whole.
fn files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path)?));
        }
    }
    Ok(found)
}

#[tokio::test]
async fn no_secret_is_readable_in_a_log_an_error_the_database_or_the_recording() -> Result<()> {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _logged = listen(subscriber);

    let world = World::start().await?;
    let errors = live_a_life(&world).await?;
    let secrets = world.microsoft.issued_secrets();
    ensure!(secrets.len() >= 12, "codes, verifiers, tokens and the client's secret: {}", secrets.len());

    let logged = log.take();
    ensure!(find(&logged, b"credentials.stored"), "the log is on");
    let mut files = files(world.data.path())?;
    let store = test_store::contents(world.data.path()).await?;
    ensure!(find(&store, b"contoso"), "the store, with what need not be sealed in it");
    files.push(("the store".to_owned(), store));
    let har = world.microsoft.journal().har();
    ensure!(har.contains("/oauth2/v2.0/token"), "the recording has the token requests");

    for secret in &secrets {
        let bytes = secret.as_bytes();
        let shown: String = secret.chars().take(6).collect();
        assert!(!find(&logged, bytes), "{shown}… is in the log");
        assert!(!errors.iter().any(|error| error.contains(secret)), "{shown}… is in an error");
        for (name, content) in &files {
            assert!(!find(content, bytes), "{shown}… is in {name}");
        }
        assert!(!har.contains(secret.as_str()), "{shown}… is in the HAR");
    }
    Ok(())
}

#[tokio::test]
async fn no_token_and_no_client_secret_is_ever_in_the_plugins_memory() -> Result<()> {
    let watched = Arc::new(Watched::default());
    let memory = Memory::Custom(Arc::new(WatchingCreator(watched.clone())));
    let world = World::with(WorldOptions { memory, ..WorldOptions::default() }).await?;
    live_a_life(&world).await?;

    // What the plugin must have held is found, so that the search is known to work.
    assert!(watched.holding(contoso::TENANT_ID) > 0);
    assert!(watched.holding("code_verifier") > 0);
    assert!(watched.count() > 15, "one memory a call");
    let secrets = world.microsoft.issued_tokens();
    ensure!(secrets.len() >= 6, "access and refresh tokens: {}", secrets.len());
    for secret in secrets.iter().map(String::as_str).chain([contoso::CLIENT_SECRET]) {
        let shown: String = secret.chars().take(6).collect();
        assert_eq!(watched.holding(secret), 0, "{shown}… was in the plugin's memory");
    }
    Ok(())
}
