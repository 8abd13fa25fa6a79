//! What a booking needs of a service, and what takes place otherwise than by video.

use video_host::provider::MatchOutcome;
use video_platform::{
    BookingError, BookingRequest, Channel, MeetingMethod, Obstacle, ScheduleQuery, Service, ServiceError,
    StaffCheck, Status,
};

use crate::script::{Stage, dead, request, scripted, service};

async fn obstacle(stage: &Stage, staff: &str, method: MeetingMethod) -> anyhow::Result<(Obstacle, String)> {
    match stage.platform.check_booking("advice", staff, method).await? {
        StaffCheck::NotReady { obstacle, message } => Ok((obstacle, message)),
        other => anyhow::bail!("{other:?}"),
    }
}

/// What is told before booking, and by booking: the same sentence.
async fn told(stage: &Stage, expected: Obstacle) -> anyhow::Result<String> {
    let (what, _) = obstacle(stage, "ann", MeetingMethod::VideoCall).await?;
    assert_eq!(what, expected);
    let error = stage.platform.book(&request("a", "ann")).await.unwrap_err().to_string();
    assert_eq!(stage.platform.appointment("a").await?, None, "{error}");
    Ok(error)
}

#[tokio::test]
async fn of_all_that_a_video_appointment_needs_the_one_that_is_missing_is_told() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    assert_eq!(
        told(&stage, Obstacle::UnknownService).await?,
        "There is no service with the id advice, so nothing was booked. Choose one that is listed."
    );
    stage.platform.put_service(&service("advice", &[MeetingMethod::InPerson, MeetingMethod::Phone])).await?;
    assert_eq!(
        told(&stage, Obstacle::NoSuchMethod).await?,
        "advice does not take place as Video Call. Choose another meeting method, or have an administrator add \
         it to the service."
    );
    stage.platform.put_service(&service("advice", &[MeetingMethod::VideoCall])).await?;
    assert!(told(&stage, Obstacle::UnknownStaff).await?.contains("no staff member with the id ann"));
    stage.platform.import_staff(&b"id,name,email,user_name\nann,Ann,ann@contoso.com,ann\n"[..]).await?;
    assert_eq!(
        told(&stage, Obstacle::NotAssigned).await?,
        "Ann does not give advice. Choose somebody who does, or have an administrator assign them to it."
    );
    stage.platform.assign("advice", "ann", true).await?;
    assert!(told(&stage, Obstacle::NoIntegration).await?.contains("Ann has no video provider"));
    let id = stage.connect().await?;
    assert!(told(&stage, Obstacle::NotMatched).await?.contains("match the staff first"));
    stage.script.outcomes.lock().unwrap().insert("ann@contoso.com".to_owned(), MatchOutcome::NotFound);
    stage.platform.rematch(&id, |_| {}).await?;
    assert!(told(&stage, Obstacle::NotMatched).await?.contains("no user with this User Principal Name"));
    stage.script.outcomes.lock().unwrap().clear();
    stage.platform.rematch(&id, |_| {}).await?;
    stage.platform.enable_video("ann", false).await?;
    assert!(told(&stage, Obstacle::VideoOff).await?.contains("switched off"));
    stage.platform.enable_video("ann", true).await?;
    scripted(&stage.script.connections, [Err(dead())]);
    stage.platform.check(&id).await.unwrap_err();
    assert!(told(&stage, Obstacle::Integration).await?.contains("reauthorize it"));
    stage.platform.check(&id).await?;
    let ready = stage.platform.check_booking("advice", "ann", MeetingMethod::VideoCall).await?;
    assert_eq!(ready, StaffCheck::Ready { integration: Some(id), warnings: vec![] });
    assert_eq!(stage.platform.book(&request("a", "ann")).await?.status, Status::Booked);
    Ok(())
}

