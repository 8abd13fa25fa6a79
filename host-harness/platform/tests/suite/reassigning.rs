//! Another staff member takes an appointment over.

use std::sync::atomic::Ordering;

use video_host::provider::Capabilities;
use video_platform::{BookingError, Entitlement, IntegrationId, Status};

use crate::script::{Stage, outage, refused, request};

/// Ann and Bob, matched, and Ann's appointment `a`; who organises is the choice.
async fn anns(staff_organise: bool) -> anyhow::Result<(Stage, IntegrationId)> {
    let (stage, id) = Stage::with_staff(&["ann", "bob"]).await?;
    stage.script.staff_organise.store(staff_organise, Ordering::SeqCst);
    stage.platform.book(&request("a", "ann")).await?;
    stage.script.take_calls();
    Ok((stage, id))
}

#[tokio::test]
async fn a_meeting_of_one_account_stays_the_same_with_another_staff_member() -> anyhow::Result<()> {
    let (stage, _) = anns(false).await?;
    let before = stage.platform.appointment("a").await?.unwrap();
    let done = stage.platform.reassign("a", "bob").await?;
    assert!(!done.link_changed);
    assert_eq!(stage.script.take_calls(), ["update a 1000"]);
    let after = done.appointment;
    assert_eq!((after.staff.as_str(), after.status, &after.note), ("bob", Status::Booked, &None));
    assert_eq!(after.user.as_ref().map(|user| user.key.as_str()), Some("bob@contoso.com"));
    assert_eq!((&after.link, &after.meeting_id), (&before.link, &before.meeting_id));

    assert_eq!(stage.platform.reassign("a", "bob").await?.appointment, after);
    assert!(stage.script.take_calls().is_empty(), "whose it is already is not asked for again");
    Ok(())
}

#[tokio::test]
async fn a_meeting_of_the_staff_member_is_replaced_and_the_one_before_is_ended() -> anyhow::Result<()> {
    let (stage, _) = anns(true).await?;
    let before = stage.platform.appointment("a").await?.unwrap();
    assert_eq!(before.organizer_id.as_deref(), Some("oid of ann@contoso.com"));
    let done = stage.platform.reassign("a", "bob").await?;
    assert!(done.link_changed);
    assert_eq!(stage.script.take_calls(), ["create a", "cancel a meeting 0 of oid of ann@contoso.com"]);
    assert_ne!(done.appointment.link, before.link);
    assert_eq!(done.appointment.organizer_id.as_deref(), Some("oid of bob@contoso.com"));
    assert!(done.appointment.note.is_some_and(|note| note.starts_with("The link has changed")));
    assert_eq!(stage.script.alive(), ["meeting 1"]);

    // And back: another meeting once more, never the one that was ended.
    let back = stage.platform.reassign("a", "ann").await?;
    assert_eq!(back.appointment.meeting_id.as_deref(), Some("meeting 2"));
    assert_eq!(stage.script.alive(), ["meeting 2"]);
    Ok(())
}

#[tokio::test]
async fn what_an_outage_left_of_handing_over_is_finished_by_resume_with_one_meeting() -> anyhow::Result<()> {
    let (stage, _) = anns(true).await?;
    stage.script.creates.lock().unwrap().push_back(Err(outage()));
    let error = stage.platform.reassign("a", "bob").await.unwrap_err();
    assert!(matches!(error, BookingError::Waiting { .. }), "{error}");
    let waiting = stage.platform.appointment("a").await?.unwrap();
    assert_eq!((waiting.status, waiting.staff.as_str()), (Status::Reassigning, "bob"));
    assert_eq!(waiting.link.as_deref(), Some("https://teams.microsoft.com/l/0"), "the link of before");

    stage.script.cancels.lock().unwrap().push_back(Err(outage()));
    let restarted = stage.restarted().await?;
    assert_eq!(restarted.resume().await?.finished, ["a"]);
    assert_eq!(stage.script.alive(), ["meeting 0", "meeting 1"], "who gave no answer is not pressed");
    assert_eq!(restarted.resume().await?.finished, ["a"]);
    assert_eq!(restarted.resume().await?, video_platform::ResumeReport::default());
    assert_eq!(stage.script.alive(), ["meeting 1"]);
    assert_eq!(restarted.appointment("a").await?.unwrap().meeting_id.as_deref(), Some("meeting 1"));
    Ok(())
}

