//! Matching many staff as a job: how many calls it takes, counted by Microsoft, and what throttling does
//! to it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};
use mock_graph::{Config, Operation, Organisation, SizeClass, User, contoso};
use serde_json::Value;
use video_platform::{IntegrationId, JobState, MatchError, MatchState, Way};

use crate::stage::Stage;

/// What Microsoft counts its resource units in.
const WINDOW: i64 = 10_000;

fn organisation(users: Vec<User>, units: Option<u32>) -> Config {
    let mut contoso = contoso::organisation();
    contoso.users.extend(users);
    if let Some(units) = units {
        contoso = Organisation { size: SizeClass::Units(units), ..contoso };
    }
    Config { organisations: vec![contoso], ..Config::default() }
}

/// A staff list with the users' addresses; who is missed has one that nobody has.
fn staff(users: &[User], missed: impl Fn(usize) -> bool) -> String {
    let mut file = "id,name,email,user_name\n".to_owned();
    for (n, user) in users.iter().enumerate() {
        let email = if missed(n) { format!("gone{n}@contoso.com") } else { user.user_principal_name.clone() };
        let _ = writeln!(file, "s{n:06},,{email},");
    }
    file
}

async fn stage(config: Config, file: &str) -> Result<(Stage, IntegrationId)> {
    let stage = Stage::in_front_of(config).await?;
    let id = stage.connect().await?;
    stage.platform.import_staff(file.as_bytes()).await?;
    stage.requests();
    Ok((stage, id))
}

#[tokio::test]
async fn three_hundred_staff_are_one_call() -> Result<()> {
    let users = User::generate(300, contoso::DOMAIN, 3);
    let file = staff(&users, |_| false);
    let (stage, id) = stage(organisation(users, None), &file).await?;
    assert_eq!(stage.platform.rematch(&id, |_| {}).await?.matched(), 300);
    assert_eq!(stage.requests(), 1);
    Ok(())
}

#[tokio::test]
async fn ten_thousand_staff_with_three_in_a_hundred_unmatched_are_at_most_36_calls() -> Result<()> {
    let users = User::generate(50_000, contoso::DOMAIN, 4);
    let file = staff(&users[..10_000], |n| n % 100 < 3);
    let (stage, id) = stage(organisation(users, None), &file).await?;
    let report = stage.platform.rematch(&id, |_| {}).await?;
    assert_eq!((report.matched(), report.outcomes[&MatchState::NotFound]), (9_700, 300));
    let requests = stage.requests();
    assert!(requests <= 36, "{requests} calls");
    // The plan says so, for one call more, and that the directory would take longer.
    let plan = stage.platform.plan_rematch(&id).await?;
    assert_eq!((plan.way, plan.by_keys, plan.by_directory), (Way::Keys, 34, Some(51)));
    assert_eq!(stage.requests(), 1);
    Ok(())
}

#[tokio::test]
async fn the_directory_is_read_where_staff_are_most_of_it_and_finds_the_same() -> Result<()> {
    let mut users = User::generate(2_500, contoso::DOMAIN, 5);
    users[7].account_enabled = false;
    users[8].teams_licence = false;
    let mut file = staff(&users, |n| n == 9);
    file.push_str("alias,,A000011@contoso.com,\nguest,,pat@fabrikam.com,\nkeyless,,,\n");
    let (stage, id) = stage(organisation(users, None), &file).await?;
    let plan = stage.platform.plan_rematch(&id).await?;
    assert_eq!((plan.way, plan.by_keys, plan.by_directory), (Way::Directory, 9, Some(3)));
    stage.requests();
    let mut told = Vec::new();
    for (way, calls) in [(Way::Directory, 3), (Way::Keys, 10)] {
        let job = stage.platform.start_rematch_by(&id, way).await?;
        stage.platform.run_due_jobs().await?;
        assert_eq!(stage.platform.rematch_progress(&job).await?.state, JobState::Finished);
        assert_eq!(stage.requests(), calls, "{way:?}");
        let mut found = stage.platform.matches(&id, None, 3_000).await?;
        for one in &mut found {
            one.at = 0;
        }
        told.push(found);
        stage.world.advance(Duration::from_secs(1));
    }
    assert_eq!(told[0], told[1]);
    let matched = |staff: &str| told[0].iter().find(|one| one.staff == staff).map(|one| one.state);
    assert_eq!(matched("alias"), Some(MatchState::Alias));
    assert_eq!(matched("guest"), Some(MatchState::Guest));
    assert_eq!(matched("s000007"), Some(MatchState::Disabled));
    assert_eq!(matched("s000008"), Some(MatchState::Unlicensed));
    assert_eq!(matched("s000009"), Some(MatchState::NotFound));
    Ok(())
}

