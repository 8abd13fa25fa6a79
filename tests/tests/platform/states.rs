//! What state an integration comes to by what Microsoft answers, what the administrator reads, and what is
//! told of it.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mock_graph::{Action, Fault, MockGraph, Operation, contoso};
use video_host::provider::{GrantProblem, RefusalProblem};
use video_platform::{
    Asked, BookingError, Cause, IntegrationChange, IntegrationState, Obstacle, Remedy, StaffCheck, StateKind,
};

use crate::stage::{Stage, TOKEN_LIFE, booking};

/// The lines of Microsoft's token endpoint that a provider must tell apart (`graph/errors.json`).
const CODES: [u32; 32] = [
    50_173, 700_082, 70_008, 70_043, 700_084, 70_000, 54_005, 501_481, 700_005, 50_076, 50_079, 53_003,
    65_001, 65_004, 90_094, 7_000_215, 7_000_222, 7_000_218, 700_025, 700_027, 700_016, 90_002, 900_023,
    50_034, 50_020, 16_000, 50_196, 50_057, 50_194, 9_002_313, 70_011, 50_011,
];

#[tokio::test]
async fn each_documented_error_at_a_renewal_comes_to_its_state_and_its_next_step() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let faults = stage.world.microsoft.faults();
    let mut table = String::new();
    for code in CODES {
        stage.world.advance(TOKEN_LIFE);
        faults.inject(Fault::always(Operation::Token, Action::Aadsts(code)));
        stage.platform.check(&id).await.err().context("no token")?;
        let integration = stage.integration(&id).await?;
        let advice = integration.advice();
        let cause = integration.state.cause().map(|cause| format!(" {cause:?}")).unwrap_or_default();
        let over = if integration.unavailable.is_some() { ", unavailable" } else { "" };
        writeln!(table, "AADSTS{code}: {:?}{cause}{over} [{:?}]", integration.state.kind(), advice.remedy)?;
        writeln!(table, "    {}", advice.sentence)?;
        writeln!(table, "    {}", advice.detail.as_deref().unwrap_or("–"))?;
        writeln!(table, "    {}\n", advice.instruction.as_deref().unwrap_or("–"))?;
        faults.clear();
        stage.reauthorize(&id).await?;
        let renewed = stage.integration(&id).await?;
        assert_eq!((&renewed.state, renewed.unavailable), (&IntegrationState::Connected, None), "{code}");
    }
    insta::assert_snapshot!(table);
    Ok(())
}

/// How a grant dies at Microsoft, and what has to be undone before somebody can sign in again.
type Death = (GrantProblem, fn(&MockGraph) -> Result<()>, fn(&MockGraph) -> Result<()>);

const ACCOUNT: &str = contoso::SERVICE_ACCOUNT;
const NOTHING: fn(&MockGraph) -> Result<()> = |_| Ok(());

