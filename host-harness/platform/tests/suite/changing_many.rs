//! Switching video for more staff than anybody waits for: a job, beside what is decided by hand.

use std::fmt::Write as _;

use video_platform::{IntegrationId, StaffFilter};

use crate::script::Stage;

/// A platform with so many staff, nobody of them asked for.
async fn many(staff: usize) -> anyhow::Result<(Stage, IntegrationId)> {
    let stage = Stage::new().await?;
    let id = stage.connect().await?;
    let mut file = String::from("id,name,email,user_name\n");
    for number in 0..staff {
        writeln!(file, "s{number:04},Adviser {number:04},a{number}@contoso.com,a{number}")?;
    }
    stage.platform.import_staff(file.as_bytes()).await?;
    Ok((stage, id))
}

async fn off(stage: &Stage, id: &IntegrationId) -> anyhow::Result<u64> {
    let filter = StaffFilter { enabled: Some(false), ..StaffFilter::default() };
    Ok(stage.platform.count_staff(id, &filter).await?)
}

#[tokio::test]
async fn a_change_of_thousands_goes_on_after_a_restart_and_leaves_who_was_decided_for_since()
-> anyhow::Result<()> {
    let (stage, id) = many(2_500).await?;
    stage.platform.enable_video("s0007", false).await?;
    let begun = stage.platform.start_video_change(&id, &StaffFilter::default(), false).await?;
    assert_eq!((begun.seen, begun.total, begun.changed, begun.ended), (0, 2_500, 0, false));
    assert_eq!(off(&stage, &id).await?, 1, "nobody waits for it");
    stage.platform.enable_video("s2499", true).await?;

    // The process ends in the midst of it.
    let midway = async {
        while stage.platform.video_change(begun.id).await?.is_some_and(|change| change.seen == 0) {
            tokio::task::yield_now().await;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        biased;
        reached = midway => reached?,
        worked = stage.platform.run_due_jobs() => drop(worked?),
    }
    let platform = stage.restarted().await?;
    platform.run_due_jobs().await?;
    let ended = platform.video_change(begun.id).await?.expect("it is there");
    assert_eq!((ended.seen, ended.changed, ended.ended), (2_500, 2_498, true));
    assert_eq!(off(&stage, &id).await?, 2_499);
    assert!(platform.video_settings("s2499").await?.expect("they exist").enabled, "as was decided since");
    assert!(platform.video_changes().await?.is_empty());
    assert_eq!(platform.video_change(begun.id + 1).await?, None);
    let unknown = "nobody".parse()?;
    platform.start_video_change(&unknown, &StaffFilter::default(), true).await.unwrap_err();
    Ok(())
}

#[tokio::test]
async fn of_two_changes_the_later_one_wins_for_those_whom_it_finds() -> anyhow::Result<()> {
    let (stage, id) = many(1_200).await?;
    stage.platform.start_video_change(&id, &StaffFilter::default(), false).await?;
    let some = StaffFilter { search: "s00".to_owned(), enabled: Some(false), ..StaffFilter::default() };
    let later = stage.platform.start_video_change(&id, &some, true).await?;
    stage.platform.run_due_jobs().await?;
    // It looked at them as they were when it came to them: off, by the change before.
    assert_eq!(stage.platform.video_change(later.id).await?.expect("it is there").changed, 100);
    assert_eq!(off(&stage, &id).await?, 1_100);
    Ok(())
}
