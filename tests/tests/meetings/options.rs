//! What is chosen about a meeting: sent once, where it is not so already, and never at the cost of the
//! meeting.

use anyhow::{Result, bail};
use mock_graph::{Action, Operation, Recorded, contoso};
use serde_json::{Value, json};
use video_host::provider::{Error, InputProblem, MeetingRequest, Parameter};

use crate::stage::{Stage, appointment, body, moved, outage, times};

const CREATED_AND_CHANGED: [Operation; 2] = [Operation::CreateMeeting, Operation::UpdateMeeting];

/// What the documentation shows of a new meeting.
fn documented() -> Value {
    json!({})
}

fn choosing(id: &str, options: &[(&str, &str)]) -> MeetingRequest {
    let parameter =
        |(name, value): &(&str, &str)| Parameter { name: (*name).to_owned(), value: (*value).to_owned() };
    MeetingRequest { options: options.iter().map(parameter).collect(), ..appointment(id) }
}

/// The options that a `PATCH` asked for: its body without the rest.
fn asked_for(received: &[Recorded]) -> Result<Value> {
    let [.., patch] = received else { bail!("nothing was received") };
    assert_eq!(patch.operation, Operation::UpdateMeeting);
    let mut body = body(patch)?;
    if let Some(body) = body.as_object_mut() {
        for other in ["startDateTime", "endDateTime", "subject", "participants"] {
            body.remove(other);
        }
    }
    Ok(body)
}

fn every_option() -> Vec<(&'static str, &'static str, Value)> {
    let lobby = |scope| json!({ "lobbyBypassSettings": { "scope": scope } });
    let mut every = vec![
        ("announcements", "yes", json!({ "isEntryExitAnnounced": true })),
        ("announcements", "no", json!({ "isEntryExitAnnounced": false })),
        ("recording", "yes", json!({ "recordAutomatically": true })),
        ("recording", "no", json!({ "recordAutomatically": false })),
    ];
    for scope in [
        "everyone",
        "organizationAndFederated",
        "organization",
        "organizationExcludingGuests",
        "invited",
        "organizer",
    ] {
        every.push(("lobby", scope, lobby(scope)));
    }
    for who in ["everyone", "organization", "roleIsPresenter", "organizer"] {
        every.push(("presenters", who, json!({ "allowedPresenters": who })));
    }
    for mode in ["enabled", "limited", "disabled"] {
        every.push(("chat", mode, json!({ "allowMeetingChat": mode })));
    }
    every
}

/// A policy under which nothing is as it is wished for.
fn contrary(name: &str, value: &str) -> Value {
    match name {
        "announcements" => json!({ "isEntryExitAnnounced": value == "no" }),
        "recording" => json!({ "recordAutomatically": value == "no" }),
        "lobby" if value == "organizer" => json!({ "lobbyBypassSettings": { "scope": "invited" } }),
        "lobby" => json!({ "lobbyBypassSettings": { "scope": "organizer" } }),
        "presenters" if value == "organizer" => json!({ "allowedPresenters": "everyone" }),
        "presenters" => json!({ "allowedPresenters": "organizer" }),
        _ if value == "limited" => json!({ "allowMeetingChat": "disabled" }),
        _ => json!({ "allowMeetingChat": "limited" }),
    }
}

#[tokio::test]
async fn clients_get_past_the_lobby_unless_somebody_chose_otherwise() -> Result<()> {
    let stage = Stage::with_policy(documented()).await?;
    let made = stage.create(&appointment("a")).await?;
    assert!(made.created && made.warnings.is_empty(), "{made:?}");
    let received = stage.received();
    assert_eq!(received.iter().map(|it| it.operation).collect::<Vec<_>>(), CREATED_AND_CHANGED);
    // Nothing else: a repetition that comes late undoes no move.
    assert_eq!(body(&received[1])?, json!({ "lobbyBypassSettings": { "scope": "everyone" } }));
    let settings = stage.stored()?.settings;
    assert_eq!(settings["lobbyBypassSettings"]["scope"], "everyone");
    assert_eq!(settings["lobbyBypassSettings"]["isDialInBypassEnabled"], false, "as the policy has it");

    stage.create(&choosing("b", &[("lobby", "policy")])).await?;
    assert_eq!(stage.operations(), [Operation::CreateMeeting]);
    Ok(())
}