#[tokio::test]
async fn what_takes_place_otherwise_needs_no_provider_and_gets_no_link() -> anyhow::Result<()> {
    // Nothing is connected, and video is switched off.
    let stage = Stage::new().await?;
    stage.import(&["ann", "bob"]).await?;
    stage.platform.enable_video("ann", false).await?;
    for (id, method) in [("in person", MeetingMethod::InPerson), ("by phone", MeetingMethod::Phone)] {
        let ready = stage.platform.check_booking("advice", "ann", method).await?;
        assert_eq!(ready, StaffCheck::Ready { integration: None, warnings: vec![] });
        let asked = BookingRequest { method, ..request(id, "ann") };
        let booked = stage.platform.book(&asked).await?;
        assert_eq!(
            (booked.status, booked.method, booked.service.as_str()),
            (Status::Booked, method, "advice")
        );
        assert_eq!((&booked.integration, &booked.link, &booked.meeting_id), (&None, &None, &None));
        assert_eq!(stage.platform.book(&asked).await?, booked);
        let moved = stage.platform.move_appointment(id, 5_000, 6_000).await?;
        assert_eq!((moved.status, moved.start, moved.end), (Status::Booked, 5_000, 6_000));
        let given = stage.platform.reassign(id, "bob").await?;
        assert_eq!((given.appointment.staff.as_str(), given.link_changed), ("bob", false));
        assert_eq!(stage.platform.cancel(id).await?.status, Status::Cancelled);
        let error = stage.platform.move_appointment(id, 7_000, 8_000).await.unwrap_err();
        assert!(matches!(error, BookingError::Cancelled(_)), "{error}");
        assert_eq!(stage.platform.cancel(id).await?.status, Status::Cancelled);
    }
    assert!(stage.platform.resume().await?.finished.is_empty());
    assert!(stage.script.take_calls().is_empty(), "no provider is asked");
    Ok(())
}

#[tokio::test]
async fn an_appointment_keeps_its_service_channel_and_method_whatever_becomes_of_the_service()
-> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    for (id, channel) in [("1", Channel::ClientView), ("2", Channel::Schedule), ("3", Channel::ContactCenter)]
    {
        let booked = stage.platform.book(&BookingRequest { channel, ..request(id, "ann") }).await?;
        assert_eq!(booked.channel, channel);
    }
    let before = stage.platform.appointments_of("ann", 0, i64::MAX).await?;
    let links: std::collections::BTreeSet<_> = before.iter().map(|one| one.link.clone().unwrap()).collect();
    assert_eq!(links.len(), 3, "three appointments, three links");
    stage.platform.put_service(&service("advice", &[MeetingMethod::Phone])).await?;
    stage.platform.assign("advice", "ann", false).await?;
    assert_eq!(stage.platform.appointments_of("ann", 0, i64::MAX).await?, before);
    let moved = stage.platform.move_appointment("1", 5_000, 6_000).await?;
    assert_eq!((moved.method, moved.link), (MeetingMethod::VideoCall, before[0].link.clone()));
    Ok(())
}

#[tokio::test]
async fn an_appointment_is_handed_over_only_to_who_gives_its_service() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann", "bob"]).await?;
    stage.platform.book(&request("a", "ann")).await?;
    stage.platform.assign("advice", "bob", false).await?;
    let error = stage.platform.reassign("a", "bob").await.unwrap_err();
    assert!(matches!(error, BookingError::NotAssigned { .. }), "{error}");
    assert_eq!(stage.platform.appointment("a").await?.unwrap().staff, "ann");
    stage.platform.assign("advice", "bob", true).await?;
    assert_eq!(stage.platform.reassign("a", "bob").await?.appointment.staff, "bob");
    Ok(())
}

