//! Matching as a job, and matching by itself.

use std::fmt::Write as _;
use std::time::Duration;

use video_host::provider::{Error, MatchOutcome};
use video_platform::{
    Entitlement, IntegrationId, JobState, MatchError, MatchState, Role, StaffMatch, StaffMember, Way,
};

use crate::script::{Stage, dead, outage, user};

const QUIET: Duration = Duration::from_secs(5);

pub(crate) async fn found(stage: &Stage, id: &IntegrationId, staff: &str) -> anyhow::Result<StaffMatch> {
    let all = stage.platform.matches(id, None, 1_000).await?;
    Ok(all.into_iter().find(|found| found.staff == staff).unwrap())
}

pub(crate) fn member(id: &str, email: &str) -> StaffMember {
    let (id, email) = (id.to_owned(), email.to_owned());
    StaffMember { name: id.clone(), user_name: id.clone(), id, email, role: Role::Staff }
}

/// Lets what is due be done, with everybody's changes long enough ago.
pub(crate) async fn later(stage: &Stage) -> anyhow::Result<Vec<String>> {
    stage.clock.advance(QUIET);
    stage.platform.run_due_jobs().await?;
    Ok(stage.script.take_calls())
}

#[tokio::test]
async fn a_job_is_started_in_one_place_and_done_in_another() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    stage.import(&["ann", "bob", "cem", "dan", "eve"]).await?;
    let job = stage.platform.start_rematch(&id).await?;
    assert_eq!(stage.platform.start_rematch(&id).await?, job, "one at a time");
    assert!(stage.script.take_calls().is_empty(), "nobody waits for it here");
    let before = stage.platform.rematch_progress(&job).await?;
    assert_eq!((before.state, before.progress.done, before.progress.total), (JobState::Running, 0, 5));

    let other = stage.restarted().await?;
    let told = other.watch_rematch(&job).await?;
    other.run_due_jobs().await?;
    let after = stage.platform.rematch_progress(&job).await?;
    assert_eq!((after.state, after.way), (JobState::Finished, Way::Keys));
    let progress = after.progress;
    assert_eq!((progress.done, progress.total, progress.matched, progress.calls), (5, 5, 5, 3));
    assert_eq!(progress.left, Some(Duration::ZERO));
    assert_eq!(told.borrow().state, JobState::Finished);
    assert_eq!(stage.script.take_calls().len(), 3);
    assert!(stage.platform.running_rematch(&id).await?.is_none());
    assert_ne!(stage.platform.start_rematch(&id).await?, job, "another one, now that it has ended");
    Ok(())
}

#[tokio::test]
async fn a_job_that_is_cancelled_asks_for_nobody_more() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann", "bob", "cem"]).await?;
    let job = stage.platform.start_rematch(&id).await?;
    stage.platform.cancel_rematch(&job).await?;
    assert_eq!(stage.platform.rematch_progress(&job).await?.state, JobState::Cancelled);
    assert!(later(&stage).await?.is_empty());
    // Whoever listens to one that is cancelled midway hears of it, and keeps what was found.
    stage.script.matches.lock().unwrap().push_back(Ok(vec![MatchOutcome::NotFound; 2]));
    stage.script.matches.lock().unwrap().push_back(Err(Error::Throttled(Some(1_000))));
    let job = stage.platform.start_rematch(&id).await?;
    let platform = stage.platform.clone();
    let (cancel, mut wish) = tokio::sync::mpsc::unbounded_channel();
    let matching = stage.platform.rematch(&id, |progress| {
        if progress.waiting.is_some() {
            let _ = cancel.send(());
        }
    });
    let cancelling = async {
        wish.recv().await;
        platform.cancel_rematch(&job).await
    };
    // The one who cancels runs between two steps of the one who matches.
    let (ended, cancelled) = tokio::join!(matching, cancelling);
    cancelled?;
    assert!(matches!(ended, Err(MatchError::Cancelled { .. }) | Ok(_)), "{ended:?}");
    Ok(())
}

