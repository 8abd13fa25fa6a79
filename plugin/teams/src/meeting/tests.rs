//! Whole meetings, against a host in memory.

use super::*;
use crate::bindings::http as wire_http;
use crate::fake::Fake;

fn connected() -> Fake {
    let host = Fake::default();
    let record =
        r#"{"version":1,"tenant":"t","oid":"org","upn":"o@c.com","name":"O","scopes":[],"connected_at":0}"#;
    host.stored.borrow_mut().insert("connection".to_owned(), record.as_bytes().to_vec());
    host
}

fn request(meeting_id: Option<&str>) -> MeetingRequest {
    MeetingRequest {
        appointment_id: "a-1".to_owned(),
        meeting_id: meeting_id.map(str::to_owned),
        staff: None,
        subject: "Advice".to_owned(),
        start: 0,
        end: 60_000,
        attendees: Vec::new(),
    }
}

fn meeting(minute: u8) -> String {
    format!(
        r#"{{"id":"M*/1","joinWebUrl":"https://teams.microsoft.com/l/x","subject":"Advice",
            "startDateTime":"1970-01-01T00:0{minute}:00.0000000Z","endDateTime":"1970-01-01T00:01:00Z"}}"#
    )
}

#[test]
fn a_new_meeting_is_one_request() {
    let host = connected();
    host.answer(201, &meeting(0));
    let made = create(&host, &request(None)).expect("a meeting");
    assert!(made.created);
    assert_eq!((made.organizer_id.as_str(), made.end), ("org", 60_000));
    assert_eq!(host.sent.borrow().len(), 1);
    assert!(host.body(0).contains(r#""externalId":"a-1""#));
}

#[test]
fn a_meeting_that_exists_is_changed_only_if_it_differs() {
    let host = connected();
    host.answer(200, &meeting(0));
    assert!(!create(&host, &request(None)).expect("a meeting").created);
    assert_eq!(host.sent.borrow().len(), 1);
    host.answer(200, &meeting(5));
    host.answer(200, r#"{"joinWebUrl":"url"}"#);
    let changed = create(&host, &request(None)).expect("a meeting");
    assert_eq!(changed.start, 0);
    assert_eq!(changed.join_url, "https://teams.microsoft.com/l/x");
    assert_eq!(host.sent.borrow()[2].url, "https://graph.microsoft.com/v1.0/me/onlineMeetings/M%2A%2F1");
    assert!(!host.body(2).contains("externalId"));
}

#[test]
fn a_patch_without_a_link_is_completed_by_asking() {
    let host = connected();
    host.answer(204, "");
    host.answer(200, &meeting(0));
    let changed = update(&host, &request(Some("M*/1"))).expect("a meeting");
    assert_eq!(changed.id, "M*/1");
    assert_eq!(host.sent.borrow().len(), 2);
    host.answer(404, "{}");
    assert!(matches!(update(&host, &request(Some("gone"))), Err(Error::NotFound(_))));
}

#[test]
fn what_is_gone_is_cancelled() {
    let host = connected();
    for status in [204, 404] {
        host.answer(status, "");
        assert_eq!(cancel(&host, "a-1", Some("M")), Ok(()));
    }
    host.answer(201, &meeting(0));
    host.answer(429, "");
    assert!(matches!(cancel(&host, "a-1", None),
        Err(Error::Unavailable(outage)) if outage.may_have_taken_effect));
}

#[test]
fn a_lost_answer_may_have_taken_effect_and_an_unsent_request_may_not() {
    let host = connected();
    for (error, effect) in [
        (wire_http::Error::NoAnswer(String::new()), true),
        (wire_http::Error::Deadline, true),
        (wire_http::Error::TooLarge(1), true),
        (wire_http::Error::NotSent(String::new()), false),
    ] {
        host.answers.borrow_mut().push_back(Err(error));
        assert!(matches!(create(&host, &request(None)),
            Err(Error::Unavailable(outage)) if outage.may_have_taken_effect == effect));
    }
    let missing = wire_http::Error::Credential(wire_http::CredentialFailure::Missing);
    host.answers.borrow_mut().push_back(Err(missing));
    assert_eq!(create(&host, &request(None)), Err(Error::NotConnected));
    assert_eq!(create(&Fake::default(), &request(None)), Err(Error::NotConnected));
}