#[tokio::test]
async fn services_are_listed_by_name_with_their_methods_in_order_and_edited_in_place() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.import(&["ann", "bob"]).await?;
    let both = [MeetingMethod::VideoCall, MeetingMethod::InPerson];
    stage.platform.put_service(&Service { name: "Zinsen".to_owned(), ..service("z", &both) }).await?;
    stage.platform.put_service(&Service { name: "älter".to_owned(), ..service("b", &both) }).await?;
    let names = |services: Vec<Service>| services.into_iter().map(|one| one.name).collect::<Vec<_>>();
    assert_eq!(names(stage.platform.services().await?), ["advice", "älter", "Zinsen"]);
    let kept = stage.platform.service("z").await?.unwrap();
    assert_eq!(kept.methods, [MeetingMethod::InPerson, MeetingMethod::VideoCall]);
    stage.platform.put_service(&service("z", &[MeetingMethod::Phone])).await?;
    assert_eq!(stage.platform.service("z").await?.unwrap(), service("z", &[MeetingMethod::Phone]));

    stage.platform.assign("z", "bob", true).await?;
    stage.platform.assign("z", "bob", true).await?;
    assert_eq!(names(stage.platform.services_of("bob").await?), ["advice", "z"]);
    let ids = async |after: Option<&str>| -> anyhow::Result<Vec<String>> {
        let staff = stage.platform.staff_of_service("advice", after, 1).await?;
        Ok(staff.into_iter().map(|one| one.id).collect())
    };
    assert_eq!((ids(None).await?, ids(Some("ann")).await?), (vec!["ann".to_owned()], vec!["bob".to_owned()]));
    Ok(())
}

#[tokio::test]
async fn a_service_that_cannot_be_is_told_by_its_field_and_nothing_is_saved() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.import(&["ann"]).await?;
    let long = "x".repeat(257);
    let good = service("new", &[MeetingMethod::Phone]);
    for (expected, wrong) in [
        ("id", Service { id: String::new(), ..good.clone() }),
        ("id", Service { id: long.clone(), ..good.clone() }),
        ("name", Service { name: " ".to_owned(), ..good.clone() }),
        ("name", Service { name: long, ..good.clone() }),
        ("methods", Service { methods: vec![], ..good.clone() }),
    ] {
        let error = stage.platform.put_service(&wrong).await.unwrap_err();
        assert!(matches!(error, ServiceError::Wrong { field, .. } if field == expected), "{error}");
    }
    assert_eq!(stage.platform.service("new").await?, None);
    let error = stage.platform.assign("new", "ann", true).await.unwrap_err();
    assert!(matches!(error, ServiceError::UnknownService(_)), "{error}");
    let error = stage.platform.assign("advice", "nobody", true).await.unwrap_err();
    assert!(matches!(error, ServiceError::UnknownStaff(_)), "{error}");
    Ok(())
}

#[tokio::test]
async fn the_schedule_lists_a_stretch_of_time_and_a_client_is_found_by_address_whatever_its_case()
-> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann", "bob"]).await?;
    for (id, staff, start, email) in [
        ("late", "ann", 3_000, "Clara@Example.com"),
        ("early", "bob", 1_000, "clara@example.com"),
        ("other", "ann", 2_000, "cora@example.com"),
        ("next day", "ann", 9_000, ""),
    ] {
        let client_email = email.to_owned();
        let asked = BookingRequest { start, end: start + 500, client_email, ..request(id, staff) };
        stage.platform.book(&asked).await?;
    }
    stage.platform.cancel("other").await?;
    let ids = async |from, until, staff: Option<&str>, limit| -> anyhow::Result<Vec<String>> {
        let query = ScheduleQuery { from, until, staff: staff.map(str::to_owned), limit };
        Ok(stage.platform.schedule(&query).await?.into_iter().map(|one| one.id).collect())
    };
    assert_eq!(ids(1_000, 9_000, None, 9).await?, ["early", "other", "late"]);
    assert_eq!(ids(1_001, 3_000, None, 9).await?, ["other"]);
    assert_eq!(ids(0, 10_000, Some("ann"), 9).await?, ["other", "late", "next day"]);
    assert_eq!(ids(0, 10_000, None, 2).await?, ["early", "other"]);
    let of = async |email: &str| -> anyhow::Result<Vec<String>> {
        let found = stage.platform.appointments_of_client(email, 9).await?;
        Ok(found.into_iter().map(|one| one.id).collect())
    };
    assert_eq!(of(" CLARA@example.com ").await?, ["late", "early"]);
    assert!(of("").await?.is_empty(), "who gave no address is nobody's client");
    Ok(())
}
