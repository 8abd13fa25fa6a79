//! How meetings are at Microsoft: read, and nothing changed.

use http::StatusCode;

use super::organizer::Organizer;
use super::validate;
use super::wire::Given;
use crate::bindings::provider::{Error, InputProblem, LookUpOutcome, MeetingReference};
use crate::connection::{self, Record};
use crate::failure;
use crate::graph::{Failure, Request, batch, retry};
use crate::host::Host;
use crate::json::Json;

/// Where one of the meetings is.
struct Place {
    organizer: Organizer,
    meeting: String,
}

/// One outcome for each reference: a `GET` for one of them, one `$batch` for up to 20, and nothing for
/// those that cannot be asked for.
pub(crate) fn look_up(host: &dyn Host, references: &[MeetingReference]) -> Result<Vec<LookUpOutcome>, Error> {
    if references.len() > batch::MOST {
        return Err(failure::invalid_input(
            "references",
            InputProblem::Malformed,
            "At most 20 meetings can be looked up at once.",
        ));
    }
    let record = connection::require(host)?;
    let places: Vec<Result<Place, LookUpOutcome>> =
        references.iter().map(|reference| place(&record, reference)).collect();
    let asked: Vec<&Place> = places.iter().filter_map(|place| place.as_ref().ok()).collect();
    let mut answers = match asked[..] {
        [] => Vec::new(),
        [only] => vec![alone(host, only)?],
        _ => together(host, &record, &asked)?,
    }
    .into_iter();
    Ok(places
        .into_iter()
        .map(|place| match place {
            Ok(_) => answers.next().unwrap_or_else(unanswered),
            Err(outcome) => outcome,
        })
        .collect())
}

/// Where a meeting is, or why that is not known. What is wrong with one reference says nothing about
/// the others.
fn place(record: &Record, reference: &MeetingReference) -> Result<Place, LookUpOutcome> {
    let MeetingReference { meeting_id, organizer_id, staff, .. } = reference;
    let Some(id) = meeting_id else {
        // Graph finds a meeting by its `externalId` only through `createOrGet`.
        return Err(LookUpOutcome::Unknown(
            "The meeting's id is not known, and Microsoft finds a meeting without it only by making one."
                .to_owned(),
        ));
    };
    validate::meeting(id)
        .and_then(|()| Organizer::of_known(record, organizer_id.as_deref(), staff.as_ref()))
        .map(|organizer| Place { organizer, meeting: id.clone() })
        .map_err(|error| {
            LookUpOutcome::Unknown(match error {
                Error::InvalidInput(input) => input.message,
                Error::Refused(refusal) => refusal.message,
                _ => "Where the meeting is cannot be told.".to_owned(),
            })
        })
}

/// If it is put off, so is the whole call: the host waits as for any other.
fn alone(host: &dyn Host, place: &Place) -> Result<LookUpOutcome, Error> {
    let request = Request::get(place.organizer.meeting(&place.meeting), place.organizer.credential);
    match request.succeed(host) {
        Ok(answer) => Ok(read(&answer.json()?, place)),
        Err(Failure { error: error @ (Error::Throttled(_) | Error::Unavailable(_)), .. }) => Err(error),
        Err(failure) => refused(failure),
    }
}

fn together(host: &dyn Host, record: &Record, places: &[&Place]) -> Result<Vec<LookUpOutcome>, Error> {
    let paths: Vec<String> = places.iter().map(|place| place.organizer.path(&place.meeting)).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let url = record.cloud.resource("/$batch");
    let answer = Request::batch(url, batch::assemble(&paths)?, record.credential()).succeed(host)?;
    let answer = answer.json()?;
    let items = batch::disassemble(&answer, places.len())?;
    let outcome = |(item, place): (Option<batch::Item<'_>>, &&Place)| match item {
        None => Ok(unanswered()),
        Some(item) if item.status.is_success() => Ok(read(item.body, place)),
        Some(item) => refused(item.refused()),
    };
    items.into_iter().zip(places).map(outcome).collect()
}

fn read(meeting: &Json<'_>, place: &Place) -> LookUpOutcome {
    match Given::read(meeting).state(&place.organizer.id) {
        Some(state) => LookUpOutcome::Found(state),
        None => LookUpOutcome::Unknown(
            "Microsoft Graph gave the meeting without its times or its link.".to_owned(),
        ),
    }
}

/// What a refused `GET` says of the meeting. An error concerns the connection, and with it all.
fn refused(failure: Failure) -> Result<LookUpOutcome, Error> {
    match (failure.status, failure.error) {
        (Some(StatusCode::NOT_FOUND | StatusCode::GONE), _) => Ok(LookUpOutcome::Gone),
        (_, Error::Refused(refusal)) => Ok(LookUpOutcome::Unknown(refusal.message)),
        (_, Error::Internal(message)) => Ok(LookUpOutcome::Unknown(message)),
        (_, error @ (Error::Throttled(_) | Error::Unavailable(_))) => {
            Ok(LookUpOutcome::RetryLater(retry::after(&error)))
        }
        (_, error) => Err(error),
    }
}

