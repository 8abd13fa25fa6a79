//! Moving and cancelling.

use video_host::provider::{Capabilities, Error};
use video_platform::{BookingError, Entitlement, Status};

use crate::script::{Stage, outage, refused, request};

#[tokio::test]
async fn a_moved_appointment_keeps_its_link() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    let booked = stage.platform.book(&request("a", "ann")).await?;
    let moved = stage.platform.move_appointment("a", 5_000, 6_000).await?;
    assert_eq!((moved.status, moved.start, moved.end), (Status::Booked, 5_000, 6_000));
    assert_eq!(moved.link, booked.link);
    stage.platform.move_appointment("a", 5_000, 6_000).await?;
    assert_eq!(stage.script.take_calls(), ["create a", "update a 5000"]);
    Ok(())
}

#[tokio::test]
async fn a_refused_move_is_taken_back_and_an_unanswered_one_is_finished_later() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    stage.platform.book(&request("a", "ann")).await?;
    stage.script.updates.lock().unwrap().push_back(Err(outage()));
    stage.platform.move_appointment("a", 3_000, 4_000).await.unwrap_err();
    let moving = stage.platform.appointment("a").await?.unwrap();
    assert_eq!((moving.status, moving.start), (Status::Moving, 3_000));

    stage.script.updates.lock().unwrap().push_back(Err(refused("No.")));
    let error = stage.platform.move_appointment("a", 5_000, 6_000).await.unwrap_err();
    assert!(matches!(error, BookingError::Refused { .. }), "{error}");
    let back = stage.platform.appointment("a").await?.unwrap();
    assert_eq!((back.start, back.end), (1_000, 2_000));
    // The first move may have happened after all, so the provider is told the old times again.
    assert_eq!(back.status, Status::Moving);
    assert_eq!(stage.platform.resume().await?.finished, ["a"]);
    assert_eq!(stage.platform.appointment("a").await?.unwrap().status, Status::Booked);
    assert_eq!(stage.script.take_calls().last().map(String::as_str), Some("update a 1000"));

    stage.script.updates.lock().unwrap().push_back(Err(outage()));
    stage.platform.move_appointment("a", 7_000, 8_000).await.unwrap_err();
    assert_eq!(stage.platform.resume().await?.finished, ["a"]);
    let moved = stage.platform.appointment("a").await?.unwrap();
    assert_eq!((moved.status, moved.start), (Status::Booked, 7_000));
    Ok(())
}

#[tokio::test]
async fn moving_what_has_no_link_yet_books_it_at_the_new_time() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    stage.script.creates.lock().unwrap().push_back(Err(outage()));
    stage.platform.book(&request("a", "ann")).await.unwrap_err();
    let booked = stage.platform.move_appointment("a", 5_000, 6_000).await?;
    assert_eq!((booked.status, booked.start), (Status::Booked, 5_000));
    // A later refusal goes back to what the provider knows: the times of the booking.
    stage.script.updates.lock().unwrap().push_back(Err(refused("No.")));
    stage.platform.move_appointment("a", 7_000, 8_000).await.unwrap_err();
    assert_eq!(stage.platform.appointment("a").await?.unwrap().start, 5_000);
    Ok(())
}

#[tokio::test]
async fn cancelling_twice_succeeds_and_the_link_stays() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    let booked = stage.platform.book(&request("a", "ann")).await?;
    stage.script.cancels.lock().unwrap().push_back(Err(Error::NotFound("Gone.".to_owned())));
    let cancelled = stage.platform.cancel("a").await?;
    assert_eq!((cancelled.status, &cancelled.link), (Status::Cancelled, &booked.link));
    assert_eq!(stage.platform.cancel("a").await?, cancelled);
    assert_eq!(stage.script.take_calls(), ["create a", "cancel a meeting 0 of oid-1"]);
    for error in [
        stage.platform.book(&request("a", "ann")).await.unwrap_err(),
        stage.platform.move_appointment("a", 5_000, 6_000).await.unwrap_err(),
    ] {
        assert!(matches!(error, BookingError::Cancelled(_)), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_cancellation_without_an_answer_holds_and_is_finished_later() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    stage.platform.book(&request("a", "ann")).await?;
    stage.script.cancels.lock().unwrap().push_back(Err(outage()));
    stage.platform.cancel("a").await.unwrap_err();
    assert_eq!(stage.platform.appointment("a").await?.unwrap().status, Status::Cancelling);
    assert_eq!(stage.platform.resume().await?.finished, ["a"]);
    assert_eq!(stage.platform.appointment("a").await?.unwrap().status, Status::Cancelled);
    Ok(())
}

#[tokio::test]
async fn what_is_on_a_disconnected_integration_can_be_cancelled_but_not_moved() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    let booked = stage.platform.book(&request("a", "ann")).await?;
    stage.platform.disconnect(&id).await?;
    let error = stage.platform.move_appointment("a", 5_000, 6_000).await.unwrap_err();
    assert!(error.to_string().contains("it is disconnected"), "{error}");
    assert_eq!(stage.platform.appointment("a").await?, Some(booked.clone()));
    let cancelled = stage.platform.cancel("a").await?;
    assert_eq!((cancelled.status, cancelled.link), (Status::Cancelled, booked.link));
    assert!(cancelled.note.unwrap().contains("could not be ended there"));
    Ok(())
}

#[tokio::test]
async fn a_provider_that_can_neither_move_nor_cancel_is_not_asked_to() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    stage.platform.book(&request("a", "ann")).await?;
    stage.script.take_calls();
    stage.script.description.lock().unwrap().capabilities = Capabilities::MATCHING;
    assert_eq!(stage.platform.move_appointment("a", 5_000, 6_000).await?.start, 5_000);
    assert_eq!(stage.platform.cancel("a").await?.status, Status::Cancelled);
    assert!(stage.script.take_calls().is_empty());
    Ok(())
}

#[tokio::test]
async fn an_appointment_stays_on_its_integration_when_the_staff_member_gets_another() -> anyhow::Result<()> {
    let (stage, first) = Stage::with_staff(&["ann"]).await?;
    stage.platform.book(&request("a", "ann")).await?;
    stage.platform.set_entitlement(Entitlement::MultipleIntegrations, true).await?;
    let second = stage.connect().await?;
    stage.platform.choose_integration("ann", Some(&second)).await?;
    stage.platform.rematch_one("ann").await?;
    assert_eq!(stage.platform.book(&request("b", "ann")).await?.integration, Some(second));
    assert_eq!(stage.platform.move_appointment("a", 5_000, 6_000).await?.integration, Some(first.clone()));
    stage.platform.choose_integration("ann", None).await?;
    assert_eq!(stage.platform.video_settings("ann").await?.unwrap().integration, Some(first));
    Ok(())
}