#[tokio::test]
async fn a_grant_that_dies_is_told_of_once_with_its_cause_and_once_when_it_is_renewed() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let mut seen = stage.platform.events(0).await?.last().context("it was connected")?.id;
    let deaths: [Death; 7] = [
        (GrantProblem::Revoked, |it| Ok(it.directory().revoke_sessions(ACCOUNT)?), NOTHING),
        (
            GrantProblem::Expired,
            |it| Ok(it.directory().set_sign_in_frequency(contoso::TENANT_ID, Some(Duration::ZERO))?),
            |it| Ok(it.directory().set_sign_in_frequency(contoso::TENANT_ID, None)?),
        ),
        (GrantProblem::MultiFactorRequired, |it| Ok(it.directory().require_mfa(ACCOUNT)?), NOTHING),
        (
            GrantProblem::BlockedByPolicy,
            |it| Ok(it.directory().block_by_conditional_access(ACCOUNT, true)?),
            |it| Ok(it.directory().block_by_conditional_access(ACCOUNT, false)?),
        ),
        (
            GrantProblem::ConsentWithdrawn,
            |it| Ok(it.directory().withdraw_consent(contoso::CLIENT_ID, contoso::TENANT_ID)?),
            NOTHING,
        ),
        (
            GrantProblem::AccountDisabled,
            |it| Ok(it.directory().set_enabled(ACCOUNT, false)?),
            |it| Ok(it.directory().set_enabled(ACCOUNT, true)?),
        ),
        (
            GrantProblem::ClaimsChallenge,
            |it| {
                it.faults().inject(Fault::always(Operation::Me, Action::ClaimsChallenge));
                Ok(())
            },
            |it| {
                it.faults().clear();
                Ok(())
            },
        ),
    ];
    for (problem, kill, mend) in deaths {
        stage.world.advance(TOKEN_LIFE);
        kill(&stage.world.microsoft)?;
        for _ in 0..3 {
            assert!(stage.platform.check(&id).await.is_err(), "{problem:?}");
        }
        let dead = stage.integration(&id).await?;
        assert_eq!(dead.state.cause(), Some(Cause::Grant(problem)));
        assert_eq!(dead.advice().remedy, Remedy::Reauthorize);
        mend(&stage.world.microsoft)?;
        stage.reauthorize(&id).await?;

        let events = stage.platform.events(seen).await?;
        let [died, renewed] = &events[..] else { bail!("{problem:?}: {events:?}") };
        let (live, gone) = (StateKind::Connected, StateKind::NeedsReauthorization);
        let cause = Some(Cause::Grant(problem));
        assert_eq!(died.change, IntegrationChange::State { from: live, to: gone, cause });
        assert_eq!(renewed.change, IntegrationChange::State { from: gone, to: live, cause: None });
        seen = renewed.id;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_failing_calls_of_eight_tasks_on_two_hosts_raise_one_event() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let hosts = [stage.platform.clone(), stage.restarted().await?];
    let mut told = hosts.each_ref().map(video_platform::Platform::subscribe);
    let before = stage.platform.events(0).await?.len();
    stage.world.microsoft.directory().revoke_sessions(ACCOUNT)?;
    stage.world.advance(TOKEN_LIFE);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (platform, id) = (hosts[task % 2].clone(), id.clone());
            tokio::spawn(async move {
                for n in 0..13 {
                    // Whoever comes after the first is not let through, but a check is.
                    let booked = platform.book(&booking(&format!("a-{task}-{n}"), "adele")).await;
                    assert!(booked.is_err(), "{booked:?}");
                    assert!(platform.check(&id).await.is_err());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    let events = stage.platform.events(0).await?.split_off(before);
    let [died] = &events[..] else { bail!("{events:?}") };
    let heard: Vec<_> = told.iter_mut().filter_map(|told| told.try_recv().ok()).collect();
    assert_eq!(heard, std::slice::from_ref(died), "one of the two hosts told it");
    assert!(died.message.contains("Reauthorize"), "{}", died.message);
    Ok(())
}

#[tokio::test]
async fn throttling_lies_over_the_state_until_the_time_that_microsoft_named() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let before = stage.integration(&id).await?;
    let seen = stage.platform.events(0).await?.last().context("it was connected")?.id;
    let now = stage.world.host.clock().now_ms();
    stage.world.microsoft.faults().inject(Fault::once(Operation::CreateMeeting, Action::throttled("60")));
    let error = stage.platform.book(&booking("a", "adele")).await.err().context("throttled")?;
    assert!(matches!(error, BookingError::Waiting { .. }), "{error:?}");
    let over = stage.integration(&id).await?;
    assert_eq!((&over.state, over.since), (&before.state, before.since));
    let until = over.unavailable.clone().and_then(|outage| outage.until).context("an end")?;
    assert!((now + 60_000..now + 90_000).contains(&until), "{now} {until}");
    assert_eq!(over.advice().remedy, Remedy::Wait { until: Some(until) });

    assert_eq!(stage.platform.resume().await?.finished, ["a"]);
    assert_eq!(stage.integration(&id).await?.unavailable, None);
    let changes: Vec<_> = stage.platform.events(seen).await?.into_iter().map(|event| event.change).collect();
    assert_eq!(
        changes,
        [IntegrationChange::Unavailable { until: Some(until) }, IntegrationChange::Available]
    );
    Ok(())
}

#[tokio::test]
async fn an_account_without_a_licence_is_a_refusal_and_no_dead_grant() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let directory = stage.world.microsoft.directory();
    directory.set_teams_licence(ACCOUNT, false)?;
    assert!(stage.platform.check(&id).await.is_err());
    let refused = stage.integration(&id).await?;
    assert!(
        matches!(
            refused.state,
            IntegrationState::Refused { cause: RefusalProblem::Licence, asked: Asked::Check, .. }
        ),
        "{refused:?}"
    );
    assert_eq!(refused.advice().remedy, Remedy::AssignLicence);
    directory.set_teams_licence(ACCOUNT, true)?;
    stage.platform.check(&id).await?;
    assert_eq!(stage.state(&id).await?, IntegrationState::Connected);
    Ok(())
}

#[tokio::test]
async fn a_missing_policy_is_refused_until_it_applies_and_then_concerns_those_it_does_not_cover() -> Result<()>
{
    let stage = Stage::start().await?;
    let id = stage.connect_by(Some("access-policy"), contoso::ADMINISTRATOR).await?;
    stage.import_and_match(&id).await?;
    let directory = stage.world.microsoft.directory();
    stage.platform.book(&booking("a", "adele")).await.err().context("no policy")?;
    let refused = stage.integration(&id).await?;
    let policy = Remedy::GrantPolicy { applies_within: Duration::from_mins(30) };
    assert_eq!(refused.advice().remedy, policy, "{refused:?}");
    assert!(refused.advice().to_string().contains("30 minutes"));
    // Neither that it is alive nor that users are found makes it one that can make meetings.
    stage.platform.check(&id).await?;
    stage.platform.rematch(&id, |_| {}).await?;
    assert_eq!(stage.state(&id).await?, refused.state);
    assert_eq!(obstacle(&stage, "adele").await?, Obstacle::Refused(RefusalProblem::Policy));

    directory.grant_access_policy(contoso::CLIENT_ID, contoso::TENANT_ID, Some(contoso::ADVISER))?;
    stage.world.advance(Duration::from_mins(31));
    assert!(matches!(stage.platform.check_staff("adele").await?, StaffCheck::Ready { .. }));
    stage.platform.book(&booking("a", "adele")).await?;
    assert_eq!(stage.state(&id).await?, IntegrationState::Connected);

    // The administrator is not covered: that is theirs alone.
    let error = stage.platform.book(&booking("b", "mod")).await.err().context("not covered")?;
    assert!(matches!(error, BookingError::Refused { .. }), "{error:?}");
    assert_eq!(obstacle(&stage, "mod").await?, Obstacle::Refused(RefusalProblem::Policy));
    assert_eq!(stage.state(&id).await?, IntegrationState::Connected);
    Ok(())
}

async fn obstacle(stage: &Stage, staff: &str) -> Result<Obstacle> {
    let meetings = stage.world.microsoft.meetings().len();
    let checked = stage.platform.check_staff(staff).await?;
    assert_eq!(stage.world.microsoft.meetings().len(), meetings, "a check makes no meeting");
    match checked {
        StaffCheck::NotReady { obstacle, .. } => Ok(obstacle),
        other => bail!("{other:?}"),
    }
}

#[tokio::test]
async fn a_check_counts_the_meetings_that_the_service_account_organised() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    for (appointment, staff) in [("a", "adele"), ("b", "mod"), ("c", "adele")] {
        stage.platform.book(&booking(appointment, staff)).await?;
    }
    stage.platform.cancel("c").await?;
    let checked = stage.platform.check(&id).await?;
    let [organizer] = &checked.meetings[..] else { bail!("{checked:?}") };
    assert_eq!((organizer.meetings, organizer.limit), (3, Some(2_000)));
    assert_eq!(organizer.organizer, contoso::SERVICE_ACCOUNT_ID);
    assert_eq!(organizer.user_name.as_deref(), Some(contoso::SERVICE_ACCOUNT));
    assert_eq!(organizer.warning(), None);
    Ok(())
}
