//! A provider that breaks every rule. What it does wrong is named by the appointment's id, so that a test
//! reads like what happens: `create-meeting` of the appointment `spin` never ends.

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::pedantic)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "video-provider",
        default_bindings_module: "crate::bindings",
    });
}

use std::hint::black_box;

use bindings::exports::scheduling::video_provider::provider::{
    AuthorizationRequest, AuthorizationResponse, Cancellation, Capabilities, Connection, Description,
    DirectoryEntry, DirectoryPage, Error, Guest, Look, LookUpOutcome, MatchOutcome, Meeting,
    MeetingReference, MeetingRequest, MeetingState, NextStep, Standing, User,
};
use bindings::scheduling::video_provider::{http, log, storage};

/// The component.
pub struct Evil;

impl Guest for Evil {
    fn describe() -> Description {
        Description {
            id: "evil".to_owned(),
            name: "Evil".to_owned(),
            version: "1".to_owned(),
            setup: Vec::new(),
            meeting_options: Vec::new(),
            match_key: "Name".to_owned(),
            best_batch: 10,
            meetings_per_month: None,
            capabilities: Capabilities::all(),
            api_origins: vec!["https://graph.microsoft.com".to_owned()],
            identity_origins: Vec::new(),
            optional_api_origins: Vec::new(),
            optional_identity_origins: Vec::new(),
        }
    }

    /// Sends the administrator to a page of its own, given as the redirect URI.
    fn begin_connect(request: AuthorizationRequest) -> Result<NextStep, Error> {
        Ok(NextStep::Visit(request.redirect_uri))
    }

    fn finish_connect(_: AuthorizationResponse) -> Result<Connection, Error> {
        Err(Error::NotConnected)
    }

    fn check() -> Result<Connection, Error> {
        Err(Error::NotConnected)
    }

    fn check_user(_: User) -> Result<Vec<String>, Error> {
        Err(Error::NotConnected)
    }

    /// Fewer outcomes than keys.
    fn match_users(_: Vec<String>, _: Look) -> Result<Vec<MatchOutcome>, Error> {
        Ok(vec![MatchOutcome::NotFound])
    }

    /// More users than fit a page; or, asked for the page of this name, one without an id.
    fn list_users(cursor: Option<String>) -> Result<DirectoryPage, Error> {
        let entry = |id: &str| DirectoryEntry {
            user: User { id: id.to_owned(), key: "k".to_owned(), display_name: String::new() },
            standing: Standing::Usable,
            other_keys: Vec::new(),
        };
        let entries = match cursor.as_deref() {
            Some("nobody") => vec![entry("")],
            _ => (0..1_001).map(|_| entry("same")).collect(),
        };
        Ok(DirectoryPage { entries, next: None })
    }

    fn directory_size() -> Result<Option<u64>, Error> {
        Ok(Some(u64::MAX))
    }

    fn create_meeting(request: MeetingRequest) -> Result<Meeting, Error> {
        let evil = request.appointment_id.as_str();
        match evil {
            "spin" => spin(),
            "grow" => grow(),
            "recurse" => {
                black_box(recurse(1));
            }
            "trap" => panic!("the evil plugin panics on purpose"),
            "flood the log" => {
                for line in 0..10_000 {
                    log::log(log::Level::Error, &format!("line {line}\nforged"));
                }
            }
            "overflow storage" => return Ok(meeting(&overflow_storage())),
            "environment" => return Ok(meeting(&environment())),
            url if url.starts_with("https:") || url.starts_with("http:") => {
                return Ok(meeting(&fetch(url, &[])));
            }
            "forge authorization" => {
                return Ok(meeting(&fetch(
                    "https://graph.microsoft.com/v1.0/me",
                    &[("Authorization", "Bearer x")],
                )));
            }
            "forge host" => {
                return Ok(meeting(&fetch(
                    "https://graph.microsoft.com/v1.0/me",
                    &[("host", "evil.example")],
                )));
            }
            "smuggle" => {
                let header = [("x-a", "1\r\nauthorization: Bearer x")];
                return Ok(meeting(&fetch("https://graph.microsoft.com/v1.0/me", &header)));
            }
            "link:javascript" => return Ok(link("javascript:alert(1)")),
            "link:http" => return Ok(link("http://teams.example/join")),
            "link:user" => return Ok(link("https://teams.microsoft.com@evil.example/join")),
            "link:long" => return Ok(link(&format!("https://teams.example/{}", "a".repeat(5_000)))),
            "link:none" => return Ok(link("")),
            "error:long" => return Err(Error::NotFound("a".repeat(1 << 20))),
            "error:control" => return Err(Error::NotFound("\u{1b}[2Jgone".to_owned())),
            _ => {}
        }
        Ok(meeting("done"))
    }

