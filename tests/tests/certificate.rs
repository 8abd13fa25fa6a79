//! A certificate in place of a client secret, from the operator's files to the stand-in's verification.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use end_to_end::{
    Credential, SESSION, Watched, WatchingCreator, World, WorldOptions, appointment, form, manifest,
    setup_values,
};
use mock_graph::{Application, Config, Operation, contoso};
use video_host::provider::{NextStep, Parameter, User};
use video_host::store::Purpose;
use video_host::{Manifest, Memory, Plugin};

const INTEGRATION: &str = "contoso";
/// As long as an access token lives: the next call renews it.
const OVER: Duration = Duration::from_hours(1);
const WRONG: &str = "misconfigured ClientAuthentication";

/// A manifest by which the host authenticates with a certificate and has no secret.
fn with_certificate(credential: &Credential) -> Result<Manifest> {
    let mut manifest = Manifest { client: Arc::new(credential.client()?), ..manifest()? };
    manifest.settings.insert("client-authentication".to_owned(), "assertion".to_owned());
    Ok(manifest)
}

/// A world whose registration knows the first certificate and no secret, and whose host has the second.
/// An assertion that is presented twice is refused, which is more than Microsoft does.
async fn world(registered: &Credential, used: &Credential, memory: Memory) -> Result<World> {
    let application = Application {
        secrets: Vec::new(),
        certificates: vec![registered.registered()],
        ..contoso::application()
    };
    let microsoft =
        Config { applications: vec![application], single_use_assertions: true, ..Config::default() };
    let changed = with_certificate(used)?;
    let manifest = Box::new(move |manifest: &mut Manifest| *manifest = changed);
    World::with(WorldOptions { microsoft, memory, manifest: Some(manifest), ..WorldOptions::default() }).await
}