#[tokio::test]
async fn who_is_refused_does_not_get_the_appointment_and_leaves_no_meeting() -> anyhow::Result<()> {
    let (stage, _) = anns(true).await?;
    let before = stage.platform.appointment("a").await?.unwrap();
    stage.script.creates.lock().unwrap().push_back(Err(refused("No policy for Bob.")));
    let error = stage.platform.reassign("a", "bob").await.unwrap_err();
    assert!(matches!(error, BookingError::Refused { .. }), "{error}");
    let after = stage.platform.appointment("a").await?.unwrap();
    assert_eq!(after.note.as_deref(), Some("No policy for Bob."));
    assert_eq!(video_platform::Appointment { note: None, ..after }, before);
    assert_eq!(stage.script.take_calls(), ["create a"]);

    // The second time the first attempt may have made one.
    stage.script.creates.lock().unwrap().extend([Err(outage()), Err(refused("No policy for Bob."))]);
    stage.platform.reassign("a", "bob").await.unwrap_err();
    assert_eq!(stage.script.alive(), ["meeting 0", "meeting 1"]);
    assert_eq!(stage.platform.resume().await?.finished, ["a"]);
    assert_eq!(stage.script.alive(), ["meeting 0"]);
    assert_eq!(stage.platform.appointment("a").await?.unwrap().staff, "ann");
    Ok(())
}

#[tokio::test]
async fn a_former_meeting_that_only_its_organizer_can_end_is_told_and_given_up() -> anyhow::Result<()> {
    let (stage, _) = anns(true).await?;
    stage.script.cancels.lock().unwrap().push_back(Err(refused("Only Ann can end it.")));
    let done = stage.platform.reassign("a", "bob").await?;
    let note = done.appointment.note.unwrap();
    assert!(note.ends_with("could not be ended: Only Ann can end it."), "{note}");
    assert_eq!(stage.platform.resume().await?, video_platform::ResumeReport::default());
    Ok(())
}

#[tokio::test]
async fn cancelled_while_it_changes_hands_it_leaves_no_meeting_at_all() -> anyhow::Result<()> {
    let (stage, _) = anns(true).await?;
    stage.script.creates.lock().unwrap().push_back(Err(outage()));
    stage.platform.reassign("a", "bob").await.unwrap_err();
    assert_eq!(stage.script.alive().len(), 2);
    assert_eq!(stage.platform.cancel("a").await?.status, Status::Cancelled);
    assert!(stage.script.alive().is_empty(), "{:?}", stage.script.alive());
    assert_eq!(stage.platform.resume().await?, video_platform::ResumeReport::default());
    Ok(())
}

#[tokio::test]
async fn what_is_under_way_is_finished_before_it_changes_hands() -> anyhow::Result<()> {
    let (stage, _) = anns(false).await?;
    stage.script.updates.lock().unwrap().push_back(Err(outage()));
    stage.platform.move_appointment("a", 5_000, 6_000).await.unwrap_err();
    stage.script.take_calls();
    let done = stage.platform.reassign("a", "bob").await?.appointment;
    assert_eq!((done.staff.as_str(), done.start, done.status), ("bob", 5_000, Status::Booked));
    assert_eq!(stage.script.take_calls(), ["update a 5000", "update a 5000"]);

    stage.script.creates.lock().unwrap().extend([Err(outage()), Err(outage())]);
    stage.platform.book(&request("b", "ann")).await.unwrap_err();
    let error = stage.platform.reassign("b", "bob").await.unwrap_err();
    assert!(matches!(error, BookingError::EarlierChange { .. }), "{error}");
    assert_eq!(stage.platform.appointment("b").await?.unwrap().staff, "ann");
    assert_eq!(stage.platform.reassign("b", "bob").await?.appointment.status, Status::Booked);

    stage.script.updates.lock().unwrap().push_back(Err(outage()));
    stage.platform.reassign("a", "ann").await.unwrap_err();
    let moved = stage.platform.move_appointment("a", 7_000, 8_000).await?;
    assert_eq!((moved.staff.as_str(), moved.start, moved.status), ("ann", 7_000, Status::Booked));
    Ok(())
}

