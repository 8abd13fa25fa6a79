//! Who is left alone, for whom, and until when.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use end_to_end::{
    FABRIKAM, FABRIKAM_ACCOUNT, INTEGRATION, MovingClocks, World, appointment, contract_error, fabrikam,
    manifest,
};
use mock_graph::{Action, Operation, contoso};
use video_host::calls::{CallPolicy, CircuitState};
use video_host::provider::{Error, MeetingRequest, Outage, Parameter};
use video_host::store::Purpose;
use video_host::{Host, Provider};

use crate::stage::{Stage, overloaded};

/// A meeting that takes a second request.
fn without_chat(id: &str) -> MeetingRequest {
    let chat = Parameter { name: "chat".to_owned(), value: "disabled".to_owned() };
    MeetingRequest { options: vec![chat], ..appointment(id) }
}

async fn refused(teams: &Provider) -> Result<Outage> {
    match contract_error(teams.create_meeting(&appointment("refused")).await)? {
        Error::Unavailable(outage) => Ok(outage),
        other => bail!("no outage: {other:?}"),
    }
}

#[tokio::test]
async fn a_tenant_that_is_throttled_is_left_alone_by_all_its_integrations_and_by_no_other() -> Result<()> {
    let stage = Stage::start().await?;
    let world = &stage.world;
    world.connect("second").await?;
    world.microsoft.directory().add_organisation(fabrikam());
    let url = world.begin("fabrikam", Purpose::Connect, FABRIKAM).await?;
    let callback = world.callback(world.sign_in(&url, FABRIKAM_ACCOUNT).await?).await?;
    world.host.finish(&world.teams, callback).await?;
    world.microsoft.journal().clear();

    for action in [Action::throttled("40"), overloaded("40.5")] {
        stage.once(Operation::CreateMeeting, action);
        stage.create_in_vain("a").await?;
        assert_eq!(stage.received(Operation::CreateMeeting).len(), 1);

        for integration in [INTEGRATION, "second"] {
            let outage = refused(&world.teams_on(integration)?).await?;
            assert!(!outage.may_have_taken_effect);
            let left = outage.retry_after.unwrap_or_default();
            assert!((30_000..=40_500).contains(&left), "{left}");
        }
        assert_eq!(stage.received(Operation::Any).len(), 0, "no request reached Microsoft");
        let circuits = world.host.circuits();
        let [circuit] = &circuits[..] else { bail!("{circuits:?}") };
        assert_eq!(circuit.tenant.as_deref(), Some(contoso::TENANT_ID));
        assert_eq!(
            circuit.integrations.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [INTEGRATION, "second"]
        );
        let CircuitState::Open { until_ms } = circuit.state else { bail!("{circuit:?}") };
        let left = until_ms - world.host.clock().now_ms();
        assert!((30_000..=40_500).contains(&left), "{left}");

        world.teams_on("fabrikam")?.create_meeting(&appointment("f")).await?;
        world.advance(Duration::from_millis(40_500));
        world.teams_on("second")?.create_meeting(&appointment("b")).await?;
        assert_eq!(world.host.circuits(), [], "it closed by itself");
        stage.received(Operation::Any);
    }
    Ok(())
}

#[tokio::test]
async fn a_call_between_two_of_its_requests_does_not_send_the_next_while_its_tenant_is_left_alone()
-> Result<()> {
    let stage = Stage::start().await?;
    let world = &stage.world;
    let held = world.microsoft.faults().hold(Operation::CreateMeeting, false);
    let (teams, request) = (stage.teams.clone(), without_chat("a"));
    let create = tokio::spawn(async move { teams.create_meeting(&request).await });
    held.reached().await;
    stage.once(Operation::CreateMeeting, Action::throttled("60"));
    stage.create_in_vain("b").await?;
    held.release();
    let made = create.await??;
    assert!(made.created && !made.join_url.is_empty());
    let [warning] = &made.warnings[..] else { bail!("{:?}", made.warnings) };
    assert!(warning.contains("Chat") && warning.contains("left alone"), "{warning}");
    assert_eq!(stage.received(Operation::UpdateMeeting).len(), 0, "it was not asked for");

    world.advance(Duration::from_mins(1));
    let again = stage.teams.create_meeting(&without_chat("a")).await?;
    assert_eq!((again.join_url, again.warnings.len()), (made.join_url, 0));
    assert_eq!(stage.received(Operation::UpdateMeeting).len(), 1);
    Ok(())
}

#[tokio::test]
async fn options_that_hang_until_the_deadline_cost_a_warning_and_not_the_meeting() -> Result<()> {
    let stage = Stage::start().await?;
    let held = stage.world.microsoft.faults().hold(Operation::UpdateMeeting, true);
    let made = stage.teams.clone().within(Duration::from_secs(3)).create_meeting(&without_chat("a")).await?;
    assert!(made.created && !made.join_url.is_empty());
    assert_eq!(made.warnings.len(), 1, "{:?}", made.warnings);
    drop(held);
    Ok(())
}

#[tokio::test]
async fn outages_in_a_row_open_it_and_one_asks_for_all() -> Result<()> {
    let stage = Stage::start().await?;
    let world = &stage.world;
    stage.always(Operation::CreateMeeting, Action::DropBefore);
    stage.create_in_vain("a").await?;
    assert_eq!(stage.received(Operation::CreateMeeting).len(), 5);
    assert!(refused(&stage.teams).await?.retry_after.is_some_and(|left| left <= 5_000));
    assert_eq!(stage.received(Operation::Any).len(), 0);

    // The first one after it fails, and so it is open for longer.
    world.advance(Duration::from_secs(5));
    let impatient = stage.teams.clone().within(Duration::from_millis(900));
    assert!(impatient.create_meeting(&appointment("a")).await.is_err());
    assert_eq!(stage.received(Operation::CreateMeeting).len(), 1, "a probe");
    assert!(refused(&stage.teams).await?.retry_after.is_some_and(|left| left > 5_000));

    world.advance(Duration::from_secs(10));
    world.microsoft.faults().clear();
    let held = world.microsoft.faults().hold(Operation::CreateMeeting, true);
    let teams = stage.teams.clone();
    let probe = tokio::spawn(async move { teams.create_meeting(&appointment("a")).await });
    held.reached().await;
    refused(&stage.teams).await?;
    assert_eq!(world.host.circuits()[0].state, CircuitState::HalfOpen);
    assert_eq!(stage.received(Operation::CreateMeeting).len(), 1);
    held.release();
    probe.await??;
    assert_eq!(world.host.circuits(), []);
    stage.create("b").await?;
    Ok(())
}

#[tokio::test]
async fn after_a_restart_it_is_known_whose_integrations_they_are() -> Result<()> {
    let stage = Stage::start().await?;
    let world = &stage.world;
    world.connect("second").await?;

    let mut config = World::config(world.data.path(), &world.microsoft, world.clock.clone())?;
    config.calls = CallPolicy::default();
    config.waiter = Arc::new(MovingClocks { clock: world.clock.clone(), microsoft: world.microsoft.clone() });
    let host = Host::start(config).await?;
    let teams = host.load(plugin_artifacts::TEAMS, &manifest()?).await?;
    stage.once(Operation::CreateMeeting, Action::throttled("60"));
    assert!(teams.on(&INTEGRATION.parse()?).create_meeting(&appointment("a")).await.is_err());
    stage.received(Operation::Any);
    refused(&teams.on(&"second".parse()?)).await?;
    assert_eq!(stage.received(Operation::Any).len(), 0);
    Ok(())
}
