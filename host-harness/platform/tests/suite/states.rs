//! What answers make of an integration's state.

use std::time::Duration;

use video_host::provider::{Error, GrantProblem, MatchOutcome, Outage, Refusal, RefusalProblem};
use video_platform::{
    Asked, Integration, IntegrationId, IntegrationState as S, Remedy, StateKind, Unavailable,
};

use crate::script::{Stage, dead, misconfigured, outage, refused, request, scripted};

async fn now(stage: &Stage, id: &IntegrationId) -> anyhow::Result<Integration> {
    Ok(stage.platform.integration(id).await?.unwrap())
}

/// A check that ends so.
async fn check(stage: &Stage, id: &IntegrationId, error: Error) {
    scripted(&stage.script.connections, [Err(error)]);
    stage.platform.check(id).await.unwrap_err();
}

fn lacks(problem: RefusalProblem) -> Error {
    Error::Refused(Refusal { problem, message: "It may not.".to_owned() })
}

fn dead_of(problem: GrantProblem) -> Error {
    let Error::NeedsReauthorization(grant) = dead() else { unreachable!("it is a dead grant") };
    Error::NeedsReauthorization(video_host::provider::DeadGrant { problem, ..grant })
}

#[tokio::test]
async fn an_outage_lies_over_the_state_until_the_next_success() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    let began = stage.now();
    check(&stage, &id, Error::Throttled(Some(60_000))).await;
    let over = now(&stage, &id).await?;
    assert_eq!(over.state, S::Connected);
    let Some(Unavailable { since, until: Some(until), .. }) = over.unavailable else {
        anyhow::bail!("{over:?}")
    };
    assert!(since >= began && until >= since + 60_000, "{since} {until}");
    assert_eq!(over.advice().remedy, Remedy::Wait { until: Some(until) });

    // A later failure moves the end, and not the beginning; one that names no end moves neither.
    stage.clock.advance(Duration::from_secs(30));
    check(&stage, &id, Error::Throttled(Some(60_000))).await;
    let moved = now(&stage, &id).await?.unavailable.unwrap();
    assert_eq!(moved.since, since);
    assert!(moved.until >= Some(until + 30_000));
    check(&stage, &id, outage()).await;
    assert_eq!(now(&stage, &id).await?.unavailable.unwrap(), moved);
    // The end has passed, and there is no other one.
    stage.clock.advance(Duration::from_secs(61));
    check(&stage, &id, outage()).await;
    assert_eq!(now(&stage, &id).await?.unavailable.unwrap().until, None);

    stage.platform.check(&id).await?;
    assert_eq!(now(&stage, &id).await?.unavailable, None);
    Ok(())
}

#[tokio::test]
async fn every_call_notes_an_outage_and_every_success_ends_it() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    let away = || {
        Error::Unavailable(Outage {
            may_have_taken_effect: false,
            retry_after: Some(5_000),
            message: "It is away.".to_owned(),
        })
    };
    let script = &stage.script;
    scripted(&script.creates, [Err(away())]);
    stage.platform.book(&request("a", "ann")).await.unwrap_err();
    assert!(now(&stage, &id).await?.unavailable.is_some(), "booking");
    stage.platform.book(&request("a", "ann")).await?;
    assert!(now(&stage, &id).await?.unavailable.is_none(), "booking");

    scripted(&script.updates, [Err(away())]);
    stage.platform.move_appointment("a", 5_000, 6_000).await.unwrap_err();
    assert!(now(&stage, &id).await?.unavailable.is_some(), "moving");
    stage.platform.resume().await?;
    assert!(now(&stage, &id).await?.unavailable.is_none(), "moving");

    scripted(&script.cancels, [Err(away())]);
    stage.platform.cancel("a").await.unwrap_err();
    assert!(now(&stage, &id).await?.unavailable.is_some(), "cancelling");
    stage.platform.resume().await?;
    assert!(now(&stage, &id).await?.unavailable.is_none(), "cancelling");

    scripted(&script.matches, [Ok(vec![MatchOutcome::RetryLater(3_600_000)])]);
    stage.platform.rematch(&id, |_| {}).await?;
    assert!(now(&stage, &id).await?.unavailable.is_some(), "matching, put off");
    scripted(&script.matches, [Err(away())]);
    stage.platform.rematch(&id, |_| {}).await?;
    assert!(now(&stage, &id).await?.unavailable.is_none(), "matching, in the second round");

    scripted(&script.user_checks, [Err(away())]);
    stage.platform.check_staff("ann").await?;
    assert!(now(&stage, &id).await?.unavailable.is_some(), "checking a staff member");
    stage.platform.check_staff("ann").await?;
    assert!(now(&stage, &id).await?.unavailable.is_none(), "checking a staff member");
    assert_eq!(now(&stage, &id).await?.state, S::Connected);
    Ok(())
}

