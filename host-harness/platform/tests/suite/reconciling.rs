//! Comparing appointments with the provider's meetings, and mending what differs.

use std::time::Duration;

use video_host::provider::{Capabilities, Error, LookUpOutcome};
use video_platform::{
    Discrepancy, Entitlement, Mending, ReconcileError, ReconcileMode, ReconcileOptions, Reconciliation,
    Status,
};

use crate::script::{Stage, dead, outage, refused, request};

const MEND: ReconcileMode = ReconcileMode::Mend { recreate: false };
const RECREATE: ReconcileMode = ReconcileMode::Mend { recreate: true };

/// All appointments, whenever they are: those of the script lie in 1970.
fn all(mode: ReconcileMode) -> ReconcileOptions {
    ReconcileOptions { mode, since: Some(0), ..ReconcileOptions::default() }
}

async fn reconcile(stage: &Stage, mode: ReconcileMode) -> anyhow::Result<Reconciliation> {
    Ok(stage.platform.reconcile(&all(mode), |_| {}).await?)
}

/// What differs by appointment, and what became of it.
fn told(report: &Reconciliation) -> Vec<(&str, &Discrepancy, &Mending)> {
    report.differences.iter().map(|it| (it.appointment.id.as_str(), &it.what, &it.mending)).collect()
}

/// One appointment of each kind: lost there, moved there, alive there, never confirmed, and sound.
async fn differing() -> anyhow::Result<Stage> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    for id in ["alive", "gone", "moved", "sound"] {
        stage.platform.book(&request(id, "ann")).await?;
    }
    stage.platform.cancel("alive").await?;
    stage.script.creates.lock().unwrap().push_back(Err(outage()));
    stage.platform.book(&request("unlinked", "ann")).await.unwrap_err();
    let mut meetings = stage.script.meetings.lock().unwrap();
    let key = |id: &str| (id.to_owned(), "oid-1".to_owned());
    let gone = meetings.remove(&key("gone")).unwrap();
    meetings.insert(key("alive"), video_host::provider::Meeting { id: "meeting 0".to_owned(), ..gone });
    let moved = meetings.get_mut(&key("moved")).unwrap();
    (moved.start, moved.end) = (8_000, 9_000);
    drop(meetings);
    stage.script.take_calls();
    Ok(stage)
}

#[tokio::test]
async fn a_dry_run_tells_every_difference_and_only_reads() -> anyhow::Result<()> {
    let stage = differing().await?;
    let before = stage.script.alive();
    let report = reconcile(&stage, ReconcileMode::DryRun).await?;
    assert_eq!(
        told(&report),
        [
            ("alive", &Discrepancy::Alive, &Mending::Reported),
            ("gone", &Discrepancy::Missing, &Mending::Reported),
            ("moved", &Discrepancy::Moved { start: 8_000, end: 9_000 }, &Mending::Reported),
            ("unlinked", &Discrepancy::Unlinked, &Mending::Reported),
        ]
    );
    assert_eq!((report.compared, report.changed_meanwhile), (5, 0));
    assert_eq!(stage.script.take_calls(), ["look up meeting 0, meeting 1, meeting 2, meeting 3"]);
    assert_eq!(stage.script.alive(), before);
    assert_eq!(reconcile(&stage, ReconcileMode::DryRun).await?, report, "it changed nothing here either");
    Ok(())
}

#[tokio::test]
async fn mending_makes_both_sides_agree_and_changes_no_link() -> anyhow::Result<()> {
    let stage = differing().await?;
    let links = async || -> anyhow::Result<Vec<_>> {
        let mut links = Vec::new();
        for id in ["alive", "gone", "moved", "sound"] {
            links.push(stage.platform.appointment(id).await?.unwrap().link);
        }
        Ok(links)
    };
    let before = links().await?;
    let report = reconcile(&stage, MEND).await?;
    assert_eq!(
        told(&report),
        [
            ("alive", &Discrepancy::Alive, &Mending::Mended),
            ("gone", &Discrepancy::Missing, &Mending::Reported),
            ("moved", &Discrepancy::Moved { start: 8_000, end: 9_000 }, &Mending::Mended),
            ("unlinked", &Discrepancy::Unlinked, &Mending::Mended),
        ]
    );
    assert_eq!(
        stage.script.take_calls(),
        [
            "look up meeting 0, meeting 1, meeting 2, meeting 3",
            "cancel alive meeting 0 of oid-1",
            "update moved 1000",
            "create unlinked",
        ]
    );
    assert_eq!(links().await?, before);
    let again = reconcile(&stage, MEND).await?;
    assert_eq!(told(&again), [("gone", &Discrepancy::Missing, &Mending::Reported)]);
    Ok(())
}