#[tokio::test]
async fn a_booking_that_was_refused_for_one_can_be_made_for_another() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann", "bob"]).await?;
    stage.script.creates.lock().unwrap().push_back(Err(refused("Ann has no licence.")));
    stage.platform.book(&request("a", "ann")).await.unwrap_err();
    let done = stage.platform.reassign("a", "bob").await?;
    assert_eq!((done.appointment.status, done.link_changed), (Status::Booked, false));
    assert_eq!((done.appointment.staff.as_str(), done.appointment.note), ("bob", None));
    Ok(())
}

#[tokio::test]
async fn nobody_gets_an_appointment_who_could_not_be_booked_for_it() -> anyhow::Result<()> {
    let (stage, id) = anns(false).await?;
    let before = stage.platform.appointment("a").await?;
    let error = async |staff: &str| stage.platform.reassign("a", staff).await.unwrap_err().to_string();
    assert!(error("nobody").await.contains("no staff member with the id nobody"));
    stage.platform.enable_video("bob", false).await?;
    assert!(error("bob").await.contains("switched off"));
    stage.platform.enable_video("bob", true).await?;
    stage.import(&["cat"]).await?;
    assert!(error("cat").await.contains("match the staff first"));

    // No silent change of provider, also where both are of the same kind.
    stage.platform.set_entitlement(Entitlement::MultipleIntegrations, true).await?;
    let second = stage.connect().await?;
    stage.platform.choose_integration("bob", Some(&second)).await?;
    stage.platform.rematch(&second, |_| {}).await?;
    let told = stage.platform.reassign("a", "bob").await.unwrap_err();
    assert!(matches!(told, BookingError::OtherIntegration { .. }), "{told}");
    assert_eq!(stage.platform.appointment("a").await?, before);
    stage.platform.choose_integration("bob", Some(&id)).await?;
    assert_eq!(stage.platform.reassign("a", "bob").await?.appointment.integration, Some(id));

    stage.platform.cancel("a").await?;
    assert!(error("ann").await.contains("was cancelled"));
    Ok(())
}

#[tokio::test]
async fn without_matching_an_appointment_changes_hands_by_its_attendees_alone() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.script.description.lock().unwrap().capabilities = Capabilities::RESCHEDULE;
    stage.connect().await?;
    stage.import(&["ann", "bob"]).await?;
    let booked = stage.platform.book(&request("a", "ann")).await?;
    let done = stage.platform.reassign("a", "bob").await?;
    assert_eq!((done.link_changed, &done.appointment.link), (false, &booked.link));
    assert_eq!(stage.script.take_calls(), ["create a", "update a 1000"]);
    Ok(())
}

#[tokio::test]
async fn an_answer_with_another_organizers_meeting_changes_no_link_and_that_meeting_is_ended()
-> anyhow::Result<()> {
    // Two processes book at once, and whoever organises changes in between.
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    let other = stage.restarted().await?;
    let held = stage.script.hold_answers();
    let wanted = request("a", "ann");
    let second = async {
        held.reached().await;
        stage.script.staff_organise.store(true, Ordering::SeqCst);
        let booked = other.book(&wanted).await;
        held.release();
        booked
    };
    let (first, second) = tokio::join!(stage.platform.book(&wanted), second);
    let (first, second) = (first?, second?);
    assert_eq!(second.organizer_id.as_deref(), Some("oid of ann@contoso.com"));
    assert_eq!((&first.link, &first.organizer_id), (&second.link, &second.organizer_id));
    assert!(
        first.note.as_ref().is_some_and(|note| note.contains("keeps its meeting and its link")),
        "{first:?}"
    );
    assert_eq!(stage.script.alive(), [second.meeting_id.unwrap()]);
    assert_eq!(stage.platform.resume().await?, video_platform::ResumeReport::default());
    Ok(())
}