#[tokio::test]
async fn a_dead_grant_is_revived_by_a_check_or_a_sign_in_and_not_by_a_late_success() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    // The meeting is under way when another call finds the grant dead.
    let held = stage.script.hold_creates();
    let request = request("a", "ann");
    let booking = stage.platform.book(&request);
    let dying = async {
        held.reached().await;
        check(&stage, &id, dead()).await;
        held.release();
    };
    let (booked, ()) = tokio::join!(booking, dying);
    assert!(booked?.link.is_some());
    assert_eq!(now(&stage, &id).await?.state.kind(), StateKind::NeedsReauthorization);

    // Another reason is news, the same one is not.
    let since = now(&stage, &id).await?.since;
    stage.clock.advance(Duration::from_mins(5));
    check(&stage, &id, dead()).await;
    assert_eq!(now(&stage, &id).await?.since, since);
    check(&stage, &id, dead_of(GrantProblem::MultiFactorRequired)).await;
    let later = now(&stage, &id).await?;
    assert!(later.since > since);
    assert!(matches!(later.state, S::NeedsReauthorization { cause: GrantProblem::MultiFactorRequired, .. }));

    check(&stage, &id, misconfigured("The client id is wrong.")).await;
    check(&stage, &id, lacks(RefusalProblem::Permission)).await;
    assert_eq!(now(&stage, &id).await?.state, later.state, "it has to be renewed all the same");
    stage.platform.check(&id).await?;
    assert_eq!(now(&stage, &id).await?.state, S::Connected);
    Ok(())
}

#[tokio::test]
async fn a_refusal_of_what_was_asked_of_everybody_is_a_state() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    check(&stage, &id, lacks(RefusalProblem::Licence)).await;
    let standing = now(&stage, &id).await?.state;
    let S::Refused { cause: RefusalProblem::Licence, asked: Asked::Check, .. } = &standing else {
        anyhow::bail!("{standing:?}")
    };
    // That users are found does not mean that there is a licence.
    stage.platform.rematch(&id, |_| {}).await?;
    assert_eq!(now(&stage, &id).await?.state, standing);
    stage.platform.check(&id).await?;
    assert_eq!(now(&stage, &id).await?.state, S::Connected);

    scripted(&stage.script.matches, [Err(lacks(RefusalProblem::Permission))]);
    stage.platform.rematch(&id, |_| {}).await.unwrap_err();
    let standing = now(&stage, &id).await?.state;
    assert!(matches!(&standing, S::Refused { asked: Asked::Users, .. }), "{standing:?}");
    stage.platform.check(&id).await?;
    stage.platform.book(&request("a", "ann")).await?;
    assert_eq!(now(&stage, &id).await?.state, standing, "meetings are made, and users are still not found");
    stage.platform.rematch(&id, |_| {}).await?;
    assert_eq!(now(&stage, &id).await?.state, S::Connected);
    Ok(())
}

#[tokio::test]
async fn a_refusal_of_one_staff_member_says_nothing_about_the_others() -> anyhow::Result<()> {
    use RefusalProblem as R;
    // The account organises where meetings are its own ("oid-1"), and staff where they are not.
    for (organizer, made_before, problem, marks) in [
        ("oid-1", false, R::Policy, true),
        ("oid-1", false, R::Licence, false),
        ("oid-1", false, R::Permission, true),
        ("oid-1", false, R::Other, false),
        ("oid-1", true, R::Policy, true),
        ("oid-1", true, R::Licence, true),
        ("oid-1", true, R::Permission, true),
        ("oid-1", true, R::Other, false),
        ("oid of ann", true, R::Policy, false),
        ("oid of ann", true, R::Licence, false),
        ("oid of ann", true, R::Permission, true),
        ("oid of ann", true, R::Other, false),
    ] {
        let what = format!("{problem:?}, {organizer} made one before: {made_before}");
        let (stage, id) = Stage::with_staff(&["ann", "bob"]).await?;
        organizer.clone_into(&mut stage.script.organizer.lock().unwrap());
        if made_before {
            stage.platform.book(&request("before", "ann")).await?;
        }
        scripted(&stage.script.creates, [Err(lacks(problem))]);
        stage.platform.book(&request("a", "bob")).await.unwrap_err();
        let standing = now(&stage, &id).await?.state;
        assert_eq!(
            matches!(standing, S::Refused { asked: Asked::Meetings, .. }),
            marks,
            "{what}: {standing:?}"
        );
        // Refused or not, the next one is tried, and a meeting that is made corrects the state.
        stage.platform.book(&request("b", "ann")).await?;
        assert_eq!(now(&stage, &id).await?.state, S::Connected, "{what}");
        if made_before {
            // Known by the organizer of the meeting, whoever organises by now.
            scripted(&stage.script.updates, [Err(lacks(problem))]);
            stage.platform.move_appointment("before", 7_000, 8_000).await.unwrap_err();
            assert_eq!(now(&stage, &id).await?.state.kind() == StateKind::Refused, marks, "moving: {what}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn checking_a_staff_member_never_marks_the_integration_as_refused() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    scripted(&stage.script.user_checks, [Err(refused("No."))]);
    stage.platform.check_staff("ann").await?;
    assert_eq!(now(&stage, &id).await?.state, S::Connected);
    Ok(())
}

#[tokio::test]
async fn the_last_success_is_written_at_most_once_a_minute() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    let first = now(&stage, &id).await?.last_success.unwrap();
    stage.clock.advance(Duration::from_secs(30));
    stage.platform.book(&request("a", "ann")).await?;
    let revision = stage.revision(&id).await?;
    stage.platform.book(&request("b", "ann")).await?;
    stage.platform.check(&id).await?;
    assert_eq!(stage.revision(&id).await?, revision, "nothing was written");
    stage.clock.advance(Duration::from_secs(61));
    stage.platform.book(&request("c", "ann")).await?;
    assert!(now(&stage, &id).await?.last_success.unwrap() >= first + 90_000);
    assert_eq!(stage.revision(&id).await?, revision + 1);
    Ok(())
}
