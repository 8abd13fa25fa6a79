//! Appointments with a link.

use anyhow::{Context, Result};
use mock_graph::{Action, Fault, Operation, contoso};
use video_platform::{BookingError, BookingRequest, MeetingOptions, ResumeReport, Status};

use crate::stage::{HOUR, START, Stage, booking};

#[tokio::test]
async fn a_booked_appointment_has_the_meetings_link_and_keeps_it_over_a_restart() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let booked = stage.platform.book(&booking("a", "adele")).await?;
    assert_eq!(stage.requests(), 1);
    let [meeting] = &stage.world.microsoft.meetings()[..] else { anyhow::bail!("not one meeting") };
    assert_eq!(booked.link.as_ref(), Some(&meeting.join_web_url));
    assert_eq!((booked.status, &booked.integration), (Status::Booked, &Some(id.clone())));
    assert_eq!(meeting.external_id.as_deref(), Some("a"));
    let [adviser, customer] = &meeting.attendees[..] else { anyhow::bail!("{meeting:?}") };
    assert_eq!(adviser.user_id.as_deref(), Some(contoso::ADVISER_ID));
    assert_eq!(adviser.role.as_deref(), Some("coorganizer"));
    assert_eq!(customer.upn.as_deref(), Some("customer@example.com"));

    let restarted = stage.restarted().await?;
    assert_eq!(restarted.appointment("a").await?, Some(booked.clone()));
    assert_eq!(restarted.book(&booking("a", "adele")).await?, booked, "the same id, the same link");
    assert_eq!(stage.platform.book(&booking("a", "adele")).await?, booked);
    assert_eq!(stage.requests(), 0, "and nobody was asked");
    Ok(())
}

#[tokio::test]
async fn moving_keeps_the_link_and_moves_the_meeting_in_one_request() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let booked = stage.platform.book(&booking("a", "adele")).await?;
    stage.world.microsoft.journal().clear();
    let (start, end) = (START + 24 * HOUR, START + 25 * HOUR);
    let moved = stage.platform.move_appointment("a", start, end).await?;
    assert_eq!(stage.requests(), 1);
    assert_eq!((moved.start, moved.end, moved.status), (start, end, Status::Booked));
    assert_eq!(moved.link, booked.link);
    let [meeting] = &stage.world.microsoft.meetings()[..] else { anyhow::bail!("not one meeting") };
    assert_eq!((meeting.start.as_millisecond(), meeting.end.as_millisecond()), (start, end));
    assert_eq!(meeting.attendees.len(), 2, "{meeting:?}");
    Ok(())
}

#[tokio::test]
async fn cancelling_ends_the_meeting_and_keeps_the_link_on_record() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let booked = stage.platform.book(&booking("a", "adele")).await?;
    for _ in 0..2 {
        let cancelled = stage.platform.cancel("a").await?;
        assert_eq!((cancelled.status, &cancelled.link), (Status::Cancelled, &booked.link));
        assert!(stage.world.microsoft.meetings().is_empty());
    }
    let error = stage.platform.book(&booking("a", "adele")).await.err();
    assert!(matches!(error, Some(BookingError::Cancelled(_))), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_booking_whose_answer_was_lost_is_finished_by_resume_with_one_meeting() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let lost = [Action::DropAfter, Action::Truncate, Action::Malformed, Action::StatusAfter { status: 504 }];
    for (n, action) in lost.into_iter().enumerate() {
        let id = format!("a-{n}");
        stage.world.microsoft.faults().inject(Fault::once(Operation::CreateMeeting, action.clone()));
        let error = stage.platform.book(&booking(&id, "adele")).await.err().context("the answer was lost")?;
        let BookingError::Waiting { error: cause, .. } = &error else { anyhow::bail!("{error:?}") };
        assert!(cause.may_have_taken_effect(), "{action:?}: {error:?}");
        let waiting = stage.appointment(&id).await?;
        assert_eq!((waiting.status, &waiting.link), (Status::Requested, &None));
        assert!(waiting.note.is_some());

        let restarted = stage.restarted().await?;
        assert_eq!(restarted.resume().await?.finished, [id.as_str()]);
        let booked = stage.appointment(&id).await?;
        assert_eq!((booked.status, &booked.note), (Status::Booked, &None));
        let meetings = stage.world.microsoft.meetings();
        assert_eq!(meetings.len(), n + 1, "one meeting for each appointment");
        assert_eq!(booked.link.as_ref(), Some(&meetings[n].join_web_url));
        assert_eq!(stage.platform.resume().await?, ResumeReport::default());
    }
    Ok(())
}