#[tokio::test]
async fn a_lost_meeting_is_made_again_only_if_that_was_chosen_and_the_new_link_is_told() -> anyhow::Result<()>
{
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    let future = video_platform::BookingRequest { end: i64::MAX, ..request("gone", "ann") };
    let booked = stage.platform.book(&future).await?;
    stage.platform.book(&request("over", "ann")).await?;
    stage.script.meetings.lock().unwrap().clear();
    reconcile(&stage, MEND).await?;
    assert!(stage.script.alive().is_empty());

    let report = reconcile(&stage, RECREATE).await?;
    let link = "https://teams.microsoft.com/l/2".to_owned();
    assert_eq!(
        told(&report),
        [
            ("gone", &Discrepancy::Missing, &Mending::Recreated { link: link.clone() }),
            ("over", &Discrepancy::Missing, &Mending::Reported),
        ],
        "what is over needs no meeting"
    );
    let now = stage.platform.appointment("gone").await?.unwrap();
    assert_eq!((now.status, &now.link), (Status::Booked, &Some(link)));
    assert_ne!(now.link, booked.link);
    assert!(now.note.unwrap().contains("the link has changed"));
    assert_eq!(stage.script.alive(), ["meeting 2"]);
    Ok(())
}

#[tokio::test]
async fn another_link_and_what_cannot_be_told_are_reported_and_left_alone() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    let booked = stage.platform.book(&request("a", "ann")).await?;
    stage.platform.book(&request("b", "ann")).await?;
    let key = ("a".to_owned(), "oid-1".to_owned());
    let there = "https://teams.microsoft.com/l/other".to_owned();
    stage.script.meetings.lock().unwrap().get_mut(&key).unwrap().join_url.clone_from(&there);
    let why = "Another account organizes it.".to_owned();
    let found = LookUpOutcome::Found(video_host::provider::MeetingState {
        id: "meeting 0".to_owned(),
        join_url: there.clone(),
        organizer_id: String::new(),
        start: 1_000,
        end: 2_000,
        subject: None,
    });
    stage.script.look_ups.lock().unwrap().push_back(Ok(vec![found, LookUpOutcome::Unknown(why.clone())]));
    stage.script.take_calls();
    let report = reconcile(&stage, RECREATE).await?;
    assert_eq!(
        told(&report),
        [
            ("a", &Discrepancy::OtherLink { link: there }, &Mending::Reported),
            ("b", &Discrepancy::Unknown { reason: why }, &Mending::Reported),
        ]
    );
    assert_eq!(stage.script.take_calls().len(), 1);
    assert_eq!(stage.platform.appointment("a").await?, Some(booked));
    Ok(())
}

#[tokio::test]
async fn meetings_are_looked_up_twenty_at_once_and_those_put_off_when_the_provider_said() -> anyhow::Result<()>
{
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    for n in 0..45 {
        stage.platform.book(&request(&format!("a-{n:02}"), "ann")).await?;
    }
    stage.script.take_calls();
    let mut put_off = vec![LookUpOutcome::Gone; 20];
    put_off[3] = LookUpOutcome::RetryLater(2_500);
    put_off[4] = LookUpOutcome::RetryLater(1_000);
    stage.script.look_ups.lock().unwrap().extend([Ok(put_off), Err(Error::Throttled(Some(7_000)))]);
    let report = reconcile(&stage, ReconcileMode::DryRun).await?;
    assert_eq!((report.compared, report.differences.len()), (45, 18), "two were found at the second look");
    let asked: Vec<_> =
        stage.script.take_calls().iter().map(|call| call.matches("meeting").count()).collect();
    assert_eq!(asked, [20, 2, 2, 20, 5]);
    let waited: Vec<_> = stage.waited.0.lock().unwrap().drain(..).collect();
    assert_eq!(waited, [Duration::from_millis(2_500), Duration::from_secs(7)]);
    Ok(())
}

#[tokio::test]
async fn a_provider_that_stays_silent_is_left_alone_and_that_is_told() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    stage.platform.book(&request("a", "ann")).await?;
    stage.script.take_calls();
    stage.script.look_ups.lock().unwrap().extend((0..9).map(|_| Err(outage())));
    let report = reconcile(&stage, MEND).await?;
    assert_eq!((report.compared, report.skipped.len()), (0, 1));
    assert_eq!(report.skipped[0].integration, id);
    assert_eq!(stage.script.take_calls().len(), 5);
    stage.script.look_ups.lock().unwrap().clear();

    // Longer than anybody waits.
    stage.script.look_ups.lock().unwrap().push_back(Err(Error::Throttled(Some(3_600_000))));
    assert_eq!(reconcile(&stage, MEND).await?.skipped.len(), 1);
    assert_eq!(stage.script.take_calls().len(), 1);
    Ok(())
}