fn unanswered() -> LookUpOutcome {
    LookUpOutcome::RetryLater(retry::UNNAMED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    const STAFF: &str = "11111111-2222-3333-4444-555555555555";

    fn reference(meeting: Option<&str>, organizer: Option<&str>) -> MeetingReference {
        MeetingReference {
            appointment_id: "a-1".to_owned(),
            meeting_id: meeting.map(str::to_owned),
            organizer_id: organizer.map(str::to_owned),
            staff: None,
        }
    }

    const MEETING: &str = r#"{"id":"M*/1","joinWebUrl":"https://teams.microsoft.com/l/x",
        "subject":"Advice\u0007","startDateTime":"1970-01-01T00:00:00Z",
        "endDateTime":"1970-01-01T00:01:00.0000000Z"}"#;

    fn item(id: u8, status: u16, rest: &str) -> String {
        format!(r#"{{"id":"{id}","status":{status}{rest}}}"#)
    }

    fn batch(items: &[String]) -> String {
        format!(r#"{{"responses":[{}]}}"#, items.join(","))
    }

    fn is_unknown(outcome: &LookUpOutcome, says: &str) -> bool {
        matches!(outcome, LookUpOutcome::Unknown(why) if why.contains(says))
    }

    #[test]
    fn one_meeting_is_one_plain_get() {
        let host = Fake::connected("");
        host.answer(200, MEETING);
        let found = look_up(&host, &[reference(Some("M*/1"), None)]).expect("an outcome");
        let [LookUpOutcome::Found(state)] = &found[..] else { panic!("{found:?}") };
        assert_eq!((state.start, state.end, state.organizer_id.as_str()), (0, 60_000, "org"));
        assert_eq!(state.subject.as_deref(), Some("Advice "), "without the control character");
        assert_eq!(host.lines(), ["Method::Get https://graph.microsoft.com/v1.0/me/onlineMeetings/M*/1"]);
        for (status, says) in [(404, None), (403, Some("refused")), (400, Some("did not accept"))] {
            host.answer(status, "{}");
            let outcome = look_up(&host, &[reference(Some("M"), None)]).expect("an outcome");
            match says {
                None => assert_eq!(outcome, [LookUpOutcome::Gone]),
                Some(says) => assert!(is_unknown(&outcome[0], says), "{outcome:?}"),
            }
        }
    }

    #[test]
    fn several_meetings_are_one_batch_and_each_has_its_own_outcome() {
        let host = Fake::connected("");
        let found = format!(r#","body":{MEETING}"#);
        host.answer(
            200,
            &batch(&[
                item(2, 404, ""),
                item(1, 200, &found),
                item(3, 429, r#","headers":{"Retry-After":"2.5"}"#),
                item(4, 503, ""),
                item(6, 200, r#","body":{"id":"M"}"#),
            ]),
        );
        let references = ["a", "b", "c", "d", "e", "f"].map(|id| reference(Some(id), Some("ORG")));
        let outcomes = look_up(&host, &references).expect("outcomes");
        assert!(matches!(outcomes[0], LookUpOutcome::Found(_)), "{outcomes:?}");
        assert_eq!(
            outcomes[1..5],
            [
                LookUpOutcome::Gone,
                LookUpOutcome::RetryLater(2500),
                LookUpOutcome::RetryLater(5000),
                LookUpOutcome::RetryLater(5000),
            ]
        );
        assert!(is_unknown(&outcomes[5], "without its times"), "{outcomes:?}");
        assert_eq!(host.lines(), ["Method::Post https://graph.microsoft.com/v1.0/$batch"]);
        assert!(host.body(0).contains(r#""method":"GET","url":"/me/onlineMeetings/a""#), "{}", host.body(0));
    }

    #[test]
    fn within_an_access_policy_each_meeting_is_looked_up_at_its_organizer() {
        let host = Fake::connected(r#","method":"access-policy","cloud":"us-dod""#);
        host.answer(200, &batch(&[item(1, 404, ""), item(2, 404, "")]));
        let references = [
            reference(Some("a"), Some(STAFF)),
            reference(Some("b"), None),
            reference(Some("c"), Some(STAFF)),
        ];
        let outcomes = look_up(&host, &references).expect("outcomes");
        assert_eq!((&outcomes[0], &outcomes[2]), (&LookUpOutcome::Gone, &LookUpOutcome::Gone));
        assert!(is_unknown(&outcomes[1], "needs one who is matched"), "{outcomes:?}");
        assert!(host.body(0).contains(&format!("/users/{STAFF}/onlineMeetings/c")), "{}", host.body(0));
    }

    #[test]
    fn what_cannot_be_told_without_writing_asks_nobody() {
        let host = Fake::connected("");
        let references =
            [reference(None, None), reference(Some(".."), None), reference(Some("M"), Some(STAFF))];
        let outcomes = look_up(&host, &references).expect("outcomes");
        for (outcome, says) in outcomes.iter().zip(["only by making one", "not the id", "only that account"])
        {
            assert!(is_unknown(outcome, says), "{outcomes:?}");
        }
        assert!(host.sent.borrow().is_empty());
        assert_eq!(look_up(&host, &[]), Ok(Vec::new()));
        let many = vec![reference(Some("M"), None); 21];
        assert!(matches!(look_up(&host, &many), Err(Error::InvalidInput(_))));
        assert_eq!(look_up(&Fake::default(), &[]), Err(Error::NotConnected));
    }

    #[test]
    fn what_concerns_the_connection_ends_the_whole_call() {
        let host = Fake::connected("");
        let two = [reference(Some("a"), None), reference(Some("b"), None)];
        host.answer(200, &batch(&[item(1, 404, ""), item(2, 401, "")]));
        assert!(matches!(look_up(&host, &two), Err(Error::NeedsReauthorization(_))));
        host.answer(429, "");
        assert_eq!(look_up(&host, &two), Err(Error::Throttled(None)));
        host.answer(503, "");
        assert!(matches!(look_up(&host, &two[..1]),
            Err(Error::Unavailable(outage)) if !outage.may_have_taken_effect));
    }
}