#[tokio::test]
async fn where_the_policy_lets_everyone_in_a_create_is_one_request() -> Result<()> {
    let stage = Stage::start().await?;
    stage.create(&appointment("a")).await?;
    assert_eq!(stage.operations(), [Operation::CreateMeeting]);
    Ok(())
}

#[tokio::test]
async fn every_choice_is_sent_as_graph_calls_it_and_not_sent_again() -> Result<()> {
    for (name, value, wanted) in every_option() {
        let stage = Stage::with_policy(contrary(name, value)).await?;
        let request = choosing("a", &[("lobby", "policy"), (name, value)][usize::from(name == "lobby")..]);
        let made = stage.create(&request).await?;
        assert!(made.warnings.is_empty(), "{name} {value}: {:?}", made.warnings);
        let received = stage.received();
        assert_eq!(received.len(), 2, "{name} {value}");
        assert_eq!(asked_for(&received)?, wanted);
        for (property, value) in wanted.as_object().into_iter().flatten() {
            let stored = &stage.stored()?.settings[property];
            assert!(stored == value || stored["scope"] == value["scope"], "{name}: {stored}");
        }
        stage.create(&request).await?;
        assert_eq!(stage.operations(), [Operation::CreateMeeting], "{name} {value} twice");
    }
    Ok(())
}

#[tokio::test]
async fn several_choices_follow_in_one_request() -> Result<()> {
    let stage = Stage::with_policy(documented()).await?;
    let options = [("chat", "disabled"), ("recording", "yes"), ("presenters", "everyone")];
    stage.create(&choosing("a", &options)).await?;
    let received = stage.received();
    assert_eq!(received.len(), 2);
    let wanted = json!({
        "lobbyBypassSettings": { "scope": "everyone" },
        "allowMeetingChat": "disabled",
        "recordAutomatically": true,
    });
    assert_eq!(asked_for(&received)?, wanted, "everyone presents already");
    Ok(())
}

#[tokio::test]
async fn another_choice_for_a_meeting_that_exists_is_one_change_that_leaves_its_times() -> Result<()> {
    let stage = Stage::start().await?;
    let first = stage.create(&appointment("a")).await?;
    stage.received();
    let other = stage.create(&choosing("a", &[("lobby", "organizer")])).await?;
    assert_eq!((other.created, &other.join_url), (false, &first.join_url));
    let received = stage.received();
    assert_eq!(body(&received[1])?, json!({ "lobbyBypassSettings": { "scope": "organizer" } }));

    // Both at once are one request too.
    let both = moved(&choosing("a", &[("lobby", "everyone")]));
    stage.create(&both).await?;
    let received = stage.received();
    assert_eq!(received.len(), 2);
    assert_eq!(asked_for(&received)?, json!({ "lobbyBypassSettings": { "scope": "everyone" } }));
    assert_eq!(times(&stage.stored()?), (both.start, both.end));
    Ok(())
}

#[tokio::test]
async fn a_move_takes_the_options_along_in_its_one_request() -> Result<()> {
    let stage = Stage::with_policy(documented()).await?;
    let request = choosing("a", &[("lobby", "invited"), ("chat", "limited")]);
    let first = stage.create(&request).await?;
    stage.received();
    let changed = stage.update(&MeetingRequest { meeting_id: Some(first.id), ..moved(&request) }).await?;
    assert!(changed.warnings.is_empty(), "{:?}", changed.warnings);
    let received = stage.received();
    assert_eq!(received.len(), 1);
    let wanted = json!({ "lobbyBypassSettings": { "scope": "invited" }, "allowMeetingChat": "limited" });
    assert_eq!(asked_for(&received)?, wanted);
    Ok(())
}

/// Every way in which the request for the options can fail.
fn failures() -> [Action; 9] {
    [
        Action::status(403),
        Action::status(400),
        Action::throttled("30"),
        Action::status(500),
        Action::StatusAfter { status: 504 },
        Action::DropBefore,
        Action::DropAfter,
        Action::Truncate,
        Action::Malformed,
    ]
}

