//! Two integrations of one provider, and two tenants of it, share nothing: what is written in one is looked
//! for from the other.

use anyhow::{Context, Result, ensure};
use end_to_end::{FABRIKAM, FABRIKAM_ACCOUNT, Log, World, WorldOptions, appointment, fabrikam, find, listen};
use mock_graph::{Action, Config, Fault, Operation, contoso};
use video_host::provider::Connection;
use video_host::store::Purpose;

use crate::stage::{evil, limits, told};

/// Connects an integration with its tenant's own account.
async fn connect(world: &World, integration: &str, tenant: &str, account: &str) -> Result<Connection> {
    let url = world.begin(integration, Purpose::Connect, tenant).await?;
    let callback = world.callback(world.sign_in(&url, account).await?).await?;
    world.host.finish(&world.teams, callback).await.context("connecting")
}

async fn two_tenants() -> Result<World> {
    let microsoft = Config { organisations: vec![contoso::organisation(), fabrikam()], ..Config::default() };
    let world = World::with(WorldOptions { microsoft, ..WorldOptions::default() }).await?;
    connect(&world, "contoso", contoso::TENANT_ID, contoso::SERVICE_ACCOUNT).await?;
    connect(&world, "fabrikam", FABRIKAM, FABRIKAM_ACCOUNT).await?;
    Ok(world)
}

#[tokio::test]
async fn what_one_integration_stores_and_holds_is_nowhere_for_another() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    let kept = world.kept("contoso").await?;
    ensure!(!kept.credentials.is_empty(), "there is something to find");
    let evil = evil(&world.host, &[], limits()).await?;
    assert_eq!(told(&evil, "evil", "write:connection").await?, "written: true");
    assert_eq!(told(&evil, "evil", "look around").await?, "2 things found", "its own, listed and read");
    // The same plugin for another integration, and another plugin's integration.
    assert_eq!(told(&evil, "other", "look around").await?, "0 things found");
    for credential in world.host.store().list(&"contoso".parse()?, "", None).await?.keys {
        let came_to = told(&evil, "other", &format!("write:{credential}")).await?;
        assert_eq!(came_to, "written: true", "the name is free there");
    }
    for name in kept.credentials.keys() {
        let came_to = told(&evil, "other", &format!("use credential:{name}")).await?;
        assert_eq!(came_to, "used: missing, promoted: missing", "{name}");
    }
    // Whatever another one wrote or forgot, this one is as it was.
    world.host.forget(&"other".parse()?).await?;
    assert_eq!(world.kept("contoso").await?, kept);
    world.teams_on("contoso")?.check().await?;
    Ok(())
}

#[tokio::test]
async fn what_is_sealed_for_one_integration_cannot_be_opened_for_another() -> Result<()> {
    let world = two_tenants().await?;
    // Somebody who can write the database gives Fabrikam Contoso's credential, as it is sealed.
    for table in ["credential", "plugin_storage"] {
        let moved = format!(
            "UPDATE {table} SET sealed = (SELECT sealed FROM {table} AS one WHERE one.integration = 'contoso' \
             AND one.name = {table}.name) WHERE integration = 'fabrikam' AND name IN \
             (SELECT name FROM {table} WHERE integration = 'contoso')"
        );
        let moved = sqlx::query(sqlx::AssertSqlSafe(moved)).execute(world.host.store().pool()).await?;
        ensure!(moved.rows_affected() > 0, "{table}");
    }
    world.microsoft.journal().clear();
    world.advance(std::time::Duration::from_secs(10));
    let checked = world.teams_on("fabrikam")?.check().await;
    assert!(checked.is_err(), "{checked:?}");
    assert_eq!(world.microsoft.journal().requests().len(), 0, "nothing was sent with another's token");
    world.teams_on("contoso")?.check().await?;
    Ok(())
}

#[tokio::test]
async fn two_tenants_share_no_token_no_request_no_log_line_and_no_error() -> Result<()> {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _logged = listen(subscriber);
    let world = two_tenants().await?;
    let sides =
        [("contoso", contoso::TENANT_ID, contoso::SERVICE_ACCOUNT), ("fabrikam", FABRIKAM, FABRIKAM_ACCOUNT)];
    let mut tokens = Vec::new();
    for (nth, (integration, tenant, account)) in sides.into_iter().enumerate() {
        let (_, other_tenant, other_account) = sides[1 - nth];
        let other = sides[1 - nth].0;
        world.microsoft.journal().clear();
        log.take();
        let teams = world.teams_on(integration)?;
        let checked = teams.check().await?;
        assert_eq!(
            (checked.account.tenant_id.as_str(), checked.account.user_name.as_str()),
            (tenant, account)
        );
        let meeting = teams.create_meeting(&appointment("the same appointment")).await?;
        // Refused, so that there is an error to look at, and a renewal to see.
        world.microsoft.faults().inject(Fault::once(Operation::CreateMeeting, Action::status(403)));
        let error = teams.create_meeting(&appointment("another")).await.err().context("it is refused")?;
        world.advance(std::time::Duration::from_hours(2));
        teams.check().await?;

        let logged = log.take();
        ensure!(find(&logged, b"http.answered"), "the log is on");
        let told = format!("{error} {error:?} {meeting:?} {checked:?}");
        let har = world.microsoft.journal().har();
        for foreign in [other_tenant, other_account, other] {
            assert!(!find(&logged, foreign.as_bytes()), "{foreign} is in the log of {integration}");
            assert!(!told.contains(foreign), "{foreign} is in what {integration} is told");
            assert!(!har.contains(foreign), "{foreign} is in the requests of {integration}");
        }
        let requests = world.microsoft.journal().requests();
        ensure!(requests.iter().any(|request| request.operation == Operation::Token), "it was renewed");
        tokens.push(
            requests.into_iter().filter_map(|request| request.authorization_sha256).collect::<Vec<_>>(),
        );
    }
    assert!(tokens[0].iter().all(|token| !tokens[1].contains(token)), "a token was used for both");
    let meetings = world.microsoft.meetings();
    assert_eq!(meetings.len(), 2, "one appointment's id, one meeting at each tenant");
    assert_ne!(meetings[0].join_web_url, meetings[1].join_web_url);
    Ok(())
}

#[tokio::test]
async fn a_dead_grant_and_a_busy_tenant_are_the_one_tenants_alone() -> Result<()> {
    let world = two_tenants().await?;
    world.microsoft.directory().revoke_sessions(contoso::SERVICE_ACCOUNT)?;
    world.advance(std::time::Duration::from_hours(2));
    assert!(world.teams_on("contoso")?.check().await.is_err());
    world.teams_on("fabrikam")?.check().await.context("Fabrikam is not Contoso")?;
    world.teams_on("contoso")?.disconnect().await?;
    world.host.forget(&"contoso".parse()?).await?;
    world.teams_on("fabrikam")?.create_meeting(&appointment("one")).await?;
    Ok(())
}