#[tokio::test]
async fn a_move_and_a_cancellation_whose_answers_were_lost_are_finished_by_resume() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let faults = stage.world.microsoft.faults();
    let booked = stage.platform.book(&booking("a", "adele")).await?;
    for action in [Action::DropBefore, Action::DropAfter] {
        let start = stage.appointment("a").await?.start + HOUR;
        faults.inject(Fault::once(Operation::UpdateMeeting, action));
        let error = stage.platform.move_appointment("a", start, start + HOUR).await.err();
        assert!(matches!(error, Some(BookingError::Waiting { .. })), "{error:?}");
        assert_eq!(stage.appointment("a").await?.status, Status::Moving);
        assert_eq!(stage.platform.resume().await?.finished, ["a"]);
        let moved = stage.appointment("a").await?;
        assert_eq!((moved.status, moved.start, &moved.link), (Status::Booked, start, &booked.link));
        assert_eq!(stage.world.microsoft.meetings()[0].start.as_millisecond(), start);
    }
    faults.inject(Fault::once(Operation::DeleteMeeting, Action::DropAfter));
    let error = stage.platform.cancel("a").await.err();
    assert!(matches!(error, Some(BookingError::Waiting { .. })), "{error:?}");
    assert_eq!(stage.appointment("a").await?.status, Status::Cancelling);
    assert_eq!(stage.platform.resume().await?.finished, ["a"]);
    let cancelled = stage.appointment("a").await?;
    assert_eq!((cancelled.status, &cancelled.link), (Status::Cancelled, &booked.link));
    assert!(stage.world.microsoft.meetings().is_empty());
    Ok(())
}

#[tokio::test]
async fn two_processes_that_book_at_once_make_one_meeting() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let other = stage.restarted().await?;
    let request = booking("a", "adele");
    let held = stage.world.microsoft.faults().hold(Operation::CreateMeeting, true);
    let second = async {
        held.reached().await;
        let second = other.book(&request).await;
        held.release();
        second
    };
    let (first, second) = tokio::join!(stage.platform.book(&request), second);
    let [meeting] = &stage.world.microsoft.meetings()[..] else { anyhow::bail!("not one meeting") };
    assert_eq!(first?.link.as_ref(), Some(&meeting.join_web_url));
    assert_eq!(second?.link.as_ref(), Some(&meeting.join_web_url));
    Ok(())
}

#[tokio::test]
async fn a_refused_booking_says_so_and_can_be_booked_when_the_reason_is_gone() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let directory = stage.world.microsoft.directory();
    directory.set_teams_licence(contoso::SERVICE_ACCOUNT, false)?;
    let error = stage.platform.book(&booking("a", "adele")).await.err().context("no licence")?;
    assert!(matches!(error, BookingError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("licence"), "{error}");
    assert_eq!(stage.appointment("a").await?.status, Status::Failed);
    directory.set_teams_licence(contoso::SERVICE_ACCOUNT, true)?;
    assert_eq!(stage.platform.book(&booking("a", "adele")).await?.status, Status::Booked);
    Ok(())
}

#[tokio::test]
async fn an_appointment_keeps_the_options_that_it_was_booked_with_when_it_moves() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let chosen = |name: &str, value: &str| MeetingOptions::from([(name.to_owned(), value.to_owned())]);
    stage.platform.set_meeting_options(&id, &chosen("lobby", "organizer")).await?;
    let request = BookingRequest { options: chosen("chat", "disabled"), ..booking("a", "adele") };
    let booked = stage.platform.book(&request).await?;
    assert_eq!((stage.requests(), &booked.note), (2, &None));
    stage.platform.set_meeting_options(&id, &chosen("lobby", "organization")).await?;

    for moved in [START + HOUR, START + 2 * HOUR] {
        stage.platform.move_appointment("a", moved, moved + HOUR).await?;
        assert_eq!(stage.requests(), 1);
        let [meeting] = &stage.world.microsoft.meetings()[..] else { anyhow::bail!("not one meeting") };
        assert_eq!(meeting.settings["lobbyBypassSettings"]["scope"], "organizer");
        assert_eq!(meeting.settings["allowMeetingChat"], "disabled");
    }
    Ok(())
}

#[tokio::test]
async fn options_that_microsoft_refuses_are_noted_with_the_appointment_which_is_booked() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let options = MeetingOptions::from([("recording".to_owned(), "yes".to_owned())]);
    stage.world.microsoft.faults().inject(Fault::once(Operation::UpdateMeeting, Action::status(403)));
    let booked = stage.platform.book(&BookingRequest { options, ..booking("a", "adele") }).await?;
    assert!(booked.status == Status::Booked && booked.link.is_some(), "{booked:?}");
    let note = booked.note.context("a note")?;
    assert!(note.contains("Record automatically") && note.contains("Insufficient privileges"), "{note}");
    Ok(())
}