#[tokio::test]
async fn options_that_fail_leave_a_meeting_and_a_warning_and_the_next_call_sets_them() -> Result<()> {
    let stage = Stage::with_policy(documented()).await?;
    for (n, action) in failures().into_iter().enumerate() {
        let request = appointment(&format!("a-{n}"));
        stage.inject(Operation::UpdateMeeting, action.clone());
        let made = stage.create(&request).await?;
        assert!(made.created, "{action:?}");
        let [warning] = &made.warnings[..] else { bail!("{action:?}: {:?}", made.warnings) };
        assert!(warning.contains("Who bypasses the lobby"), "{action:?}: {warning}");
        let stored = stage.stored()?;
        assert_eq!((&made.join_url, times(&stored)), (&stored.join_web_url, (request.start, request.end)));
        assert_eq!(stage.operations(), CREATED_AND_CHANGED, "no plugin repeats by itself: {action:?}");

        let again = stage.create(&request).await?;
        assert_eq!((again.created, &again.join_url), (false, &made.join_url));
        assert!(again.warnings.is_empty(), "{action:?}: {:?}", again.warnings);
        assert_eq!(stage.stored()?.settings["lobbyBypassSettings"]["scope"], "everyone", "{action:?}");
        stage.cancel(&request.appointment_id, Some(&made.id)).await?;
        stage.received();
    }
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_told_in_microsofts_words() -> Result<()> {
    let stage = Stage::with_policy(documented()).await?;
    for (status, said) in [
        (400, "The request is malformed or incorrect."),
        (403, "Insufficient privileges to complete the operation."),
    ] {
        stage.inject(Operation::UpdateMeeting, Action::status(status));
        let made = stage.create(&appointment(&format!("a-{status}"))).await?;
        assert!(made.warnings[0].contains(said), "{said:?} is not in {:?}", made.warnings);
    }
    Ok(())
}

#[tokio::test]
async fn a_move_that_fails_fails_and_options_that_are_refused_do_not_stop_it() -> Result<()> {
    let stage = Stage::start().await?;
    let first = stage.create(&appointment("a")).await?;
    let mut request = MeetingRequest { meeting_id: Some(first.id), ..choosing("a", &[("recording", "yes")]) };
    stage.received();
    for (action, in_doubt) in [(Action::status(500), true), (Action::DropBefore, true)] {
        stage.inject(Operation::UpdateMeeting, action);
        let error = stage.update_in_vain(&moved(&request)).await?;
        assert_eq!(outage(error)?.may_have_taken_effect, in_doubt);
        assert_eq!(times(&stage.stored()?), (request.start, request.end));
    }
    stage.received();
    for status in [400, 403] {
        request = moved(&request);
        stage.inject(Operation::UpdateMeeting, Action::status(status));
        let changed = stage.update(&request).await?;
        assert_eq!(
            (changed.start, changed.end, &changed.join_url),
            (request.start, request.end, &first.join_url)
        );
        assert!(changed.warnings[0].contains("Record automatically"), "{:?}", changed.warnings);
        assert_eq!(times(&stage.stored()?), (request.start, request.end));
        let received = stage.received();
        assert_eq!(received.len(), 2);
        assert_eq!(asked_for(&received)?, json!({}), "the second without the options");
    }
    stage.update(&request).await?;
    assert_eq!(stage.stored()?.settings["recordAutomatically"], true);
    Ok(())
}

#[tokio::test]
async fn an_option_that_is_not_offered_is_refused_by_its_name_and_nothing_is_sent() -> Result<()> {
    let stage = Stage::start().await?;
    for (name, value) in [("passcode", "yes"), ("lobby", "nobody"), ("recording", "")] {
        let request = choosing("a", &[(name, value)]);
        for error in [stage.create_in_vain(&request).await?, stage.update_in_vain(&request).await?] {
            let Error::InvalidInput(input) = &error else { bail!("{error:?}") };
            assert_eq!((input.field.as_str(), input.problem), (name, InputProblem::Unsupported));
        }
    }
    assert!(stage.received().is_empty());
    Ok(())
}

#[tokio::test]
async fn the_staff_member_is_a_co_organizer_or_a_presenter_as_chosen() -> Result<()> {
    let stage = Stage::start().await?;
    for (options, role) in
        [(&[][..], "coorganizer"), (&[("staff-role", "presenter")], "presenter"), (&[], "coorganizer")]
    {
        stage.create(&choosing("a", options)).await?;
        let stored = stage.stored()?;
        let adviser = &stored.attendees[0];
        assert_eq!(adviser.user_id.as_deref(), Some(contoso::ADVISER_ID));
        assert_eq!(adviser.role.as_deref(), Some(role));
        assert_eq!(adviser.display_name.as_deref(), Some("Adele Vance"));
        assert_eq!(stored.attendees[1].display_name.as_deref(), Some("A Customer"));
    }
    Ok(())
}