#[tokio::test]
async fn nothing_is_mended_on_an_integration_that_does_not_work() -> anyhow::Result<()> {
    let stage = differing().await?;
    stage.script.look_ups.lock().unwrap().push_back(Err(dead()));
    let report = reconcile(&stage, MEND).await?;
    assert!(report.differences.is_empty());
    assert!(report.skipped[0].reason.contains("password"), "{report:?}");
    assert_eq!(stage.script.take_calls().len(), 1);
    let report = reconcile(&stage, MEND).await?;
    assert!(report.skipped[0].reason.contains("reauthorize it"), "{report:?}");
    assert!(stage.script.take_calls().is_empty(), "and it is not asked again");
    Ok(())
}

#[tokio::test]
async fn a_mending_that_is_throttled_waits_and_one_that_is_refused_is_told() -> anyhow::Result<()> {
    let stage = differing().await?;
    stage.script.cancels.lock().unwrap().push_back(Err(Error::Throttled(Some(3_000))));
    stage.script.updates.lock().unwrap().push_back(Err(refused("No.")));
    let report = reconcile(&stage, MEND).await?;
    assert!(stage.waited.0.lock().unwrap().contains(&Duration::from_secs(3)));
    assert_eq!(report.differences[0].mending, Mending::Mended);
    assert!(matches!(&report.differences[2].mending, Mending::Failed { reason } if reason.contains("No.")));
    let moved = stage.platform.appointment("moved").await?.unwrap();
    assert_eq!((moved.status, moved.start), (Status::Booked, 1_000));

    stage.script.creates.lock().unwrap().extend([Err(outage()), Err(refused("No licence."))]);
    stage.platform.book(&request("unlinked too", "ann")).await.unwrap_err();
    let report = reconcile(&stage, MEND).await?;
    let last = report.differences.last().unwrap();
    assert_eq!(last.mending, Mending::Failed { reason: "No licence.".to_owned() });
    Ok(())
}

#[tokio::test]
async fn only_what_is_not_long_over_is_compared_unless_somebody_asks() -> anyhow::Result<()> {
    let stage = differing().await?;
    let report = stage.platform.reconcile(&ReconcileOptions::default(), |_| {}).await?;
    assert_eq!(report, Reconciliation::default());
    assert!(stage.script.take_calls().is_empty());
    Ok(())
}

#[tokio::test]
async fn one_integration_can_be_chosen_and_one_without_look_up_is_told() -> anyhow::Result<()> {
    let stage = differing().await?;
    stage.platform.set_entitlement(Entitlement::MultipleIntegrations, true).await?;
    let second = stage.connect().await?;
    stage.script.take_calls();
    let only = ReconcileOptions { integration: Some(second), ..all(MEND) };
    assert_eq!(stage.platform.reconcile(&only, |_| {}).await?, Reconciliation::default());
    let nowhere = ReconcileOptions { integration: Some("nowhere".parse()?), ..all(MEND) };
    let error = stage.platform.reconcile(&nowhere, |_| {}).await.unwrap_err();
    assert!(matches!(error, ReconcileError::UnknownIntegration(_)), "{error}");

    stage.script.description.lock().unwrap().capabilities = Capabilities::MATCHING | Capabilities::CANCEL;
    let report = reconcile(&stage, MEND).await?;
    assert!(report.skipped[0].reason.contains("cannot tell"), "{report:?}");
    assert!(stage.script.take_calls().is_empty());
    Ok(())
}

#[tokio::test]
async fn what_changed_while_it_was_looked_up_is_left_alone() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    stage.platform.book(&request("a", "ann")).await?;
    stage.script.take_calls();
    for meeting in stage.script.meetings.lock().unwrap().values_mut() {
        (meeting.start, meeting.end) = (8_000, 9_000);
    }
    let held = stage.script.hold_answers();
    let moving = async {
        held.reached().await;
        let moved = stage.platform.move_appointment("a", 5_000, 6_000).await;
        held.release();
        moved
    };
    let (moved, report) = tokio::join!(moving, reconcile(&stage, RECREATE));
    // What was seen is of before the move, and mending it would undo the move.
    let report = report?;
    assert_eq!((report.compared, report.changed_meanwhile, report.differences.len()), (1, 1, 0));
    assert_eq!(stage.script.take_calls(), ["look up meeting 0", "update a 5000"]);
    assert_eq!(stage.platform.appointment("a").await?, Some(moved?));
    Ok(())
}
