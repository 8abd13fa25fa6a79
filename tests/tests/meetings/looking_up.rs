//! How meetings are at Microsoft: read, never changed.

use anyhow::{Result, bail};
use end_to_end::contract_error;
use mock_graph::{Action, Fault, Operation, Times, contoso};
use video_host::provider::{Error, LookUpOutcome, Meeting, MeetingReference};

use crate::stage::{Stage, appointment, moved};

fn reference(appointment: &str, meeting: Option<&Meeting>) -> MeetingReference {
    MeetingReference {
        appointment_id: appointment.to_owned(),
        meeting_id: meeting.map(|meeting| meeting.id.clone()),
        organizer_id: meeting.map(|meeting| meeting.organizer_id.clone()),
        staff: None,
    }
}

async fn look_up(stage: &Stage, references: &[MeetingReference]) -> Result<Vec<LookUpOutcome>> {
    Ok(stage.teams.look_up_meetings(references).await?)
}

#[tokio::test]
async fn a_meeting_is_found_as_it_is_now_with_one_request() -> Result<()> {
    let stage = Stage::start().await?;
    let made = stage.create(&appointment("a")).await?;
    let changed = moved(&appointment("a"));
    stage.update(&changed).await?;
    stage.received();
    let found = look_up(&stage, &[reference("a", Some(&made))]).await?;
    assert_eq!(stage.operations(), [Operation::GetMeeting]);
    let [LookUpOutcome::Found(meeting)] = &found[..] else { bail!("{found:?}") };
    assert_eq!((&meeting.id, &meeting.join_url), (&made.id, &made.join_url));
    assert_eq!((meeting.start, meeting.end), (changed.start, changed.end));
    assert_eq!(meeting.organizer_id, contoso::SERVICE_ACCOUNT_ID);
    assert_eq!(meeting.subject.as_deref(), Some("Mortgage advice"));
    Ok(())
}

#[tokio::test]
async fn twenty_meetings_are_one_request_that_changes_nothing() -> Result<()> {
    let stage = Stage::start().await?;
    let mut references = Vec::new();
    for n in 0..19 {
        let id = format!("a-{n}");
        let made = stage.create(&appointment(&id)).await?;
        references.push(reference(&id, Some(&made)));
        if n == 7 {
            stage.cancel(&id, Some(&made.id)).await?;
        }
    }
    references.push(reference("never made", None));
    let before: Vec<_> = stage.world.microsoft.meetings().into_iter().map(|meeting| meeting.id).collect();
    stage.received();

    let outcomes = look_up(&stage, &references).await?;
    for (n, outcome) in outcomes.iter().enumerate() {
        match (n, outcome) {
            (7, LookUpOutcome::Gone) => {}
            (19, LookUpOutcome::Unknown(why)) => assert!(why.contains("only by making one"), "{why}"),
            (_, LookUpOutcome::Found(meeting)) => {
                assert_eq!(Some(&meeting.id), references[n].meeting_id.as_ref());
            }
            other => bail!("{other:?}"),
        }
    }
    let received = stage.received();
    let [batch] = &received[..] else { bail!("{received:?}") };
    let items = batch.answer.as_ref().map(|answer| &answer.items[..]).unwrap_or_default();
    assert_eq!(items.len(), 19, "who has no id is not asked for");
    assert!(items.iter().all(|item| item.operation == Operation::GetMeeting && !item.effect));
    let after: Vec<_> = stage.world.microsoft.meetings().into_iter().map(|meeting| meeting.id).collect();
    assert_eq!(after, before);

    references.push(reference("one too many", None));
    let error = contract_error(stage.teams.look_up_meetings(&references).await)?;
    assert!(matches!(error, Error::InvalidInput(_)), "{error:?}");
    assert!(stage.received().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_throttled_meeting_is_unknown_for_as_long_as_microsoft_says_and_the_others_are_not() -> Result<()> {
    let stage = Stage::start().await?;
    let mut references = Vec::new();
    for id in ["a", "b", "c"] {
        references.push(reference(id, Some(&stage.create(&appointment(id)).await?)));
    }
    stage.world.microsoft.faults().inject(Fault {
        matching: references[1].meeting_id.clone(),
        times: Times::Once,
        ..Fault::once(Operation::BatchItem, Action::throttled("1.5"))
    });
    let outcomes = look_up(&stage, &references).await?;
    assert!(matches!(outcomes[0], LookUpOutcome::Found(_)), "{outcomes:?}");
    assert_eq!(outcomes[1], LookUpOutcome::RetryLater(1_500));
    assert!(matches!(outcomes[2], LookUpOutcome::Found(_)), "{outcomes:?}");

    stage.inject(Operation::Batch, Action::throttled("2"));
    let error = contract_error(stage.teams.look_up_meetings(&references).await)?;
    assert_eq!(error, Error::Throttled(Some(2_000)));
    Ok(())
}
