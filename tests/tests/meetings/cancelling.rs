//! Cancelling.

use anyhow::Result;
use mock_graph::{Action, Operation};

use crate::stage::{Stage, appointment};

#[tokio::test]
async fn a_cancelled_meeting_is_gone_and_cancelling_it_twice_is_fine() -> Result<()> {
    let stage = Stage::start().await?;
    let meeting = stage.create(&appointment("a")).await?;
    let other = stage.create(&appointment("b")).await?;
    stage.received();
    for _ in 0..2 {
        stage.cancel("a", Some(&meeting.id)).await?;
        assert_eq!(stage.stored()?.id, other.id);
        assert_eq!(stage.operations(), [Operation::DeleteMeeting]);
    }
    Ok(())
}

#[tokio::test]
async fn a_meeting_is_cancelled_by_its_appointment_alone_whether_or_not_there_is_one() -> Result<()> {
    let stage = Stage::start().await?;
    let other = stage.create(&appointment("b")).await?;
    stage.create(&appointment("a")).await?;
    stage.received();
    for _ in 0..2 {
        stage.cancel("a", None).await?;
        assert_eq!(stage.stored()?.id, other.id, "nothing is left of it");
        assert_eq!(stage.operations(), [Operation::CreateMeeting, Operation::DeleteMeeting]);
    }
    Ok(())
}

#[tokio::test]
async fn what_microsoft_does_not_know_is_cancelled() -> Result<()> {
    let stage = Stage::start().await?;
    for id in ["MSpub25l", "a/b", "%", "../../me", "ü"] {
        stage.cancel("a", Some(id)).await?;
        assert_eq!(stage.operations(), [Operation::DeleteMeeting], "{id}");
    }
    stage.inject(Operation::DeleteMeeting, Action::status(404));
    stage.cancel("a", None).await?;
    Ok(())
}
