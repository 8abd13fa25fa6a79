//! Two processes at work on one appointment at once. What the chaos found, made to happen.

use anyhow::{Context, Result, bail};
use mock_graph::{Action, Fault, Operation};
use video_platform::{BookingError, Status};

use crate::stage::{HOUR, START, Stage, booking};

/// The appointment is booked at `start`, for the store and for the stand-in.
async fn is_at(stage: &Stage, start: i64) -> Result<()> {
    let appointment = stage.appointment("a").await?;
    assert_eq!((appointment.status, appointment.start), (Status::Booked, start));
    let [meeting] = &stage.world.microsoft.meetings()[..] else { bail!("not one meeting") };
    assert_eq!(meeting.start.as_millisecond(), start);
    assert_eq!(appointment.link.as_ref(), Some(&meeting.join_web_url));
    Ok(())
}

#[tokio::test]
async fn a_move_that_is_resumed_while_another_is_made_does_not_win() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let other = stage.restarted().await?;
    stage.platform.book(&booking("a", "adele")).await?;
    let faults = stage.world.microsoft.faults();
    faults.inject(Fault::once(Operation::UpdateMeeting, Action::DropBefore));
    let (first, second) = (START + HOUR, START + 2 * HOUR);
    stage.platform.move_appointment("a", first, first + HOUR).await.err().context("it was lost")?;

    let held = faults.hold(Operation::UpdateMeeting, true);
    let moved = async {
        held.reached().await;
        let moved = stage.platform.move_appointment("a", second, second + HOUR).await;
        held.release();
        moved
    };
    let (resumed, moved) = tokio::join!(other.resume(), moved);
    assert_eq!(resumed?.finished, ["a"]);
    assert_eq!(moved?.start, second);
    is_at(&stage, second).await
}

#[tokio::test]
async fn a_booking_that_is_late_does_not_move_the_appointment_back() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let other = stage.restarted().await?;
    let held = stage.world.microsoft.faults().hold(Operation::CreateMeeting, true);
    let later = START + HOUR;
    let moved = async {
        held.reached().await;
        let moved = other.move_appointment("a", later, later + HOUR).await;
        held.release();
        moved
    };
    let request = booking("a", "adele");
    let (booked, moved) = tokio::join!(stage.platform.book(&request), moved);
    assert_eq!((booked?.start, moved?.start), (later, later));
    is_at(&stage, later).await
}

#[tokio::test]
async fn a_booking_that_one_process_was_refused_and_another_was_not_is_booked() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let other = stage.restarted().await?;
    let faults = stage.world.microsoft.faults();
    let held = faults.hold(Operation::CreateMeeting, true);
    let refused = async {
        held.reached().await;
        faults.inject(Fault::once(Operation::CreateMeeting, Action::status(403)));
        let refused = other.book(&booking("a", "adele")).await;
        held.release();
        refused
    };
    let request = booking("a", "adele");
    let (booked, refused) = tokio::join!(stage.platform.book(&request), refused);
    let refused = refused.err().context("it was refused")?;
    assert!(matches!(refused, BookingError::Refused { .. }), "{refused:?}");
    assert_eq!(booked?.status, Status::Booked);
    is_at(&stage, START).await?;
    stage.platform.cancel("a").await?;
    assert!(stage.world.microsoft.meetings().is_empty());
    Ok(())
}