#[tokio::test]
async fn with_too_few_resource_units_everybody_is_matched_and_nobody_is_asked_for_too_early() -> Result<()> {
    let users = User::generate(6_000, contoso::DOMAIN, 6);
    let file = staff(&users, |_| false);
    // A batch of 300 costs 20: five of them in ten seconds.
    let (stage, id) = stage(organisation(users, Some(110)), &file).await?;
    assert_eq!(stage.platform.rematch(&id, |_| {}).await?.matched(), 6_000);
    stage.requests();
    stage.world.microsoft.directory().enforce_throttling(contoso::TENANT_ID, true)?;
    stage.world.advance(Duration::from_mins(1));

    let job = stage.platform.start_rematch_by(&id, Way::Keys).await?;
    let mut unmatched = 0;
    let begun = stage.world.microsoft.clock().now();
    let report = stage
        .platform
        .rematch(&id, |progress| unmatched += usize::from(progress.matched < progress.done))
        .await?;
    assert_eq!((report.matched(), report.unknown.len(), unmatched), (6_000, 0, 0));
    assert_eq!(stage.platform.rematch_progress(&job).await?.state, JobState::Finished);
    let took = stage.world.microsoft.clock().now().as_millisecond() - begun.as_millisecond();
    let least = (6_000 / 15_i64 / 110) * WINDOW;
    assert!(took <= least * 13 / 10 + 2_000, "{took} ms, and the units allow {least} ms");

    // Each item that was refused was asked again only once its window was over.
    let mut refused = HashMap::<String, i64>::new();
    let (mut throttled, mut windows) = (0, begun.as_millisecond());
    for request in stage.world.microsoft.journal().of(Operation::Batch) {
        let at = request.at.as_millisecond();
        if at - windows >= WINDOW {
            windows = at;
        }
        let body: Value = serde_json::from_str(&request.body)?;
        let asked: Vec<&str> = body["requests"]
            .as_array()
            .context("a batch")?
            .iter()
            .filter_map(|it| it["url"].as_str())
            .collect();
        for key in asked.iter().flat_map(|url| url.split("%27").filter(|part| part.contains("%40"))) {
            if let Some(end) = refused.remove(key) {
                assert!(at >= end, "{key} was asked for {} ms too early", end - at);
            }
        }
        for item in request.answer.context("answered")?.items.iter().filter(|item| item.status == 429) {
            throttled += 1;
            for key in item.url.split("%27").filter(|part| part.contains("%40")) {
                refused.insert(key.to_owned(), windows + WINDOW);
            }
        }
    }
    assert!(throttled > 0 && refused.is_empty(), "{throttled} refused, {} of them for good", refused.len());
    Ok(())
}

