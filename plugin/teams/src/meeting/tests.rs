//! Whole meetings, against a host in memory.

use super::*;
use crate::bindings::http as wire_http;
use crate::bindings::provider::{InputProblem, User};
use crate::bindings::types::Parameter;
use crate::fake::Fake;

fn connected() -> Fake {
    Fake::connected("")
}

fn request(meeting_id: Option<&str>) -> MeetingRequest {
    MeetingRequest {
        appointment_id: "a-1".to_owned(),
        meeting_id: meeting_id.map(str::to_owned),
        organizer_id: None,
        staff: None,
        subject: "Advice".to_owned(),
        start: 0,
        end: 60_000,
        attendees: Vec::new(),
        options: Vec::new(),
    }
}

fn cancellation(meeting_id: Option<&str>, organizer_id: Option<&str>) -> Cancellation {
    Cancellation {
        appointment_id: "a-1".to_owned(),
        meeting_id: meeting_id.map(str::to_owned),
        organizer_id: organizer_id.map(str::to_owned),
        staff: None,
    }
}

fn meeting(minute: u8) -> String {
    format!(
        r#"{{"id":"M*/1","joinWebUrl":"https://teams.microsoft.com/l/x","subject":"Advice",
            "lobbyBypassSettings":{{"scope":"everyone"}},"startDateTime":"1970-01-01T00:0{minute}:00.0000000Z","endDateTime":"1970-01-01T00:01:00Z"}}"#
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
        assert_eq!(cancel(&host, &cancellation(Some("M"), None)), Ok(()));
    }
    host.answer(201, &meeting(0));
    host.answer(429, "");
    assert!(matches!(cancel(&host, &cancellation(None, None)),
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

const STAFF: &str = "11111111-2222-3333-4444-555555555555";
const OTHER: &str = "99999999-2222-3333-4444-555555555555";

fn by_policy() -> Fake {
    Fake::connected(r#","method":"access-policy","cloud":"us-dod""#)
}

fn of_staff(id: &str, meeting_id: Option<&str>, organizer_id: Option<&str>) -> MeetingRequest {
    MeetingRequest {
        organizer_id: organizer_id.map(str::to_owned),
        staff: Some(User { id: id.to_owned(), key: "s@c.com".to_owned(), display_name: String::new() }),
        ..request(meeting_id)
    }
}

fn at(user: &str, rest: &str) -> String {
    format!("https://dod-graph.microsoft.us/v1.0/users/{user}/onlineMeetings{rest}")
}

#[test]
fn within_an_access_policy_the_staff_member_organises() {
    let host = by_policy();
    host.answer(201, &meeting(0));
    let made = create(&host, &of_staff(STAFF, None, Some(OTHER))).expect("a meeting");
    assert_eq!(made.organizer_id, STAFF);
    assert!(host.body(0).contains(r#""attendees":[]"#), "the organizer does not attend");
    host.answer(200, &meeting(0));
    update(&host, &of_staff(STAFF, Some("M"), None)).expect("a meeting");
    host.answer(204, "");
    assert_eq!(cancel(&host, &cancellation(Some("M"), Some(STAFF))), Ok(()));
    host.answer(200, &meeting(0));
    host.answer(204, "");
    let unknown = Cancellation { staff: of_staff(STAFF, None, None).staff, ..cancellation(None, None) };
    assert_eq!(cancel(&host, &unknown), Ok(()));
    let urls: Vec<String> = host.sent.borrow().iter().map(|request| request.url.clone()).collect();
    let made = at(STAFF, "/createOrGet");
    let known = at(STAFF, "/M");
    assert_eq!(urls, [made.clone(), known.clone(), known, made, at(STAFF, "/M%2A%2F1")]);
}

#[test]
fn a_meeting_keeps_its_organizer_when_the_staff_member_changes() {
    let host = by_policy();
    host.answer(200, &meeting(0));
    let changed = update(&host, &of_staff(OTHER, Some("M"), Some(STAFF))).expect("a meeting");
    assert_eq!(changed.organizer_id, STAFF);
    assert_eq!(host.sent.borrow()[0].url, at(STAFF, "/M"));
    assert!(host.body(0).contains(r#""role":"coorganizer""#) && host.body(0).contains(OTHER));
}

#[test]
fn without_a_matched_staff_member_nobody_organises() {
    let host = by_policy();
    let field = |result: Result<(), Error>| match result {
        Err(Error::InvalidInput(error)) => (error.field, error.problem),
        other => panic!("{other:?}"),
    };
    let missing = ("staff".to_owned(), InputProblem::Missing);
    assert_eq!(field(create(&host, &request(None)).map(drop)), missing);
    assert_eq!(field(cancel(&host, &cancellation(Some("M"), None))), missing);
    let named = create(&host, &of_staff("s@c.com", None, None)).map(drop);
    assert_eq!(field(named), ("staff".to_owned(), InputProblem::Malformed));
    let stepped = cancel(&host, &cancellation(Some("M"), Some("../x")));
    assert_eq!(field(stepped), ("organizer-id".to_owned(), InputProblem::Malformed));
    assert!(host.sent.borrow().is_empty());
}

#[test]
fn a_service_account_leaves_the_meetings_of_others_alone() {
    let host = connected();
    assert!(matches!(cancel(&host, &cancellation(Some("M"), Some(OTHER))), Err(Error::Refused(_))));
    assert!(matches!(update(&host, &of_staff(STAFF, Some("M"), Some(OTHER))), Err(Error::Refused(_))));
    assert!(host.sent.borrow().is_empty());
    host.answer(204, "");
    assert_eq!(cancel(&host, &cancellation(Some("M"), Some("ORG"))), Ok(()));
}

#[test]
fn a_missing_policy_and_a_guest_are_refused() {
    for (code, message, says) in [
        ("Forbidden", "No application access policy found for this app.", "30 minutes"),
        ("General", "No application access policy found for this app.", "30 minutes"),
        ("Unauthorized", "App x is not authorized to Create meeting on behalf of user y", "30 minutes"),
        ("Forbidden", "", "guest"),
    ] {
        let host = by_policy();
        host.answer(403, &format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#));
        let refused = create(&host, &of_staff(STAFF, None, None));
        assert!(matches!(refused, Err(Error::Refused(it)) if it.message.contains(says)), "{code}");
    }
}

fn option(name: &str, value: &str) -> Parameter {
    Parameter { name: name.to_owned(), value: value.to_owned() }
}

#[test]
fn an_unknown_option_is_refused_before_anything_is_sent() {
    let host = connected();
    let wish = MeetingRequest { options: vec![option("passcode", "yes")], ..request(Some("M")) };
    for refused in [create(&host, &wish), update(&host, &wish)] {
        assert!(matches!(refused, Err(Error::InvalidInput(input))
            if input.field == "passcode" && input.problem == InputProblem::Unsupported));
    }
    assert!(host.sent.borrow().is_empty());
}

#[test]
fn what_create_or_get_does_not_take_follows_in_one_patch_of_nothing_else() {
    let host = connected();
    let options = vec![option("lobby", "organization"), option("chat", "disabled")];
    let wish = MeetingRequest { options, ..request(None) };
    host.answer(201, &meeting(0));
    host.answer(204, "");
    let made = create(&host, &wish).expect("a meeting");
    assert!(made.created && made.warnings.is_empty());
    assert_eq!(
        host.body(1),
        r#"{"lobbyBypassSettings":{"scope":"organization"},"allowMeetingChat":"disabled"}"#
    );
    assert_eq!(host.sent.borrow().len(), 2);
}

#[test]
fn a_refused_option_leaves_the_meeting_and_a_warning_with_the_reason() {
    let wish = MeetingRequest { options: vec![option("recording", "yes")], ..request(None) };
    for (status, says) in [
        (400, "not allowed"),
        (403, "not allowed"),
        (401, "Reauthorize"),
        (404, "not allowed"),
        (429, "fewer"),
        (500, "not allowed"),
    ] {
        let host = connected();
        host.answer(201, &meeting(0));
        host.answer(status, r#"{"error":{"code":"x","message":"Recording is not allowed."}}"#);
        let made = create(&host, &wish).expect("a meeting");
        let [warning] = &made.warnings[..] else { panic!("{:?}", made.warnings) };
        assert!(warning.contains("\"Record automatically\"") && warning.contains(says), "{warning}");
    }
    let host = connected();
    host.answer(200, &meeting(0));
    host.answer(404, "{}");
    assert!(matches!(create(&host, &wish), Err(Error::Unavailable(_))), "it was deleted meanwhile");
}

#[test]
fn a_lost_answer_to_an_option_is_a_warning_and_one_to_a_move_an_error() {
    let wish = MeetingRequest { options: vec![option("recording", "yes")], ..request(None) };
    for minute in [0, 5] {
        let host = connected();
        host.answer(200, &meeting(minute));
        host.answers.borrow_mut().push_back(Err(wire_http::Error::NoAnswer(String::new())));
        match create(&host, &wish) {
            Ok(made) => assert!(minute == 0 && made.warnings.len() == 1),
            Err(error) => assert!(minute == 5 && matches!(error, Error::Unavailable(_))),
        }
        assert_eq!(host.sent.borrow().len(), 2);
    }
}

#[test]
fn an_option_that_is_refused_does_not_stand_in_the_way_of_a_move() {
    let wish = MeetingRequest { options: vec![option("recording", "yes")], ..request(Some("M")) };
    let host = connected();
    host.answer(403, r#"{"error":{"code":"Forbidden","message":"Recording is not allowed."}}"#);
    host.answer(200, &meeting(0));
    let moved = update(&host, &wish).expect("a meeting");
    assert!(moved.warnings[0].contains("Recording is not allowed."));
    assert!(host.body(0).contains("recordAutomatically") && host.body(0).contains("startDateTime"));
    assert!(!host.body(1).contains("recordAutomatically") && host.body(1).contains("startDateTime"));

    // What cannot be the options' fault is not asked for again, and what is not stays refused.
    for status in [404, 429, 500] {
        host.answer(status, "{}");
        assert!(update(&host, &wish).is_err());
    }
    assert_eq!(host.sent.borrow().len(), 5);
    let no_policy = r#"{"error":{"message":"No application access policy found for this app."}}"#;
    host.answer(403, no_policy);
    host.answer(403, no_policy);
    assert!(matches!(update(&host, &wish), Err(Error::Refused(_))));
}

#[test]
fn an_option_that_microsoft_ignores_is_told() {
    let host = connected();
    let wish = MeetingRequest { options: vec![option("lobby", "organizer")], ..request(None) };
    host.answer(200, &meeting(0));
    host.answer(200, &meeting(0));
    let made = create(&host, &wish).expect("a meeting");
    assert!(made.warnings[0].contains("\"Who bypasses the lobby\""), "{:?}", made.warnings);
}
