//! Booking, and what a crash leaves.

use std::time::Duration;

use video_host::clock::Clock as _;
use video_host::provider::{Capabilities, Error, MatchOutcome};
use video_platform::{BookingError, MeetingMethod, Status, WrongInput};

use crate::script::{Stage, dead, outage, refused, request, service};

#[tokio::test]
async fn booking_twice_gives_the_same_link_and_asks_once() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    let first = stage.platform.book(&request("a", "ann")).await?;
    assert_eq!(first.status, Status::Booked);
    assert_eq!(first.link.as_deref(), Some("https://teams.microsoft.com/l/0"));
    assert_eq!(first.integration, Some(id));
    assert_eq!(stage.platform.book(&request("a", "ann")).await?, first);
    assert_eq!(stage.script.take_calls(), ["create a"]);

    stage.import(&["bob"]).await?;
    let error = stage.platform.book(&request("a", "bob")).await.unwrap_err();
    assert!(matches!(error, BookingError::OtherStaff(_)), "{error}");
    Ok(())
}

#[tokio::test]
async fn booked_twice_at_once_it_is_asked_for_once() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    let asked = request("a", "ann");
    let (one, two) = tokio::join!(stage.platform.book(&asked), stage.platform.book(&asked));
    assert_eq!(one?.link, two?.link);
    assert_eq!(stage.script.take_calls(), ["create a"]);
    Ok(())
}

#[tokio::test]
async fn what_an_outage_left_is_finished_by_resume_after_a_restart() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    stage.script.creates.lock().unwrap().push_back(Err(outage()));
    let error = stage.platform.book(&request("a", "ann")).await.unwrap_err();
    assert!(matches!(error, BookingError::Waiting { .. }), "{error}");
    let waiting = stage.platform.appointment("a").await?.unwrap();
    assert_eq!((waiting.status, waiting.link), (Status::Requested, None));

    let restarted = stage.restarted().await?;
    let report = restarted.resume().await?;
    assert_eq!(report.finished, ["a"]);
    let booked = restarted.appointment("a").await?.unwrap();
    assert_eq!((booked.status, booked.note), (Status::Booked, None));
    assert_eq!(booked.link.as_deref(), Some("https://teams.microsoft.com/l/0"));
    assert_eq!(restarted.resume().await?, video_platform::ResumeReport::default());
    Ok(())
}

#[tokio::test]
async fn resume_leaves_a_silent_provider_alone() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    for id in ["a", "b", "c"] {
        stage.script.creates.lock().unwrap().push_back(Err(outage()));
        stage.platform.book(&request(id, "ann")).await.unwrap_err();
    }
    stage.script.take_calls();
    stage.script.creates.lock().unwrap().push_back(Err(Error::Throttled(Some(5_000))));
    let report = stage.platform.resume().await?;
    assert_eq!(report.unfinished.len(), 3);
    assert_eq!(stage.script.take_calls(), ["create a"]);
    assert_eq!(stage.platform.resume().await?.finished, ["a", "b", "c"]);
    Ok(())
}

#[tokio::test]
async fn each_thing_that_a_booking_needs_is_named_when_it_is_missing() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let book = async |staff: &str| stage.platform.book(&request("a", staff)).await.unwrap_err().to_string();
    assert!(book("ann").await.contains("no service with the id advice"));
    stage.platform.put_service(&service("advice", &MeetingMethod::ALL)).await?;
    assert!(book("ann").await.contains("no staff member with the id ann"));
    stage.import(&["ann"]).await?;
    assert!(book("ann").await.contains("ann has no video provider"));
    let id = stage.connect().await?;
    assert!(book("ann").await.contains("match the staff first"));
    stage.script.outcomes.lock().unwrap().insert("ann@contoso.com".to_owned(), MatchOutcome::NotFound);
    stage.platform.rematch(&id, |_| {}).await?;
    assert_eq!(
        book("ann").await,
        "ann cannot be booked for video on Microsoft Teams: no user with this User Principal Name."
    );
    stage.platform.enable_video("ann", false).await?;
    assert!(book("ann").await.contains("switched off"));
    stage.platform.enable_video("ann", true).await?;
    stage.script.connections.lock().unwrap().push_back(Err(dead()));
    stage.platform.check(&id).await.unwrap_err();
    assert!(book("ann").await.contains("reauthorize it: The password of"));
    stage.platform.disconnect(&id).await?;
    assert!(book("ann").await.contains("ann has no video provider"));
    assert!(stage.platform.appointment("a").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_refused_booking_can_be_tried_again_under_the_same_id() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    stage.script.creates.lock().unwrap().push_back(Err(refused("No policy allows it.")));
    let error = stage.platform.book(&request("a", "ann")).await.unwrap_err();
    assert!(matches!(error, BookingError::Refused { .. }), "{error}");
    let failed = stage.platform.appointment("a").await?.unwrap();
    assert_eq!((failed.status, failed.note.as_deref()), (Status::Failed, Some("No policy allows it.")));
    assert!(stage.platform.resume().await?.finished.is_empty());

    let again = video_platform::BookingRequest { start: 5_000, end: 6_000, ..request("a", "ann") };
    let booked = stage.platform.book(&again).await?;
    assert_eq!((booked.status, booked.start, booked.note), (Status::Booked, 5_000, None));
    Ok(())
}