/// Has everybody use the plugin as the operator loads it now.
async fn reload(world: &World, manifest: &Manifest) -> Result<Plugin> {
    Ok(world.host.load(plugin_artifacts::TEAMS, manifest).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_connects_and_renews_with_a_fresh_assertion_each_time() -> Result<()> {
    let credential = Credential::new()?;
    let world = world(&credential, &credential, Memory::default()).await?;
    world.connect(INTEGRATION).await?;
    let teams = world.teams_on(INTEGRATION)?;
    for n in 0..3 {
        world.advance(OVER);
        teams.create_meeting(&appointment(&format!("a-{n}"))).await?;
    }
    let requests = world.microsoft.journal().of(Operation::Token);
    assert_eq!(requests.len(), 4);
    for request in requests {
        let form = form(&request.body);
        assert!(form.contains_key("client_assertion") && !form.contains_key("client_secret"));
        assert_eq!(request.answer.and_then(|answer| answer.status), Some(200));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_gets_tokens_for_the_application_alone() -> Result<()> {
    let credential = Credential::new()?;
    let world = world(&credential, &credential, Memory::default()).await?;
    let provider = world.teams_on(INTEGRATION)?;
    let mut values = setup_values(contoso::TENANT_ID);
    values.push(Parameter { name: "method".to_owned(), value: "access-policy".to_owned() });
    let begun = world.host.begin(&provider, Purpose::Connect, SESSION, values, contoso::REDIRECT_URI).await?;
    let NextStep::Visit(url) = begun else { bail!("an administrator has to consent") };
    world.finish(world.sign_in(&url, contoso::ADMINISTRATOR).await?).await?;
    // For one adviser only, and for the administrator not.
    let directory = world.microsoft.directory();
    directory.grant_access_policy(contoso::CLIENT_ID, contoso::TENANT_ID, Some(contoso::ADVISER))?;
    world.advance(OVER);
    let user =
        |id: &str, key: &str| User { id: id.to_owned(), key: key.to_owned(), display_name: key.to_owned() };
    let mut request = appointment("a");
    request.staff = Some(user(contoso::ADVISER_ID, contoso::ADVISER));
    assert_eq!(provider.create_meeting(&request).await?.organizer_id, contoso::ADVISER_ID);
    request.appointment_id = "b".to_owned();
    request.staff = Some(user(contoso::ADMINISTRATOR_ID, contoso::ADMINISTRATOR));
    assert!(world.told(provider.create_meeting(&request).await)?.starts_with("refused "));
    let grants: Vec<_> = world.microsoft.journal().of(Operation::Token);
    assert!(grants.len() >= 2, "gotten, and gotten again after it ended");
    assert!(grants.iter().all(|request| form(&request.body).contains_key("client_assertion")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_registered_is_misconfigured_and_no_grant_dies_of_it() -> Result<()> {
    let (registered, other) = (Credential::new()?, Credential::new()?);
    let world = world(&registered, &registered, Memory::default()).await?;
    let connection = world.connect(INTEGRATION).await?;
    let teams = world.teams_on(INTEGRATION)?;
    world.advance(OVER);
    let kept = world.kept(INTEGRATION).await?;
    let wrong = reload(&world, &with_certificate(&other)?).await?;
    let wrong = wrong.on(&INTEGRATION.parse()?);
    assert_eq!(world.told(wrong.check().await)?, WRONG);
    assert_eq!(world.kept(INTEGRATION).await?, kept);
    // The right one is there again: nobody has to sign in.
    assert_eq!(teams.check().await?, connection);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_certificate_works_while_both_are_registered_and_after() -> Result<()> {
    let (old, new) = (Credential::new()?, Credential::new()?);
    let world = world(&old, &old, Memory::default()).await?;
    let connection = world.connect(INTEGRATION).await?;
    let registered = |certificates| {
        world
            .microsoft
            .directory()
            .update_application(contoso::CLIENT_ID, |it| it.certificates = certificates)
    };
    let with_old = world.teams_on(INTEGRATION)?;
    registered(vec![old.registered(), new.registered()])?;
    world.advance(OVER);
    assert_eq!(with_old.check().await?, connection);

    let with_new = reload(&world, &with_certificate(&new)?).await?.on(&INTEGRATION.parse()?);
    world.advance(OVER);
    assert_eq!(with_new.check().await?, connection);

    registered(vec![new.registered()])?;
    world.advance(OVER);
    assert_eq!(world.told(with_old.check().await)?, WRONG);
    assert_eq!(with_new.check().await?, connection);
    assert_eq!(world.microsoft.journal().count(Operation::Authorize), 1, "nobody had to sign in again");
    Ok(())
}

#[tokio::test]
async fn the_private_key_and_the_assertions_are_never_in_the_plugins_memory() -> Result<()> {
    let watched = Arc::new(Watched::default());
    let memory = Memory::Custom(Arc::new(WatchingCreator(watched.clone())));
    let credential = Credential::new()?;
    let world = world(&credential, &credential, memory).await?;
    world.connect(INTEGRATION).await?;
    world.advance(OVER);
    world.teams_on(INTEGRATION)?.create_meeting(&appointment("one")).await?;

    assert!(watched.holding(contoso::TENANT_ID) > 0, "the search finds what is there");
    // Any line of the PEM, and any 32 bytes of the DER at every 32: a part would be found as well.
    for line in credential.key_pem.lines().filter(|line| line.len() > 30 && !line.starts_with('-')) {
        assert_eq!(watched.holding(line), 0, "a line of the key was in the plugin's memory");
    }
    // What precedes is the algorithm and the modulus, which the certificate shows to everybody.
    let private = &credential.key_der[credential.key_der.len() / 2..];
    for part in private.chunks_exact(32) {
        assert_eq!(watched.holding(part), 0, "a part of the key was in the plugin's memory");
    }
    let requests = world.microsoft.journal().of(Operation::Token);
    assert_eq!(requests.len(), 2);
    for assertion in requests.iter().filter_map(|request| form(&request.body).remove("client_assertion")) {
        assert_eq!(watched.holding(&assertion), 0, "an assertion was in the plugin's memory");
    }
    Ok(())
}
