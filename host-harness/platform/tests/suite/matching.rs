//! Matching staff to a provider's users.

use std::time::Duration;

use video_host::CallError;
use video_host::provider::{Error, MatchOutcome};
use video_platform::{IntegrationState, MatchError, MatchState, Progress};

use crate::script::{Stage, dead, outage, user};

async fn reasons(stage: &Stage, id: &video_platform::IntegrationId) -> anyhow::Result<Vec<String>> {
    let found = stage.platform.matches(id, None, 100).await?;
    Ok(found.into_iter().map(|one| format!("{}: {}", one.staff, one.reason.unwrap_or_default())).collect())
}

#[tokio::test]
async fn everybody_is_asked_for_in_batches_and_progress_is_told() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    stage.import(&["ann", "bob", "cem"]).await?;
    let mut told = Vec::<Progress>::new();
    let report = stage.platform.rematch(&id, |progress| told.push(progress)).await?;
    assert_eq!((report.total, report.matched()), (3, 3));
    assert_eq!(stage.script.take_calls(), ["match ann@contoso.com bob@contoso.com", "match cem@contoso.com"]);
    assert_eq!(
        told.iter().map(|progress| (progress.done, progress.total)).collect::<Vec<_>>(),
        [(2, 3), (3, 3)]
    );
    let ann = &stage.platform.matches(&id, None, 1).await?[0];
    assert_eq!((ann.state, &ann.user), (MatchState::Matched, &Some(user("ann@contoso.com"))));
    Ok(())
}

#[tokio::test]
async fn every_outcome_has_a_sentence_that_tells_what_to_mend() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    stage.import(&["a", "b", "c", "d", "e", "f"]).await?;
    let people = |key: &str| user(&format!("{key}@contoso.com"));
    {
        let mut outcomes = stage.script.outcomes.lock().unwrap();
        let mut set = |name: &str, outcome| outcomes.insert(format!("{name}@contoso.com"), outcome);
        set("a", MatchOutcome::AliasOf(people("first.last")));
        set("b", MatchOutcome::NotFound);
        set("c", MatchOutcome::Guest(people("c")));
        set("d", MatchOutcome::Disabled(people("d")));
        set("e", MatchOutcome::Unlicensed(people("e")));
        set("f", MatchOutcome::Ambiguous(vec![people("f1"), people("f2")]));
    }
    let report = stage.platform.rematch(&id, |_| {}).await?;
    assert_eq!((report.matched(), report.outcomes.len()), (0, 6));
    assert_eq!(
        reasons(&stage, &id).await?,
        [
            "a: signs in as first.last@contoso.com; the e-mail in the staff record is an alias",
            "b: no user with this User Principal Name",
            "c: c@contoso.com is a guest of the organisation; only its members can be given meetings",
            "d: the account d@contoso.com is disabled",
            "e: e@contoso.com has no licence for Microsoft Teams meetings",
            "f: several users answer to it: f1@contoso.com, f2@contoso.com",
        ]
    );
    Ok(())
}

#[tokio::test]
async fn two_staff_with_one_key_are_both_told_of_the_other_and_nobody_is_asked() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    let file = "id,name,email,user_name\n1,Ann,X@contoso.com,\n2,Bob,x@contoso.com,\n3,Cem,,\n";
    stage.platform.import_staff(file.as_bytes()).await?;
    stage.platform.rematch(&id, |_| {}).await?;
    assert!(stage.script.take_calls().is_empty());
    assert_eq!(
        reasons(&stage, &id).await?,
        ["1: shared with Bob (2)", "2: shared with Ann (1)", "3: the staff record has no e-mail"]
    );

    // One record is mended: matching that one frees the other too.
    let file = "id,name,email,user_name\n2,Bob,bob@contoso.com,\n";
    stage.platform.import_staff(file.as_bytes()).await?;
    let bob = stage.platform.rematch_one("2").await?;
    assert_eq!(bob.state, MatchState::Matched);
    let states: Vec<_> =
        stage.platform.matches(&id, None, 10).await?.into_iter().map(|one| one.state).collect();
    assert_eq!(states, [MatchState::Matched, MatchState::Matched, MatchState::NoKey]);
    Ok(())
}

#[tokio::test]
async fn what_is_put_off_is_asked_for_again_after_that_time() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    stage.import(&["ann", "bob", "cem"]).await?;
    let first = vec![MatchOutcome::RetryLater(7_000), MatchOutcome::NotFound];
    stage.script.matches.lock().unwrap().push_back(Ok(first));
    let mut waits = Vec::new();
    let report = stage.platform.rematch(&id, |progress| waits.extend(progress.waiting)).await?;
    assert_eq!((report.matched(), report.unknown.len()), (2, 0));
    assert_eq!(*stage.waited.0.lock().unwrap(), [Duration::from_secs(7)]);
    assert_eq!(waits, [Duration::from_secs(7)]);
    let calls = [
        "match ann@contoso.com bob@contoso.com",
        "match cem@contoso.com",
        // Whom nobody has by key is looked for by address, once for all.
        "match by address bob@contoso.com",
        "match ann@contoso.com",
    ];
    assert_eq!(stage.script.take_calls(), calls);
    Ok(())
}

#[tokio::test]
async fn a_provider_that_stays_silent_makes_nobody_unmatched() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    stage.import(&["new"]).await?;
    for _ in 0..5 {
        stage.script.matches.lock().unwrap().push_back(Err(outage()));
    }
    let report = stage.platform.rematch(&id, |_| {}).await?;
    assert_eq!(report.unknown, ["ann", "new"]);
    assert!(report.outcomes.is_empty());
    assert_eq!(stage.script.take_calls().len(), 5);
    let waited: Vec<_> = stage.waited.0.lock().unwrap().iter().map(Duration::as_secs).collect();
    assert_eq!(waited, [2, 4, 8, 16]);

    let found = stage.platform.matches(&id, None, 10).await?;
    assert_eq!(found[0].state, MatchState::Matched);
    assert!(found[0].unanswered_at.is_some());
    assert_eq!(found[1].state, MatchState::Unknown);
    assert!(found[1].reason.as_ref().unwrap().starts_with("unknown"));
    let integration = stage.platform.integration(&id).await?.unwrap();
    assert_eq!(integration.state, IntegrationState::Connected);
    Ok(())
}

#[tokio::test]
async fn a_provider_that_asks_for_an_hour_is_not_waited_for() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    stage.script.matches.lock().unwrap().push_back(Err(Error::Throttled(Some(3_600_000))));
    let report = stage.platform.rematch(&id, |_| {}).await?;
    assert_eq!(report.unknown, ["ann"]);
    assert!(stage.waited.0.lock().unwrap().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_grant_that_dies_midway_keeps_the_outcomes_so_far() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    stage.import(&["ann", "bob", "cem"]).await?;
    {
        let mut lines = stage.script.matches.lock().unwrap();
        lines.push_back(Ok(vec![MatchOutcome::Matched(user("ann")), MatchOutcome::Guest(user("bob"))]));
        lines.push_back(Err(dead()));
    }
    let error = stage.platform.rematch(&id, |_| {}).await.unwrap_err();
    assert!(matches!(
        error,
        MatchError::Call {
            done: 2,
            total: 3,
            error: CallError::Provider(Error::NeedsReauthorization(_)),
            ..
        }
    ));
    assert_eq!(stage.platform.matches(&id, None, 10).await?.len(), 2);
    let error = stage.platform.rematch(&id, |_| {}).await.unwrap_err();
    assert!(
        error.to_string().contains("reauthorize it: The password of video@contoso.com was changed."),
        "{error}"
    );
    Ok(())
}
