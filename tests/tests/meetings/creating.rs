//! Creating, and creating again.

use anyhow::{Result, bail};
use mock_graph::{Operation, contoso};
use serde_json::json;
use video_host::provider::{AttendeeRole, Error, MeetingRequest, Refusal};

use crate::stage::{START, Stage, appointment, body, customer, customer_json, moved, times};

#[tokio::test]
async fn creating_is_one_create_or_get_with_everything_in_it() -> Result<()> {
    let stage = Stage::start().await?;
    let request = appointment("appointment-1");
    let meeting = stage.create(&request).await?;

    let received = stage.received();
    let [sent] = &received[..] else { bail!("{received:?}") };
    assert_eq!(
        (sent.method.as_str(), sent.path_and_query.as_str()),
        ("POST", "/v1.0/me/onlineMeetings/createOrGet")
    );
    let wanted = json!({
        "externalId": "appointment-1",
        "startDateTime": "2026-12-01T09:00:00Z",
        "endDateTime": "2026-12-01T10:00:00Z",
        "subject": "Mortgage advice",
        "participants": { "attendees": [
            {
                "upn": contoso::ADVISER,
                "role": "coorganizer",
                "identity": { "user": { "id": contoso::ADVISER_ID, "displayName": "Adele Vance" } },
            },
            customer_json("customer@example.com"),
        ]},
    });
    assert_eq!(body(sent)?, wanted);

    let stored = stage.stored()?;
    assert_eq!(meeting.join_url, stored.join_web_url);
    assert_eq!(meeting.id, stored.id);
    assert_eq!(meeting.organizer_id, contoso::SERVICE_ACCOUNT_ID);
    assert_eq!(stored.organizer, contoso::SERVICE_ACCOUNT_ID);
    assert_eq!((meeting.start, meeting.end), (request.start, request.end));
    assert_eq!(times(&stored), (request.start, request.end));
    assert!(meeting.created && meeting.warnings.is_empty(), "{meeting:?}");
    Ok(())
}

#[tokio::test]
async fn a_member_of_the_staff_who_is_also_an_attendee_is_listed_once_in_the_higher_role() -> Result<()> {
    let stage = Stage::start().await?;
    let mut request = appointment("a");
    let mut adviser = customer(Some("adele.vance@contoso.com"));
    adviser.user_id = Some(contoso::ADVISER_ID.to_owned());
    let mut administrator = customer(Some(contoso::ADMINISTRATOR));
    administrator.user_id = Some(contoso::ADMINISTRATOR_ID.to_owned());
    administrator.role = AttendeeRole::Presenter;
    request.attendees = vec![adviser, administrator, customer(Some("CUSTOMER@example.com"))];
    request.attendees.push(customer(Some("customer@example.com")));
    stage.create(&request).await?;
    let roles: Vec<_> = stage.stored()?.attendees.into_iter().map(|it| (it.user_id, it.role)).collect();
    let listed = |id: Option<&str>, role: &str| (id.map(str::to_owned), Some(role.to_owned()));
    let wanted = [
        listed(Some(contoso::ADVISER_ID), "coorganizer"),
        listed(Some(contoso::ADMINISTRATOR_ID), "presenter"),
        listed(None, "attendee"),
    ];
    assert_eq!(roles, wanted);
    Ok(())
}

#[tokio::test]
async fn creating_twice_gives_the_same_meeting_in_one_request_each() -> Result<()> {
    let stage = Stage::start().await?;
    let request = appointment("a");
    let first = stage.create(&request).await?;
    let second = stage.create(&request).await?;
    assert!(first.created && !second.created);
    assert_eq!((&first.id, &first.join_url), (&second.id, &second.join_url));
    assert_eq!(stage.stored()?.join_web_url, first.join_url);
    assert_eq!(stage.operations(), [Operation::CreateMeeting; 2]);
    Ok(())
}

#[tokio::test]
async fn creating_again_with_something_else_changes_the_meeting_and_keeps_its_link() -> Result<()> {
    let stage = Stage::start().await?;
    let request = appointment("a");
    let first = stage.create(&request).await?;
    stage.received();
    let others: [MeetingRequest; 3] = [
        moved(&request),
        MeetingRequest { subject: String::new(), ..request.clone() },
        MeetingRequest { attendees: vec![customer(Some("another@example.com"))], ..request.clone() },
    ];
    for other in others {
        let again = stage.create(&other).await?;
        assert_eq!((&again.id, &again.join_url, again.created), (&first.id, &first.join_url, false));
        assert_eq!((again.start, again.end), (other.start, other.end));
        let stored = stage.stored()?;
        assert_eq!(times(&stored), (other.start, other.end));
        assert_eq!(stored.subject.unwrap_or_default(), other.subject);
        assert_eq!(
            stored.attendees.iter().filter_map(|it| it.upn.as_ref()).nth(1),
            other.attendees[0].address.as_ref()
        );

        let received = stage.received();
        let [_, patch] = &received[..] else { bail!("{received:?}") };
        assert_eq!((patch.method.as_str(), patch.operation), ("PATCH", Operation::UpdateMeeting));
        let body = body(patch)?;
        assert!(body["startDateTime"].is_string() && body["endDateTime"].is_string(), "{body}");
        assert_eq!(body["participants"]["attendees"].as_array().map(Vec::len), Some(2));
    }
    Ok(())
}