#[tokio::test]
async fn an_outcome_for_a_key_that_was_changed_meanwhile_is_not_applied() -> Result<()> {
    let users = User::generate(2, contoso::DOMAIN, 8);
    let file = staff(&users[..1], |_| false);
    let (stage, id) = stage(organisation(users.clone(), None), &file).await?;
    let held = stage.world.microsoft.faults().hold(Operation::GetUser, false);
    let job = stage.platform.start_rematch(&id).await?;
    let working = stage.platform.run_due_jobs();
    let changing = async {
        held.reached().await;
        let other = format!("id,name,email,user_name\ns000000,,{},\n", users[1].user_principal_name);
        stage.platform.import_staff(other.as_bytes()).await?;
        assert!(stage.platform.run_due_jobs().await?.is_some(), "another has the turn");
        held.release();
        anyhow::Ok(())
    };
    let (worked, changed) = tokio::join!(working, changing);
    worked?;
    changed?;
    assert_eq!(stage.platform.rematch_progress(&job).await?.state, JobState::Finished);
    assert!(stage.platform.matches(&id, None, 1).await?.is_empty(), "the answer was about the old key");
    stage.world.advance(Duration::from_secs(5));
    stage.platform.run_due_jobs().await?;
    let found = stage.platform.matches(&id, None, 1).await?;
    assert_eq!(found[0].user.as_ref().map(|user| &user.id), Some(&users[1].id));
    Ok(())
}

#[tokio::test]
async fn a_job_cancelled_midway_keeps_what_was_answered_and_asks_for_nobody_more() -> Result<()> {
    let users = User::generate(1_500, contoso::DOMAIN, 9);
    let file = staff(&users, |_| false);
    let (stage, id) = stage(organisation(users, None), &file).await?;
    assert_eq!(stage.platform.rematch(&id, |_| {}).await?.matched(), 1_500);
    stage.world.advance(Duration::from_mins(1));
    stage.requests();
    let before = stage.platform.matches(&id, None, 2_000).await?;

    let held = stage.world.microsoft.faults().hold(Operation::Batch, false);
    let job = stage.platform.start_rematch_by(&id, Way::Keys).await?;
    let cancelling = async {
        held.reached().await;
        stage.platform.cancel_rematch(&job).await?;
        held.release();
        anyhow::Ok(())
    };
    let (ended, cancelled) = tokio::join!(stage.platform.rematch(&id, |_| {}), cancelling);
    cancelled?;
    assert!(matches!(ended, Err(MatchError::Cancelled { done: 300, total: 1_500, .. })), "{ended:?}");
    let after = stage.platform.rematch_progress(&job).await?;
    assert_eq!((after.state, after.progress.matched), (JobState::Cancelled, 300));

    // The call under way brought the first three hundred; the others are as they were.
    let found = stage.platform.matches(&id, None, 2_000).await?;
    let changed = found.iter().zip(&before).filter(|(after, before)| after != before);
    let changed: Vec<_> = changed.map(|(after, _)| after.staff.clone()).collect();
    assert_eq!(changed, (0..300).map(|n| format!("s{n:06}")).collect::<Vec<_>>());
    assert_eq!(stage.requests(), 1);
    stage.world.advance(Duration::from_mins(5));
    assert_eq!(stage.platform.run_due_jobs().await?, None);
    assert_eq!(stage.requests(), 0);
    Ok(())
}

#[tokio::test]
async fn a_directory_of_users_with_many_plans_is_read_in_pages_that_fit() -> Result<()> {
    // Of E3, 999 users fit the 8 MiB of an answer; of E5 with everything sold beside it, 500 do: the first
    // page is asked for twice then, and users are counted to see whether keys are cheaper after all. The
    // plugin holds either in its memory.
    for (plans, calls) in [(46, 2), (100, 5)] {
        let mut users = User::generate(1_100, contoso::DOMAIN, 10);
        for user in &mut users {
            user.other_plans = plans;
        }
        users[5].teams_licence = false;
        let file = staff(&users, |n| n == 6);
        let (stage, id) = stage(organisation(users, None), &file).await?;
        let job = stage.platform.start_rematch_by(&id, Way::Directory).await?;
        let report = stage.platform.rematch(&id, |_| {}).await?;
        assert_eq!(stage.platform.rematch_progress(&job).await?.way, Way::Directory, "{plans} plans");
        assert_eq!(report.matched(), 1_098, "{plans} plans");
        assert_eq!(
            (report.outcomes[&MatchState::Unlicensed], report.outcomes[&MatchState::NotFound]),
            (1, 1)
        );
        assert_eq!(stage.requests(), calls, "{plans} plans");
    }
    Ok(())
}
