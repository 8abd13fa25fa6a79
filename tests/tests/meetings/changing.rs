//! Moving and changing.

use anyhow::{Result, bail};
use mock_graph::{Operation, contoso};
use serde_json::json;
use video_host::provider::{AttendeeRole, Error, MeetingRequest};

use crate::stage::{Stage, appointment, body, customer, customer_json, moved, outage, times};

#[tokio::test]
async fn a_moved_meeting_keeps_its_link_with_and_without_its_id() -> Result<()> {
    let stage = Stage::start().await?;
    let mut request = appointment("a");
    let first = stage.create(&request).await?;
    stage.received();
    for (meeting_id, operations) in [
        (Some(first.id.clone()), vec![Operation::UpdateMeeting]),
        (None, vec![Operation::CreateMeeting, Operation::UpdateMeeting]),
    ] {
        request = MeetingRequest { meeting_id, ..moved(&request) };
        let changed = stage.update(&request).await?;
        assert_eq!((&changed.id, &changed.join_url), (&first.id, &first.join_url));
        assert_eq!(changed.organizer_id, contoso::SERVICE_ACCOUNT_ID);
        assert_eq!((changed.start, changed.end), (request.start, request.end), "as read back");
        assert!(!changed.created);
        assert_eq!(times(&stage.stored()?), (request.start, request.end));
        assert_eq!(stage.operations(), operations);
    }
    Ok(())
}

#[tokio::test]
async fn a_change_sends_both_times_and_the_whole_list_of_attendees() -> Result<()> {
    let stage = Stage::start().await?;
    let first = stage.create(&appointment("a")).await?;
    stage.received();
    let mut second = customer(Some("second@example.com"));
    second.role = AttendeeRole::CoOrganizer;
    let request = MeetingRequest {
        meeting_id: Some(first.id),
        attendees: vec![customer(Some("customer@example.com")), second],
        ..moved(&appointment("a"))
    };
    let changed = stage.update(&request).await?;
    assert_eq!(changed.warnings.len(), 1, "a guest is no co-organizer: {:?}", changed.warnings);
    let received = stage.received();
    let [patch] = &received[..] else { bail!("{received:?}") };
    let wanted = json!({
        "startDateTime": "2026-12-01T09:30:00Z",
        "endDateTime": "2026-12-01T10:45:00Z",
        "subject": "Mortgage advice",
        "lobbyBypassSettings": { "scope": "everyone" },
        "participants": { "attendees": [
            {
                "upn": contoso::ADVISER,
                "role": "coorganizer",
                "identity": { "user": { "id": contoso::ADVISER_ID, "displayName": "Adele Vance" } },
            },
            customer_json("customer@example.com"),
            customer_json("second@example.com"),
        ]},
    });
    assert_eq!(body(patch)?, wanted);

    // Whoever is left out of the next list is off the meeting.
    stage.update(&MeetingRequest { attendees: Vec::new(), staff: None, ..request }).await?;
    assert!(stage.stored()?.attendees.is_empty());
    Ok(())
}

#[tokio::test]
async fn changing_a_meeting_that_was_deleted_is_not_found_and_makes_none() -> Result<()> {
    let stage = Stage::start().await?;
    let first = stage.create(&appointment("a")).await?;
    stage.cancel("a", Some(&first.id)).await?;
    let request = MeetingRequest { meeting_id: Some(first.id), ..appointment("a") };
    let error = stage.update_in_vain(&request).await?;
    assert!(matches!(error, Error::NotFound(_)), "{error:?}");
    assert!(stage.world.microsoft.meetings().is_empty());

    // As the contract says: creating makes another.
    let another = stage.create(&appointment("a")).await?;
    assert!(another.created);
    assert_ne!(another.join_url, first.join_url);
    Ok(())
}

#[tokio::test]
async fn changing_by_the_appointment_alone_makes_the_meeting_if_there_is_none() -> Result<()> {
    let stage = Stage::start().await?;
    let made = stage.update(&appointment("a")).await?;
    assert!(made.created, "and tells");
    assert_eq!(stage.stored()?.join_web_url, made.join_url);
    Ok(())
}

#[tokio::test]
async fn a_meeting_that_is_deleted_while_it_is_being_changed_can_be_asked_for_again() -> Result<()> {
    let stage = Stage::start().await?;
    let first = stage.create(&appointment("a")).await?;
    let request = moved(&appointment("a"));
    let held = stage.world.microsoft.faults().hold(Operation::UpdateMeeting, true);
    let deleted = async {
        held.reached().await;
        let deleted = stage.cancel("a", Some(&first.id)).await;
        held.release();
        deleted
    };
    let (changed, deleted) = tokio::join!(stage.create_in_vain(&request), deleted);
    deleted?;
    outage(changed?)?;
    assert!(stage.create(&request).await?.created);
    assert_eq!(times(&stage.stored()?), (request.start, request.end));
    Ok(())
}
