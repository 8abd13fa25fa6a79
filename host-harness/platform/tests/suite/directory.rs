//! Matching by the provider's directory, where reading it is cheaper than asking for keys.

use std::time::Duration;

use video_host::provider::{DirectoryEntry, DirectoryPage, Error, Standing};
use video_platform::{JobState, MatchState, Way};

use crate::rematching::{found, later, member};
use crate::script::{Stage, user};

fn entry(key: &str, standing: Standing, other_keys: &[&str]) -> DirectoryEntry {
    let other_keys = other_keys.iter().map(|key| (*key).to_owned()).collect();
    DirectoryEntry { user: user(key), standing, other_keys }
}

#[tokio::test]
async fn the_directory_is_read_where_that_is_cheaper_and_the_plan_says_so() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    stage.import(&["ann", "bob", "cem", "dan", "eve", "fay"]).await?;
    *stage.script.size.lock().unwrap() = Some(1_200);
    let plan = stage.platform.plan_rematch(&id).await?;
    assert_eq!((plan.staff, plan.users, plan.way), (6, Some(1_200), Way::Directory));
    assert_eq!((plan.calls, plan.by_keys, plan.by_directory), (2, 3, Some(2)));
    {
        let mut pages = stage.script.pages.lock().unwrap();
        let mut first = vec![
            entry("Ann@contoso.com", Standing::Usable, &["fay@contoso.com"]),
            entry("x@contoso.com", Standing::Usable, &["BOB@contoso.com", "dan@contoso.com"]),
        ];
        first.extend((0..997).map(|n| entry(&format!("stranger{n}@contoso.com"), Standing::Usable, &[])));
        pages.push_back(Ok(DirectoryPage { entries: first, next: Some("2".to_owned()) }));
        pages.push_back(Err(Error::Throttled(Some(4_000))));
        let second = vec![
            entry("cem@contoso.com", Standing::Disabled, &[]),
            // Who has the key as theirs, and another who has it as an address.
            entry("dan@contoso.com", Standing::Usable, &[]),
            entry("y@contoso.com", Standing::Usable, &["bob@contoso.com", "ann@contoso.com"]),
        ];
        pages.push_back(Ok(DirectoryPage { entries: second, next: None }));
    }
    stage.script.take_calls();
    let job = stage.platform.start_rematch_by(&id, plan.way).await?;
    stage.platform.run_due_jobs().await?;
    assert_eq!(stage.script.take_calls(), ["list from the start", "list 2", "list 2"]);
    assert_eq!(*stage.waited.0.lock().unwrap(), [Duration::from_secs(4)]);
    let ended = stage.platform.rematch_progress(&job).await?;
    assert_eq!((ended.state, ended.progress.calls), (JobState::Finished, 2));
    for (staff, state) in [
        ("ann", MatchState::Matched),
        ("bob", MatchState::Ambiguous),
        ("cem", MatchState::Disabled),
        ("dan", MatchState::Matched),
        ("eve", MatchState::NotFound),
        ("fay", MatchState::Alias),
    ] {
        assert_eq!(found(&stage, &id, staff).await?.state, state, "{staff}");
    }
    assert!(later(&stage).await?.is_empty(), "nobody is asked for again");

    // With few staff, or where the provider does not tell, keys are asked for.
    *stage.script.size.lock().unwrap() = None;
    assert_eq!(stage.platform.plan_rematch(&id).await?.way, Way::Keys);
    *stage.script.size.lock().unwrap() = Some(3_000);
    assert_eq!(stage.platform.plan_rematch(&id).await?.way, Way::Keys);
    Ok(())
}

#[tokio::test]
async fn a_directory_of_smaller_pages_than_planned_is_left_for_asking_by_key_once_that_is_cheaper()
-> anyhow::Result<()> {
    // By keys it takes three calls. With 1,200 users on pages of 500 the directory takes three, too; with 1,000
    // it takes two.
    for (users, wanted) in [(1_200, "match ann@contoso.com bob@contoso.com"), (1_000, "list 2")] {
        let stage = Stage::new().await?;
        let id = stage.connect().await?;
        stage.import(&["ann", "bob", "cem", "dan", "eve", "fay"]).await?;
        *stage.script.size.lock().unwrap() = Some(users);
        let half = |from: usize| {
            let key = |n| format!("stranger{n}@contoso.com");
            (from..from + 500).map(|n| entry(&key(n), Standing::Usable, &[])).collect()
        };
        {
            let mut pages = stage.script.pages.lock().unwrap();
            pages.push_back(Ok(DirectoryPage { entries: half(0), next: Some("2".to_owned()) }));
            pages.push_back(Ok(DirectoryPage { entries: half(500), next: None }));
        }
        stage.script.take_calls();
        let job = stage.platform.start_rematch_by(&id, Way::Directory).await?;
        stage.platform.run_due_jobs().await?;
        let calls = stage.script.take_calls();
        assert_eq!(stage.platform.rematch_progress(&job).await?.progress.calls, calls.len() as u64);
        assert_eq!(calls[..3], ["list from the start", "count", wanted]);
    }
    Ok(())
}

