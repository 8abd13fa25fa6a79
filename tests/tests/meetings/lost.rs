//! Answers that never came, or came broken.

use anyhow::Result;
use end_to_end::contract_error;
use mock_graph::{Action, Operation};
use video_host::provider::{Error, MeetingRequest};

use crate::stage::{Stage, appointment, moved, outage, times};

/// Every way in which an answer is lost after Microsoft did what it was asked for.
fn lost() -> [Action; 6] {
    [
        Action::DropAfter,
        Action::Truncate,
        Action::Malformed,
        Action::StatusAfter { status: 504 },
        Action::StatusAfter { status: 500 },
        Action::Oversized(9 << 20),
    ]
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_found_again_by_creating_again() -> Result<()> {
    let stage = Stage::start().await?;
    for (n, action) in lost().into_iter().enumerate() {
        let request = appointment(&format!("a-{n}"));
        stage.inject(Operation::CreateMeeting, action.clone());
        let error = stage.create_in_vain(&request).await?;
        assert!(outage(error)?.may_have_taken_effect, "{action:?}");
        assert_eq!(stage.operations(), [Operation::CreateMeeting], "no plugin repeats by itself");
        let stored = stage.stored()?;

        let meeting = stage.create(&request).await?;
        assert_eq!((&meeting.id, &meeting.join_url), (&stored.id, &stored.join_web_url), "{action:?}");
        assert!(!meeting.created);
        assert_eq!(stage.stored()?.id, stored.id, "one meeting: {action:?}");
        stage.cancel(&request.appointment_id, Some(&meeting.id)).await?;
        stage.received();
    }
    Ok(())
}

#[tokio::test]
async fn a_connection_that_breaks_is_told_in_words_for_people() -> Result<()> {
    let stage = Stage::start().await?;
    for action in [Action::DropBefore, Action::DropAfter, Action::Truncate] {
        stage.inject(Operation::CreateMeeting, action.clone());
        let told = outage(stage.create_in_vain(&appointment("a")).await?)?.message;
        assert!(told.contains("the connection was closed"), "{action:?}: {told}");
    }
    Ok(())
}

#[tokio::test]
async fn a_create_that_never_took_effect_may_have_as_far_as_anybody_knows() -> Result<()> {
    let stage = Stage::start().await?;
    stage.inject(Operation::CreateMeeting, Action::DropBefore);
    let error = stage.create_in_vain(&appointment("a")).await?;
    assert!(outage(error)?.may_have_taken_effect);
    assert_eq!(stage.operations(), [Operation::CreateMeeting]);
    assert!(stage.world.microsoft.meetings().is_empty());
    assert!(stage.create(&appointment("a")).await?.created);
    Ok(())
}

#[tokio::test]
async fn a_throttled_create_had_no_effect_and_tells_how_long_to_wait() -> Result<()> {
    let stage = Stage::start().await?;
    stage.inject(Operation::CreateMeeting, Action::throttled("1.5"));
    assert_eq!(stage.create_in_vain(&appointment("a")).await?, Error::Throttled(Some(1500)));
    assert_eq!(stage.operations(), [Operation::CreateMeeting]);
    assert!(stage.world.microsoft.meetings().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_holds_and_can_be_asked_for_again() -> Result<()> {
    let stage = Stage::start().await?;
    let first = stage.create(&appointment("a")).await?;
    let mut request = MeetingRequest { meeting_id: Some(first.id.clone()), ..appointment("a") };
    for action in lost() {
        request = moved(&request);
        stage.inject(Operation::UpdateMeeting, action.clone());
        let error = stage.update_in_vain(&request).await?;
        assert!(outage(error)?.may_have_taken_effect, "{action:?}");
        assert_eq!(times(&stage.stored()?), (request.start, request.end), "{action:?}");
        let again = stage.update(&request).await?;
        assert_eq!((again.start, again.end), (request.start, request.end));
        assert_eq!(again.join_url, first.join_url);
    }
    Ok(())
}

#[tokio::test]
async fn a_move_that_is_lost_between_finding_and_changing_is_finished_by_asking_again() -> Result<()> {
    let stage = Stage::start().await?;
    let mut request = appointment("a");
    let first = stage.create(&request).await?;
    for action in lost().into_iter().chain([Action::DropBefore, Action::status(503)]) {
        request = moved(&request);
        // Without the meeting's id, moving is creating again: found first, changed then.
        stage.inject(Operation::UpdateMeeting, action.clone());
        let error = stage.update_in_vain(&request).await?;
        assert!(outage(error)?.may_have_taken_effect, "{action:?}");
        let again = stage.update(&request).await?;
        assert_eq!((&again.id, &again.join_url), (&first.id, &first.join_url));
        assert_eq!(times(&stage.stored()?), (request.start, request.end));
    }
    Ok(())
}

#[tokio::test]
async fn a_cancellation_whose_answer_was_lost_is_finished_by_asking_again() -> Result<()> {
    let stage = Stage::start().await?;
    // A 204 has no body to cut or to spoil.
    for action in [Action::DropAfter, Action::StatusAfter { status: 504 }] {
        let meeting = stage.create(&appointment("a")).await?;
        stage.inject(Operation::DeleteMeeting, action.clone());
        let lost = stage.cancel("a", Some(&meeting.id)).await;
        assert!(outage(contract_error(lost)?)?.may_have_taken_effect, "{action:?}");
        stage.cancel("a", Some(&meeting.id)).await?;
        assert!(stage.world.microsoft.meetings().is_empty());
    }
    Ok(())
}