#[tokio::test]
async fn a_dead_grant_fails_the_job_and_what_was_left_is_asked_for_after_reauthorizing() -> anyhow::Result<()>
{
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    stage.import(&["ann"]).await?;
    stage.script.matches.lock().unwrap().push_back(Err(dead()));
    let job = stage.platform.start_rematch(&id).await?;
    stage.platform.run_due_jobs().await?;
    let ended = stage.platform.rematch_progress(&job).await?;
    assert_eq!(ended.state, JobState::Failed);
    let problem = ended.problem.unwrap();
    assert!(problem.contains("after 0 of 1") && problem.contains("password"), "{problem}");
    stage.script.take_calls();
    assert!(later(&stage).await?.is_empty(), "a dead grant is not asked again");
    stage.platform.check(&id).await?;
    stage.script.take_calls();
    assert_eq!(later(&stage).await?, ["match ann@contoso.com"]);
    Ok(())
}

#[tokio::test]
async fn staff_who_are_new_or_changed_are_matched_after_a_quiet_time() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann", "bob"]).await?;
    stage.import(&["ann", "bob", "cem"]).await?;
    let next = stage.platform.run_due_jobs().await?.unwrap();
    assert!(next <= QUIET && next > QUIET / 2, "{next:?}");
    assert!(stage.script.take_calls().is_empty());
    assert_eq!(later(&stage).await?, ["match cem@contoso.com"], "the others are as they were");
    assert_eq!(stage.platform.run_due_jobs().await?, None);

    // By hand, and only what the integration goes by.
    stage.platform.put_staff(member("ann", "ann.b@contoso.com")).await?;
    stage
        .platform
        .put_staff(StaffMember { user_name: "other".to_owned(), ..member("bob", "bob@contoso.com") })
        .await?;
    assert_eq!(later(&stage).await?, ["match ann.b@contoso.com"]);
    assert_eq!(found(&stage, &id, "ann").await?.user, Some(user("ann.b@contoso.com")));
    let none = stage.platform.put_staff(member(" ", "x@contoso.com")).await.unwrap_err();
    assert!(none.to_string().contains("the id is empty"), "{none}");
    Ok(())
}

#[tokio::test]
async fn who_listens_to_a_job_that_has_just_ended_is_told_so() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    let job = stage.platform.start_rematch(&id).await?;
    stage.platform.run_due_jobs().await?;
    let mut told = stage.platform.watch_rematch(&job).await?;
    let changed = tokio::time::timeout(Duration::from_secs(30), told.changed());
    changed.await??;
    assert_eq!(told.borrow().state, JobState::Finished);
    Ok(())
}

#[tokio::test]
async fn an_import_of_15_000_is_fifty_calls_at_once() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.script.description.lock().unwrap().best_batch = 300;
    let id = stage.connect().await?;
    let mut file = "id,name,email,user_name\n".to_owned();
    for n in 0..15_000 {
        writeln!(file, "s{n:05},,s{n:05}@contoso.com,")?;
    }
    stage.platform.import_staff(file.as_bytes()).await?;
    stage.platform.run_due_jobs().await?;
    assert_eq!(stage.script.take_calls().len(), 50, "⌈15,000/300⌉, without waiting for quiet");
    assert_eq!(stage.platform.matches(&id, Some("s14998"), 10).await?[0].state, MatchState::Matched);
    assert!(later(&stage).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn staff_assigned_to_a_service_are_matched_if_they_are_not() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann", "bob"]).await?;
    stage
        .script
        .outcomes
        .lock()
        .unwrap()
        .insert("bob@contoso.com".to_owned(), MatchOutcome::Guest(user("bob")));
    stage.platform.rematch_one("bob").await?;
    stage.script.take_calls();
    stage.platform.staff_assigned("ann").await?;
    stage.platform.staff_assigned("bob").await?;
    assert_eq!(later(&stage).await?, ["match bob@contoso.com"]);
    Ok(())
}

#[tokio::test]
async fn who_is_given_up_keeps_the_outcome_and_is_asked_for_later_by_itself() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann", "bob", "cem"]).await?;
    for _ in 0..5 {
        stage.script.matches.lock().unwrap().push_back(Err(outage()));
    }
    let report = stage.platform.rematch(&id, |_| {}).await?;
    assert_eq!(report.unknown, ["ann", "bob", "cem"]);
    stage.script.take_calls();
    assert!(later(&stage).await?.is_empty(), "not at once");
    stage.clock.advance(Duration::from_mins(15));
    assert_eq!(later(&stage).await?.len(), 2);
    let ann = found(&stage, &id, "ann").await?;
    assert_eq!((ann.state, ann.unanswered_at), (MatchState::Matched, None));
    Ok(())
}