#[tokio::test]
async fn appointments_have_meetings_of_their_own() -> Result<()> {
    let stage = Stage::start().await?;
    let longest = "~".repeat(128);
    let ids = ["a", "A", "a ", " a", "b", "x/../y?z#'\"%20&", &longest];
    let mut links = Vec::new();
    for id in ids {
        links.push(stage.create(&appointment(id)).await?.join_url);
    }
    let known: Vec<_> =
        stage.world.microsoft.meetings().into_iter().filter_map(|it| it.external_id).collect();
    assert_eq!(known, ids);
    links.sort_unstable();
    links.dedup();
    assert_eq!(links.len(), ids.len());
    Ok(())
}

#[tokio::test]
async fn two_creates_at_once_give_one_meeting() -> Result<()> {
    let stage = Stage::start().await?;
    let request = appointment("a");
    for before in [true, false] {
        let held = stage.world.microsoft.faults().hold(Operation::CreateMeeting, before);
        let second = async {
            held.reached().await;
            let second = stage.create(&request).await;
            held.release();
            second
        };
        let (first, second) = tokio::join!(stage.create(&request), second);
        let (first, second) = (first?, second?);
        assert_eq!((&first.id, &first.join_url), (&second.id, &second.join_url));
        assert_eq!(first.join_url, stage.stored()?.join_web_url);
        assert_eq!(u8::from(first.created) + u8::from(second.created), 1, "one of them made it");
        stage.cancel("a", Some(&first.id)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn twenty_creates_are_twenty_requests_on_the_connection_that_is_open() -> Result<()> {
    let stage = Stage::start().await?;
    stage.create(&appointment("first")).await?;
    stage.received();
    let opened = stage.world.microsoft.connections_opened();
    for n in 0..20 {
        stage.create(&appointment(&format!("a-{n}"))).await?;
    }
    let received = stage.received();
    assert_eq!(received.len(), 20);
    assert!(received.iter().all(|request| request.connection == received[0].connection));
    assert_eq!(stage.world.microsoft.connections_opened(), opened);
    Ok(())
}

#[tokio::test]
async fn a_guest_without_an_address_is_told_of_and_the_meeting_is_made() -> Result<()> {
    let stage = Stage::start().await?;
    let mut request = appointment("a");
    request.attendees = vec![customer(None), customer(Some(" "))];
    let meeting = stage.create(&request).await?;
    assert_eq!(meeting.warnings.len(), 1, "{:?}", meeting.warnings);
    assert_eq!(stage.stored()?.attendees.len(), 1, "the adviser");

    // Who is not in the directory cannot present: attending is better than no meeting.
    let mut presenter = customer(Some("customer@example.com"));
    presenter.role = AttendeeRole::Presenter;
    let request = MeetingRequest { attendees: vec![presenter], ..appointment("b") };
    let meeting = stage.create(&request).await?;
    assert_eq!(meeting.warnings.len(), 1, "{:?}", meeting.warnings);
    assert!(stage.create(&request).await?.warnings == meeting.warnings);
    Ok(())
}

#[tokio::test]
async fn a_meeting_without_staff_and_attendees_can_be_made() -> Result<()> {
    let stage = Stage::start().await?;
    let request = MeetingRequest {
        staff: None,
        attendees: Vec::new(),
        subject: "ü".repeat(256),
        start: START + 123,
        ..appointment("a")
    };
    assert!(stage.create(&request).await?.created);
    let again = stage.create(&request).await?;
    assert_eq!((again.created, again.start), (false, START + 123));
    assert_eq!(stage.operations(), [Operation::CreateMeeting; 2], "nothing had to be changed");
    Ok(())
}

#[tokio::test]
async fn an_organizer_without_a_licence_is_refused() -> Result<()> {
    let stage = Stage::start().await?;
    stage.world.microsoft.directory().set_teams_licence(contoso::SERVICE_ACCOUNT, false)?;
    let error = stage.create_in_vain(&appointment("a")).await?;
    let Error::Refused(Refusal { message, .. }) = &error else { bail!("{error:?}") };
    assert!(message.contains("licence"), "{message}");
    assert!(stage.world.microsoft.meetings().is_empty());
    Ok(())
}