    fn update_meeting(_: MeetingRequest) -> Result<Meeting, Error> {
        Err(Error::NotConnected)
    }

    fn cancel_meeting(_: Cancellation) -> Result<(), Error> {
        Ok(())
    }

    /// Answers as the reference's meeting id says, and always with one outcome.
    fn look_up_meetings(references: Vec<MeetingReference>) -> Result<Vec<LookUpOutcome>, Error> {
        let evil = references.first().and_then(|reference| reference.meeting_id.as_deref());
        let found = |join_url: &str, subject: &str| {
            LookUpOutcome::Found(MeetingState {
                id: "1".to_owned(),
                join_url: join_url.to_owned(),
                organizer_id: String::new(),
                start: 0,
                end: 1,
                subject: Some(subject.to_owned()),
            })
        };
        Ok(vec![match evil.unwrap_or_default() {
            "link" => found("javascript:alert(1)", ""),
            "subject" => found("https://rooms.example/1", &"a".repeat(2_000)),
            "reason" => LookUpOutcome::Unknown("\u{1b}[2Jgone".to_owned()),
            _ => LookUpOutcome::Gone,
        }])
    }

    fn begin_reauthorize(_: AuthorizationRequest) -> Result<NextStep, Error> {
        Err(Error::NotConnected)
    }

    fn finish_reauthorize(_: AuthorizationResponse) -> Result<Connection, Error> {
        Err(Error::NotConnected)
    }

    fn disconnect() -> Result<(), Error> {
        Ok(())
    }
}

/// A meeting that carries what the evil came to in its id.
fn meeting(id: &str) -> Meeting {
    Meeting { id: id.to_owned(), ..link("https://rooms.example/1") }
}

fn link(join_url: &str) -> Meeting {
    Meeting {
        id: "1".to_owned(),
        join_url: join_url.to_owned(),
        organizer_id: String::new(),
        start: 0,
        end: 1,
        created: true,
        warnings: Vec::new(),
    }
}

fn spin() {
    let mut n = 0_u64;
    loop {
        n = black_box(n.wrapping_add(1));
    }
}

fn grow() {
    let mut held = Vec::new();
    loop {
        held.push(black_box(vec![1_u8; 1 << 20]));
    }
}

#[allow(unconditional_recursion)]
fn recurse(depth: u64) -> u64 {
    black_box(recurse(black_box(depth + 1))) + 1
}

fn overflow_storage() -> String {
    let large = vec![7_u8; 64 << 10];
    let written = (0..1_000).take_while(|n| storage::set(&format!("key-{n}"), &large).is_ok()).count();
    let too_large = storage::set("large", &vec![7_u8; (64 << 10) + 1]).is_err();
    format!("{written} values written, a larger one refused: {too_large}")
}

fn environment() -> String {
    format!("{} variables, {} arguments", std::env::vars().count(), std::env::args().count())
}

/// The kind of answer, or of refusal.
fn fetch(url: &str, headers: &[(&str, &str)]) -> String {
    let headers = headers.iter().map(|(name, value)| http_parameter(name, value)).collect();
    let request = http::Request {
        method: http::Method::Get,
        url: url.to_owned(),
        headers,
        body: None,
        credential: None,
    };
    match http::send(&request) {
        Ok(response) => format!("answered {}", response.status),
        Err(http::Error::Denied(reason)) => format!("denied: {reason}"),
        Err(http::Error::NotSent(reason)) => format!("not sent: {reason}"),
        Err(http::Error::NoAnswer(_)) => "no answer".to_owned(),
        Err(http::Error::TooLarge(_)) => "too large".to_owned(),
        Err(http::Error::Deadline) => "deadline".to_owned(),
        Err(http::Error::Credential(_)) => "credential".to_owned(),
    }
}

fn http_parameter(name: &str, value: &str) -> bindings::scheduling::video_provider::types::Parameter {
    bindings::scheduling::video_provider::types::Parameter { name: name.to_owned(), value: value.to_owned() }
}

// A native linker refuses the exports' names.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code)]
mod exported {
    crate::bindings::export!(Evil with_types_in crate::bindings);
    use super::Evil;
}