#[tokio::test]
async fn a_directory_that_cannot_be_read_is_left_for_asking_by_key() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    stage.script.pages.lock().unwrap().push_back(Err(Error::Throttled(Some(3_600_000))));
    let job = stage.platform.start_rematch_by(&id, Way::Directory).await?;
    stage.platform.run_due_jobs().await?;
    assert_eq!(stage.script.take_calls(), ["list from the start", "match ann@contoso.com"]);
    assert_eq!(stage.platform.rematch_progress(&job).await?.state, JobState::Finished);
    Ok(())
}

#[tokio::test]
async fn who_comes_or_changes_while_pages_are_read_is_asked_for_by_key_instead_of_told_that_there_is_nobody()
-> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    stage.import(&["ann", "bob", "eve"]).await?;
    {
        let usable = |key: &str| entry(key, Standing::Usable, &[]);
        let first = ["ann@contoso.com", "bob.new@contoso.com", "fay@contoso.com"].map(usable).into();
        let second = vec![usable("bob@contoso.com")];
        let mut pages = stage.script.pages.lock().unwrap();
        pages.push_back(Ok(DirectoryPage { entries: first, next: Some("2".to_owned()) }));
        pages.push_back(Ok(DirectoryPage { entries: second, next: None }));
    }
    stage.script.take_calls();
    let job = stage.platform.start_rematch_by(&id, Way::Directory).await?;
    let first = stage.script.hold_answers();
    let changing = async {
        first.reached().await;
        let second = stage.script.hold_answers();
        first.release();
        second.reached().await;
        // Their users are on the page before.
        stage.clock.advance(Duration::from_secs(1));
        stage.platform.put_staff(member("bob", "bob.new@contoso.com")).await?;
        stage.platform.put_staff(member("fay", "fay@contoso.com")).await?;
        second.release();
        anyhow::Ok(())
    };
    let (ran, changed) = tokio::join!(stage.platform.run_due_jobs(), changing);
    changed?;
    ran?;
    assert_eq!(stage.platform.rematch_progress(&job).await?.state, JobState::Finished);
    assert_eq!(stage.script.take_calls(), ["list from the start", "count", "list 2"]);
    let known = stage.platform.matches(&id, None, 10).await?;
    let known: Vec<_> = known.iter().map(|known| (known.staff.as_str(), known.state)).collect();
    assert_eq!(known, [("ann", MatchState::Matched), ("eve", MatchState::NotFound)]);

    assert_eq!(later(&stage).await?, ["match bob.new@contoso.com fay@contoso.com"], "and nobody else");
    for staff in ["bob", "fay"] {
        assert_eq!(found(&stage, &id, staff).await?.state, MatchState::Matched, "{staff}");
    }
    Ok(())
}

#[tokio::test]
async fn who_changed_before_the_directory_is_read_stays_wanted_if_the_turn_is_lost() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    stage.import(&["ann"]).await?;
    let page = DirectoryPage { entries: vec![entry("ann@contoso.com", Standing::Usable, &[])], next: None };
    stage.script.pages.lock().unwrap().push_back(Ok(page));
    let job = stage.platform.start_rematch_by(&id, Way::Directory).await?;
    let held = stage.script.hold_answers();
    let taking = async {
        held.reached().await;
        stage.lose_turn(&id).await?;
        held.release();
        anyhow::Ok(())
    };
    let (ran, taken) = tokio::join!(stage.platform.run_due_jobs(), taking);
    taken?;
    ran?;
    assert_eq!(stage.platform.rematch_progress(&job).await?.state, JobState::Running, "another host's now");
    assert!(stage.platform.matches(&id, None, 10).await?.is_empty());
    stage.platform.cancel_rematch(&job).await?;
    stage.script.take_calls();
    assert_eq!(later(&stage).await?, ["match ann@contoso.com"]);
    Ok(())
}