#[tokio::test]
async fn who_changed_and_is_put_off_stays_as_they_were_and_is_asked_for_again() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    stage.platform.put_staff(member("ann", "ann.b@contoso.com")).await?;
    stage.script.matches.lock().unwrap().push_back(Err(Error::Throttled(Some(90_000))));
    assert_eq!(later(&stage).await?.len(), 1);
    assert_eq!(found(&stage, &id, "ann").await?.state, MatchState::Matched);
    assert!(later(&stage).await?.is_empty(), "not before the provider said");
    stage.clock.advance(Duration::from_secs(90));
    assert_eq!(later(&stage).await?, ["match ann.b@contoso.com"]);
    Ok(())
}

#[tokio::test]
async fn everybody_is_given_up_however_many_they_are() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.script.description.lock().unwrap().best_batch = 300;
    let id = stage.connect().await?;
    let mut file = "id,name,email,user_name\n".to_owned();
    for n in 0..2_500 {
        writeln!(file, "s{n:04},,s{n:04}@contoso.com,")?;
    }
    stage.platform.import_staff(file.as_bytes()).await?;
    stage.script.matches.lock().unwrap().push_back(Err(Error::Throttled(Some(3_600_000))));
    let report = stage.platform.rematch(&id, |_| {}).await?;
    assert_eq!((report.total, report.unknown.len()), (2_500, 2_500));
    stage.script.take_calls();
    assert!(later(&stage).await?.is_empty(), "not before the provider said");
    stage.clock.advance(Duration::from_hours(1));
    assert_eq!(later(&stage).await?.len(), 9, "⌈2,500/300⌉");
    Ok(())
}

#[tokio::test]
async fn who_changes_again_while_asked_for_is_asked_for_by_the_new_key_first() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    let nobody = MatchOutcome::NotFound;
    stage.script.outcomes.lock().unwrap().insert("ann.b@contoso.com".to_owned(), nobody);
    stage.platform.put_staff(member("ann", "ann.b@contoso.com")).await?;
    stage.clock.advance(QUIET);
    let held = stage.script.hold_answers();
    let changing = async {
        held.reached().await;
        stage.platform.put_staff(member("ann", "ann.c@contoso.com")).await?;
        held.release();
        anyhow::Ok(())
    };
    let (ran, changed) = tokio::join!(stage.platform.run_due_jobs(), changing);
    changed?;
    ran?;
    assert_eq!(stage.script.take_calls(), ["match ann.b@contoso.com"]);
    assert_eq!(later(&stage).await?, ["match ann.c@contoso.com"]);
    Ok(())
}

#[tokio::test]
async fn two_staff_on_one_user_by_different_keys_are_both_told() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    stage.import(&["ann", "bob", "cem", "dan"]).await?;
    let same = user("same");
    {
        let mut outcomes = stage.script.outcomes.lock().unwrap();
        let mut set = |name: &str, outcome| outcomes.insert(format!("{name}@contoso.com"), outcome);
        set("ann", MatchOutcome::Matched(same.clone()));
        set("bob", MatchOutcome::Matched(same.clone()));
        set("dan", MatchOutcome::AliasOf(user("cem@contoso.com")));
    }
    let mut matched = 0;
    stage.platform.rematch(&id, |progress| matched = progress.matched).await?;
    assert_eq!(matched, 1, "of two staff who are one user none counts, nor does an alias");
    let (ann, bob) = (found(&stage, &id, "ann").await?, found(&stage, &id, "bob").await?);
    assert_eq!((ann.state, bob.state), (MatchState::Shared, MatchState::Shared));
    assert_eq!(ann.reason.unwrap(), "same is also the user of bob (bob): only one of them can be");
    assert_eq!(bob.reason.unwrap(), "same is also the user of ann (ann): only one of them can be");
    let (cem, dan) = (found(&stage, &id, "cem").await?, found(&stage, &id, "dan").await?);
    assert_eq!(
        (cem.state, dan.state),
        (MatchState::Matched, MatchState::Alias),
        "an alias takes nobody's match"
    );
    assert_eq!(cem.same_user.unwrap(), "dan (dan) leads to the same user");
    assert_eq!(dan.same_user.unwrap(), "cem (cem) leads to the same user");

    // One record is mended: that frees the other by itself.
    stage.script.take_calls();
    stage.platform.put_staff(member("bob", "robert@contoso.com")).await?;
    assert_eq!(later(&stage).await?, ["match ann@contoso.com robert@contoso.com"]);
    assert_eq!(found(&stage, &id, "ann").await?.state, MatchState::Matched);
    assert_eq!(found(&stage, &id, "ann").await?.same_user, None);
    Ok(())
}