#[tokio::test]
async fn what_is_booked_again_after_it_was_refused_waits_since_then() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann", "bob"]).await?;
    let now = || stage.clock.now_ms();
    for id in ["again", "handed over"] {
        stage.script.creates.lock().unwrap().push_back(Err(refused("No policy allows it.")));
        stage.platform.book(&request(id, "ann")).await.unwrap_err();
    }
    stage.clock.advance(Duration::from_hours(72));
    let asked = now();
    stage.script.creates.lock().unwrap().extend([Err(outage()), Err(outage())]);
    stage.platform.book(&request("again", "ann")).await.unwrap_err();
    stage.platform.reassign("handed over", "bob").await.unwrap_err();
    let figures = stage.platform.figures().await?;
    let [waiting] = &figures.unfinished[..] else { panic!("{figures:?}") };
    assert!(waiting.since >= asked, "{} ms ago", now() - waiting.since);
    Ok(())
}

#[tokio::test]
async fn a_grant_that_dies_while_booking_marks_the_integration_and_keeps_the_appointment()
-> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    stage.script.creates.lock().unwrap().push_back(Err(dead()));
    stage.platform.book(&request("a", "ann")).await.unwrap_err();
    assert!(!stage.platform.integration(&id).await?.unwrap().state.is_live());
    assert_eq!(stage.platform.resume().await?.unfinished.len(), 1);
    assert_eq!(stage.script.take_calls(), ["create a"]);
    stage.platform.check(&id).await?;
    assert_eq!(stage.platform.resume().await?.finished, ["a"]);
    Ok(())
}

#[tokio::test]
async fn a_provider_without_matching_books_everybody() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.script.description.lock().unwrap().capabilities = Capabilities::RESCHEDULE;
    let id = stage.connect().await?;
    stage.import(&["ann"]).await?;
    let booked = stage.platform.book(&request("a", "ann")).await?;
    assert_eq!((booked.status, booked.user), (Status::Booked, None));
    assert!(stage.platform.rematch(&id, |_| {}).await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_request_that_breaks_the_contract_is_refused_before_anything_is_saved() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    let good = request("a", "ann");
    let long = "x".repeat(257);
    for (wrong, bad) in [
        (WrongInput::Id, video_platform::BookingRequest { id: "ä".to_owned(), ..good.clone() }),
        (WrongInput::Id, video_platform::BookingRequest { id: String::new(), ..good.clone() }),
        (
            WrongInput::ClientName,
            video_platform::BookingRequest { client_name: String::new(), ..good.clone() },
        ),
        (
            WrongInput::ClientEmail,
            video_platform::BookingRequest { client_email: "x".to_owned(), ..good.clone() },
        ),
        (WrongInput::Subject, video_platform::BookingRequest { subject: long, ..good.clone() }),
        (WrongInput::Times, video_platform::BookingRequest { end: good.start, ..good.clone() }),
    ] {
        let error = stage.platform.book(&bad).await.unwrap_err();
        assert!(matches!(error, BookingError::Input(found) if found == wrong), "{error}");
    }
    Ok(())
}
