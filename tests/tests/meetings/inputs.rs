//! Requests that cannot be: refused by name, before anything is sent.

use anyhow::{Result, bail};
use end_to_end::contract_error;
use video_host::provider::{Error, InputProblem, MeetingRequest};

use crate::stage::{START, Stage, appointment, customer};

fn bad_requests() -> Vec<(&'static str, MeetingRequest)> {
    let id = |id: &str| ("appointment-id", appointment(id));
    let meeting_id =
        |id: &str| ("meeting-id", MeetingRequest { meeting_id: Some(id.to_owned()), ..appointment("a") });
    let times = |field, start, end| (field, MeetingRequest { start, end, ..appointment("a") });
    let attendees = |attendees| ("attendees", MeetingRequest { attendees, ..appointment("a") });
    let mut nameless = customer(None);
    nameless.name = "n".repeat(257);
    vec![
        id(""),
        id(&"x".repeat(129)),
        id("termin-ü"),
        id("two\nlines"),
        id("\u{7f}"),
        meeting_id(""),
        meeting_id("."),
        meeting_id(".."),
        meeting_id(&"x".repeat(1025)),
        ("subject", MeetingRequest { subject: "é".repeat(257), ..appointment("a") }),
        times("end", START, START),
        times("end", START, START - 1),
        times("end", START, i64::MIN),
        times("start", START, i64::MAX),
        times("start", i64::MIN, START),
        attendees(vec![customer(Some("c@example.com")); 101]),
        attendees(vec![nameless]),
    ]
}

#[tokio::test]
async fn a_request_that_cannot_be_is_refused_by_the_field_and_nothing_is_sent() -> Result<()> {
    let stage = Stage::start().await?;
    for (field, request) in bad_requests() {
        let create = stage.create_in_vain(&request).await?;
        let update = stage.update_in_vain(&request).await?;
        let mut errors = vec![create, update];
        if field.ends_with("-id") {
            let cancelled = stage.cancel(&request.appointment_id, request.meeting_id.as_deref()).await;
            errors.push(contract_error(cancelled)?);
        }
        for error in errors {
            let Error::InvalidInput(input) = &error else { bail!("{field}: {error:?}") };
            assert_eq!((input.field.as_str(), input.problem), (field, InputProblem::Malformed));
        }
    }
    assert!(stage.received().is_empty());
    assert!(stage.world.microsoft.meetings().is_empty());
    Ok(())
}

#[tokio::test]
async fn what_is_just_within_the_bounds_is_taken() -> Result<()> {
    let stage = Stage::start().await?;
    let people = (0..100).map(|n| customer(Some(&format!("c{n}@example.com")))).collect();
    let requests = [
        appointment(&"x".repeat(128)),
        MeetingRequest { subject: "é".repeat(256), ..appointment("subject") },
        MeetingRequest { end: START + 1, ..appointment("end") },
        MeetingRequest { attendees: people, ..appointment("attendees") },
    ];
    for request in requests {
        assert!(stage.create(&request).await?.created, "{}", request.appointment_id);
    }
    Ok(())
}