#[tokio::test]
async fn who_comes_to_share_a_key_by_an_import_is_told_and_so_is_the_other() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann", "bob"]).await?;
    stage.platform.put_staff(member("bob", "ANN@contoso.com")).await?;
    assert!(later(&stage).await?.is_empty(), "nobody is asked for");
    for (staff, other) in [("ann", "bob"), ("bob", "ann")] {
        let told = found(&stage, &id, staff).await?;
        assert_eq!(
            (told.state, told.reason.unwrap()),
            (MatchState::Shared, format!("shared with {other} ({other})"))
        );
    }
    Ok(())
}

#[tokio::test]
async fn jobs_are_run_until_somebody_says_stop() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    stage.import(&["ann", "bob", "cem"]).await?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let platform = stage.platform.clone();
    let running =
        tokio::spawn(async move { platform.run_jobs(async { drop(stopped.await) }, Duration::ZERO).await });
    let job = stage.platform.start_rematch(&id).await?;
    let mut told = stage.platform.watch_rematch(&job).await?;
    told.wait_for(|told| told.state == JobState::Finished).await?;
    drop(stop);
    running.await?;
    Ok(())
}

#[tokio::test]
async fn a_matching_that_is_dropped_midway_is_gone_on_with_at_once() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann", "bob", "cem"]).await?;
    let held = stage.script.hold_answers();
    tokio::select! {
        ended = stage.platform.rematch(&id, |_| {}) => anyhow::bail!("{ended:?}"),
        () = held.reached() => {}
    }
    let job = stage.platform.running_rematch(&id).await?.unwrap();
    stage.script.take_calls();
    // Its turn would last two minutes.
    stage.platform.run_due_jobs().await?;
    assert_eq!(stage.script.take_calls(), ["match ann@contoso.com bob@contoso.com", "match cem@contoso.com"]);
    let after = stage.platform.rematch_progress(&job).await?;
    assert_eq!((after.state, after.progress.matched), (JobState::Finished, 3));
    Ok(())
}

#[tokio::test]
async fn who_changed_before_a_job_was_cancelled_is_asked_for_all_the_same() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann", "bob", "cem"]).await?;
    stage.platform.put_staff(member("cem", "cem.new@contoso.com")).await?;
    let held = stage.script.hold_answers();
    let job = stage.platform.start_rematch(&id).await?;
    let cancelling = async {
        held.reached().await;
        stage.platform.cancel_rematch(&job).await?;
        held.release();
        anyhow::Ok(())
    };
    let (ended, cancelled) = tokio::join!(stage.platform.rematch(&id, |_| {}), cancelling);
    cancelled?;
    assert!(matches!(ended, Err(MatchError::Cancelled { .. })), "{ended:?}");
    stage.script.take_calls();
    assert_eq!(later(&stage).await?, ["match cem.new@contoso.com"], "and nobody else");
    Ok(())
}

#[tokio::test]
async fn who_is_given_another_integration_is_matched_on_it_by_themselves() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann", "bob"]).await?;
    stage.platform.set_entitlement(Entitlement::MultipleIntegrations, true).await?;
    let other = stage.connect().await?;
    stage.script.take_calls();
    stage.platform.choose_integration("bob", Some(&other)).await?;
    assert_eq!(later(&stage).await?, ["match bob@contoso.com"]);
    assert_eq!(found(&stage, &other, "bob").await?.state, MatchState::Matched);
    // Back where they are matched, nobody is asked.
    stage.platform.choose_integration("bob", None).await?;
    assert!(later(&stage).await?.is_empty());
    Ok(())
}
