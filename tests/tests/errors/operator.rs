//! What only the operator can mend. No connection is called dead over it, and nobody has to sign in again
//! after it was mended.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use end_to_end::{World, WorldOptions, manifest};
use mock_graph::{Action, Fault, MockGraph, Operation, contoso};
use video_host::Manifest;
use video_host::store::Purpose;
use video_host::vault::ClientKeys;

/// As long as an access token lives: the next call renews it.
const OVER: Duration = Duration::from_hours(1);

const WRONG: &str = "misconfigured ClientAuthentication";
const EXPIRED: &str = "misconfigured ClientAuthenticationExpired";
const UNKNOWN: &str = "misconfigured UnknownClient";
const HOST: &str = "misconfigured Host";

/// What goes wrong at Microsoft, and how it is mended there.
type Fix = fn(&MockGraph) -> Result<()>;

fn own_secret(microsoft: &MockGraph) -> Result<()> {
    Ok(microsoft.directory().change_secret(contoso::CLIENT_ID, contoso::CLIENT_SECRET)?)
}

const CLEARED: Fix = |microsoft| {
    microsoft.faults().clear();
    Ok(())
};

fn faults() -> Vec<(&'static str, &'static str, Fix, Fix)> {
    vec![
        (
            "a secret that was changed",
            WRONG,
            |it| Ok(it.directory().change_secret(contoso::CLIENT_ID, "x")?),
            own_secret,
        ),
        (
            "a secret that expired",
            EXPIRED,
            |it| Ok(it.directory().expire_secrets(contoso::CLIENT_ID)?),
            own_secret,
        ),
        (
            "a registration as a public client",
            WRONG,
            |it| Ok(it.directory().update_application(contoso::CLIENT_ID, |app| app.public_client = true)?),
            |it| {
                Ok(it.directory().update_application(contoso::CLIENT_ID, |app| app.public_client = false)?)
            },
        ),
        (
            "a registration of another tenant's own",
            UNKNOWN,
            |it| {
                Ok(it.directory().update_application(contoso::CLIENT_ID, |app| {
                    app.multitenant = false;
                    "11111111-86f1-41af-91ab-2d7cd011db47".clone_into(&mut app.home_tenant);
                })?)
            },
            |it| Ok(it.directory().update_application(contoso::CLIENT_ID, |app| app.multitenant = true)?),
        ),
        (
            "an application that was removed from the tenant",
            UNKNOWN,
            |it| Ok(it.directory().uninstall(contoso::CLIENT_ID, contoso::TENANT_ID)?),
            |it| Ok(it.directory().grant_consent(contoso::CLIENT_ID, contoso::TENANT_ID)?),
        ),
    ]
}

/// A renewal is refused as misconfigured, each time it is asked for; mended, the call works.
async fn is_mended_without_a_sign_in(world: &World, what: &str, told: &str, mend: Fix) -> Result<()> {
    let teams = world.teams_on("contoso")?;
    let journal = world.microsoft.journal();
    world.advance(OVER);
    let kept = world.kept("contoso").await?;
    journal.clear();
    for asked in 1..=2 {
        assert_eq!(world.told(teams.check().await)?, told, "{what}");
        assert_eq!(journal.count(Operation::Token), asked, "{what} may be mended at any time");
        assert_eq!(world.kept("contoso").await?, kept, "{what}");
    }
    mend(&world.microsoft)?;
    assert_eq!(teams.check().await?.account.id, contoso::SERVICE_ACCOUNT_ID, "{what}");
    assert_eq!(journal.count(Operation::Authorize), 0, "{what}: nobody had to sign in");
    Ok(())
}

#[tokio::test]
async fn a_fault_of_the_registration_is_misconfigured_and_ends_when_it_is_mended() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    for (what, told, break_it, mend) in faults() {
        break_it(&world.microsoft)?;
        is_mended_without_a_sign_in(&world, what, told, mend).await?;
    }
    Ok(())
}

#[tokio::test]
async fn every_documented_refusal_of_the_client_is_misconfigured() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    for (code, told) in [
        (7_000_215, WRONG),
        (7_000_222, EXPIRED),
        (7_000_218, WRONG),
        (700_016, UNKNOWN),
        (700_023, WRONG),
        (700_024, WRONG),
        (700_025, WRONG),
        (700_027, WRONG),
        (50_194, UNKNOWN),
    ] {
        world.microsoft.faults().inject(Fault::always(Operation::Token, Action::Aadsts(code)));
        is_mended_without_a_sign_in(&world, &format!("AADSTS{code}"), told, CLEARED).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_operator_renews_an_expired_secret_and_every_connection_works_on() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    world.microsoft.directory().change_secret(contoso::CLIENT_ID, "a new secret")?;
    world.advance(OVER);
    let teams = world.teams_on("contoso")?;
    assert_eq!(world.told(teams.check().await)?, WRONG);

    let client = ClientKeys { secret: Some("a new secret".into()), ..ClientKeys::default() };
    let renewed = Manifest { client: Arc::new(client), ..manifest()? };
    let teams = world.host.load(plugin_artifacts::TEAMS, &renewed).await?;
    teams.on(&"contoso".parse()?).check().await?;
    Ok(())
}

#[tokio::test]
async fn a_host_without_a_secret_is_misconfigured_before_anything_is_sent() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    world.advance(OVER);
    let without = Manifest { client: Arc::default(), ..manifest()? };
    let teams = world.host.load(plugin_artifacts::TEAMS, &without).await?;
    world.microsoft.journal().clear();
    assert_eq!(world.told(teams.on(&"contoso".parse()?).check().await)?, HOST);
    assert_eq!(world.microsoft.journal().count(Operation::Any), 0);
    world.teams_on("contoso")?.check().await?;
    Ok(())
}

#[tokio::test]
async fn settings_that_are_missing_are_misconfigured_and_nothing_is_sent() -> Result<()> {
    type Change = fn(&mut Manifest);
    let rows: [(&str, Change); 3] = [
        ("no client id", |it| it.settings.clear()),
        ("an empty client id", |it| {
            it.settings.insert("client-id".to_owned(), " ".to_owned());
        }),
        ("a way of authentication that is none", |it| {
            it.settings.insert("client-authentication".to_owned(), "trust me".to_owned());
        }),
    ];
    for (what, change) in rows {
        let options = WorldOptions { manifest: Some(Box::new(change)), ..WorldOptions::default() };
        let world = World::with(options).await?;
        let begun = world.begin("contoso", Purpose::Connect, contoso::TENANT_ID).await;
        assert_eq!(world.told(begun)?, HOST, "{what}");
        assert_eq!(world.microsoft.journal().count(Operation::Any), 0, "{what}");
        assert!(world.kept("contoso").await?.is_nothing(), "{what}");
    }
    Ok(())
}

#[tokio::test]
async fn an_application_that_microsoft_does_not_know_ends_on_its_page() -> Result<()> {
    let options = WorldOptions {
        manifest: Some(Box::new(|manifest: &mut Manifest| {
            let unknown = "22222222-aaaa-2222-bbbb-3333cccc4444".to_owned();
            manifest.settings.insert("client-id".to_owned(), unknown);
        })),
        ..WorldOptions::default()
    };
    let world = World::with(options).await?;
    let url = world.begin("contoso", Purpose::Connect, contoso::TENANT_ID).await?;
    assert!(world.sign_in(&url, contoso::SERVICE_ACCOUNT).await.is_err());
    assert_eq!(world.told(world.teams_on("contoso")?.check().await)?, "not-connected");
    Ok(())
}
