//! How many integrations there may be, and what is changed about one.

use std::time::Duration;

use video_host::provider::{MatchOutcome, NextStep};
use video_platform::{ConnectError, Entitlement, IntegrationState, JobState, MatchField, MeetingMethod};

use crate::script::{Stage, dead, request, scripted, service};

const SEVERAL: Entitlement = Entitlement::MultipleIntegrations;

#[tokio::test]
async fn a_second_integration_needs_the_entitlement_and_a_sentence_tells_so() -> anyhow::Result<()> {
    let (stage, first) = Stage::with_staff(&["ann"]).await?;
    let error = stage.begin().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Microsoft Teams is connected, and a second integration needs the entitlement `multiple-integrations`, \
         which this organisation does not have. Ask the operator of the platform for it, or disconnect \
         Microsoft Teams first."
    );
    assert_eq!(stage.platform.integrations().await?.len(), 1, "nothing of it is left");
    stage.platform.set_entitlement(SEVERAL, true).await?;
    stage.platform.set_entitlement(SEVERAL, true).await?;
    assert!(stage.platform.entitled(SEVERAL).await?);
    let second = stage.connect().await?;
    // The provider of who uses the first is not changed by it.
    assert_eq!(stage.platform.video_settings("ann").await?.unwrap().integration, Some(first));
    // Taken back, what is connected stays, and works.
    stage.platform.set_entitlement(SEVERAL, false).await?;
    assert!(!stage.platform.entitled(SEVERAL).await?);
    stage.platform.check(&second).await?;
    assert!(stage.begin().await.is_err());
    Ok(())
}

#[tokio::test]
async fn of_two_first_sign_ins_at_once_one_connects_and_the_other_leaves_nothing() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let (first, one) = stage.begin().await?;
    let (second, other) = stage.begin().await?;
    stage.callback(&one).await?;
    stage.script.take_calls();
    let error = stage.callback(&other).await.unwrap_err();
    assert!(matches!(error, ConnectError::NotEntitled { .. }), "{error}");
    assert_eq!(stage.script.take_calls(), ["forget"], "its grant too is forgotten");
    assert_eq!(stage.platform.integration(&second).await?, None);
    assert!(stage.platform.integration(&first).await?.unwrap().is_default);
    Ok(())
}

#[tokio::test]
async fn reauthorizing_and_connecting_after_a_disconnection_are_no_second_integration() -> anyhow::Result<()>
{
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    let booked = stage.platform.book(&request("a", "ann")).await?;
    scripted(&stage.script.connections, [Err(dead())]);
    stage.platform.check(&id).await.unwrap_err();
    assert!(stage.begin().await.is_err(), "one that has to be reauthorized is still one");
    let NextStep::Visit(answer) = stage.platform.start_reauthorize(&id, vec![], "s", "https://p").await?
    else {
        anyhow::bail!("a sign-in was expected")
    };
    stage.callback(&answer).await?;
    assert_eq!(stage.platform.integration(&id).await?.unwrap().state, IntegrationState::Connected);
    assert_eq!(stage.platform.appointment("a").await?, Some(booked.clone()));
    stage.platform.disconnect(&id).await?;
    let next = stage.connect().await?;
    assert!(stage.platform.integration(&next).await?.unwrap().is_default);
    assert_eq!(stage.platform.appointment("a").await?, Some(booked));
    Ok(())
}

#[tokio::test]
async fn an_integration_has_the_name_that_it_was_given() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    stage.platform.rename_integration(&id, "  Teams of Zürich ").await?;
    assert_eq!(stage.platform.integration(&id).await?.unwrap().display_name, "Teams of Zürich");
    for wrong in [" ", &"x".repeat(257)] {
        let error = stage.platform.rename_integration(&id, wrong).await.unwrap_err();
        assert!(matches!(error, ConnectError::DisplayName), "{error}");
    }
    assert_eq!(stage.platform.integration(&id).await?.unwrap().display_name, "Teams of Zürich");
    let unknown = "nobody".parse()?;
    let error = stage.platform.rename_integration(&unknown, "x").await.unwrap_err();
    assert!(matches!(error, ConnectError::Unknown(_)), "{error}");
    Ok(())
}

#[tokio::test]
async fn another_match_field_has_everybody_matched_anew_by_it_also_where_a_job_was_under_way()
-> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann", "bob"]).await?;
    stage.platform.run_due_jobs().await?;
    stage.script.take_calls();
    stage.platform.set_match_field(&id, MatchField::Email).await?;
    assert_eq!(stage.platform.running_rematch(&id).await?, None, "that is no change");
    let under_way = stage.platform.start_rematch(&id).await?;
    stage.platform.set_match_field(&id, MatchField::UserName).await?;
    assert_eq!(stage.platform.rematch_progress(&under_way).await?.state, JobState::Cancelled);
    let anew = stage.platform.running_rematch(&id).await?.expect("a job");
    stage.platform.run_due_jobs().await?;
    let ended = stage.platform.rematch_progress(&anew).await?;
    assert_eq!((ended.state, ended.progress.matched), (JobState::Finished, 2));
    assert_eq!(stage.script.take_calls(), ["match ann bob"]);
    let found = stage.platform.video_settings("ann").await?.unwrap().found.unwrap();
    assert_eq!(found.user.unwrap().key, "ann");
    Ok(())
}

#[tokio::test]
async fn whoever_is_assigned_to_a_service_and_is_not_matched_is_matched_by_itself() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    stage.script.outcomes.lock().unwrap().insert("bob@contoso.com".to_owned(), MatchOutcome::NotFound);
    stage.import(&["bob"]).await?;
    stage.platform.rematch(&id, |_| {}).await?;
    stage.platform.put_service(&service("loans", &[MeetingMethod::VideoCall])).await?;
    stage.script.outcomes.lock().unwrap().clear();
    stage.script.take_calls();
    for staff in ["ann", "bob"] {
        stage.platform.assign("loans", staff, true).await?;
    }
    stage.clock.advance(Duration::from_mins(2));
    stage.platform.run_due_jobs().await?;
    assert_eq!(stage.script.take_calls(), ["match bob@contoso.com"]);
    assert!(stage.platform.book(&request("a", "bob")).await?.link.is_some());
    Ok(())
}

#[tokio::test]
async fn an_integration_that_does_not_work_keeps_its_match_field() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    stage.platform.disconnect(&id).await?;
    let error = stage.platform.set_match_field(&id, MatchField::UserName).await.unwrap_err();
    assert!(matches!(error, ConnectError::NotUsable { .. }), "{error}");
    assert_eq!(stage.platform.integration(&id).await?.unwrap().match_field, MatchField::Email);
    Ok(())
}
