//! Meetings that somebody deleted or moved in Microsoft, behind the platform's back.

use anyhow::{Result, bail};
use mock_graph::{Action, Fault, Operation};
use video_host::provider::MeetingRequest;
use video_platform::{
    Appointment, BookingRequest, Discrepancy, IntegrationId, Mending, ReconcileMode, ReconcileOptions,
    Reconciliation,
};

use crate::stage::{self, HOUR, Stage};

/// 2100-01-01T09:00:00Z: what is over is not made again.
const START: i64 = 4_102_477_200_000;

fn booking(id: &str, staff: &str) -> BookingRequest {
    BookingRequest { start: START, end: START + HOUR, ..stage::booking(id, staff) }
}

fn options(mode: ReconcileMode) -> ReconcileOptions {
    ReconcileOptions { mode, ..ReconcileOptions::default() }
}

/// What somebody does in Teams, with the appointment's meeting, to other times than booked.
fn elsewhere(appointment: &Appointment) -> MeetingRequest {
    MeetingRequest {
        meeting_id: appointment.meeting_id.clone(),
        organizer_id: appointment.organizer_id.clone(),
        start: START + 5 * HOUR,
        end: START + 6 * HOUR,
        ..end_to_end::appointment(&appointment.id)
    }
}

/// One deleted there, one moved there, one never deleted there, one whose answer was lost, and `sound`.
async fn differing() -> Result<(Stage, IntegrationId)> {
    let (stage, id) = Stage::ready().await?;
    let faults = stage.world.microsoft.faults();
    let teams = stage.world.teams_on(id.as_str())?;
    for name in ["alive", "gone", "moved", "sound"] {
        stage.platform.book(&booking(name, "adele")).await?;
    }
    // A 404 that was none: the platform takes it for done.
    faults.inject(Fault::once(Operation::DeleteMeeting, Action::status(404)));
    stage.platform.cancel("alive").await?;
    let gone = stage.appointment("gone").await?;
    teams
        .cancel_meeting(&video_host::provider::MeetingReference {
            appointment_id: gone.id,
            meeting_id: gone.meeting_id,
            organizer_id: gone.organizer_id,
            staff: None,
        })
        .await?;
    teams.update_meeting(&elsewhere(&stage.appointment("moved").await?)).await?;
    faults.inject(Fault::once(Operation::CreateMeeting, Action::DropAfter));
    stage.platform.book(&booking("unlinked", "adele")).await.err();
    stage.world.microsoft.journal().clear();
    Ok((stage, id))
}

fn told(report: &Reconciliation) -> Vec<(&str, &Discrepancy)> {
    report.differences.iter().map(|it| (it.appointment.id.as_str(), &it.what)).collect()
}

/// The requests with an effect that Microsoft received.
fn effects(stage: &Stage) -> usize {
    let requests = stage.world.microsoft.journal().requests();
    requests
        .iter()
        .filter(|request| request.operation != Operation::Token)
        .filter(|request| request.answer.as_ref().is_some_and(|answer| answer.effect))
        .count()
}

#[tokio::test]
async fn a_dry_run_finds_what_was_changed_in_microsoft_and_only_reads() -> Result<()> {
    let (stage, _) = differing().await?;
    let report = stage.platform.reconcile(&options(ReconcileMode::DryRun), |_| {}).await?;
    let moved = Discrepancy::Moved { start: START + 5 * HOUR, end: START + 6 * HOUR };
    assert_eq!(
        told(&report),
        [
            ("alive", &Discrepancy::Alive),
            ("gone", &Discrepancy::Missing),
            ("moved", &moved),
            ("unlinked", &Discrepancy::Unlinked),
        ]
    );
    let requests = stage.world.microsoft.journal().requests();
    let [batch] = &requests[..] else { bail!("{requests:?}") };
    let items = batch.answer.as_ref().map(|answer| &answer.items[..]).unwrap_or_default();
    assert_eq!(items.len(), 4);
    assert!(items.iter().all(|item| item.method == "GET" && !item.effect), "{items:?}");
    assert_eq!(effects(&stage), 0);
    Ok(())
}

#[tokio::test]
async fn mending_brings_microsoft_to_what_is_booked_and_changes_no_link() -> Result<()> {
    let (stage, _) = differing().await?;
    let links = [stage.appointment("moved").await?.link, stage.appointment("gone").await?.link];
    let mend = options(ReconcileMode::Mend { recreate: false });
    let report = stage.platform.reconcile(&mend, |_| {}).await?;
    let mended = report.differences.iter().filter(|it| it.mending == Mending::Mended).count();
    assert_eq!((mended, report.differences.len()), (3, 4), "{report:?}");
    assert_eq!([stage.appointment("moved").await?.link, stage.appointment("gone").await?.link], links);

    let meetings = stage.world.microsoft.meetings();
    let names: Vec<_> = meetings.iter().filter_map(|meeting| meeting.external_id.as_deref()).collect();
    assert_eq!(names, ["moved", "sound", "unlinked"]);
    assert!(meetings.iter().all(|meeting| meeting.start.as_millisecond() == START));
    stage.world.microsoft.journal().clear();
    let again = stage.platform.reconcile(&mend, |_| {}).await?;
    assert_eq!(told(&again), [("gone", &Discrepancy::Missing)]);
    assert_eq!(effects(&stage), 0, "what is mended is not mended again");

    let recreate = options(ReconcileMode::Mend { recreate: true });
    let report = stage.platform.reconcile(&recreate, |_| {}).await?;
    let [gone] = &report.differences[..] else { bail!("{report:?}") };
    let Mending::Recreated { link } = &gone.mending else { bail!("{gone:?}") };
    assert_eq!(stage.appointment("gone").await?.link.as_ref(), Some(link));
    assert_eq!(stage.world.microsoft.meetings().len(), 4);
    assert!(stage.platform.reconcile(&mend, |_| {}).await?.differences.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_throttled_look_up_is_repeated_when_microsoft_said_and_not_before() -> Result<()> {
    let (stage, _) = differing().await?;
    let faults = stage.world.microsoft.faults();
    faults.inject(Fault::once(Operation::BatchItem, Action::throttled("7.5")));
    faults.inject(Fault::once(Operation::GetMeeting, Action::throttled("3")));
    let report = stage.platform.reconcile(&options(ReconcileMode::DryRun), |_| {}).await?;
    assert_eq!(report.differences.len(), 4, "{report:?}");
    assert!(report.skipped.is_empty());
    let requests = stage.world.microsoft.journal().requests();
    let operations: Vec<_> = requests.iter().map(|request| request.operation).collect();
    assert_eq!(operations, [Operation::Batch, Operation::GetMeeting, Operation::GetMeeting]);
    // The items of a batch behind the throttled one are on their way already, so only the rest counts.
    let later = requests.iter().skip(1).filter_map(|request| request.answer.as_ref());
    assert_eq!(later.filter(|answer| answer.before_retry_after).count(), 0);
    Ok(())
}
