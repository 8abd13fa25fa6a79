//! `/_mock/…` on localhost: the same controls for a test in another process.

use std::time::Duration;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::graph::StoredMeeting;
use crate::hosts::{Surface, surface};
use crate::shared::Shared;
use crate::wire::{Incoming, Reply};

const PREFIX: &str = "/_mock/";

/// Only under a local name and from this machine: Microsoft's names have no such path.
pub(crate) fn is_for(incoming: &Incoming) -> bool {
    incoming.path.starts_with(PREFIX)
        && incoming.from_loopback
        && surface(&incoming.host()) == Surface::Either
}

#[derive(Deserialize)]
struct Advance {
    seconds: f64,
}

/// | request | effect |
/// | --- | --- |
/// | `POST /_mock/faults` | injects a [`Fault`], as JSON |
/// | `DELETE /_mock/faults` | ends all faults |
/// | `GET /_mock/journal`, `DELETE` | the records; forgets them |
/// | `GET /_mock/har` | the redacted recording |
/// | `GET /_mock/meetings` | what exists now |
/// | `POST /_mock/clock/advance` | `{"seconds": 3600}` |
/// | `POST /_mock/directory` | a [`Change`], such as `{"revoke_sessions": "meetings@contoso.com"}` |
pub(crate) fn answer(shared: &Shared, incoming: &Incoming) -> Reply {
    let path = incoming.path.strip_prefix(PREFIX).unwrap_or_default();
    match (&incoming.method, path) {
        (&Method::POST, "faults") => match serde_json::from_slice::<Fault>(&incoming.body) {
            Ok(fault) => {
                shared.faults.inject(fault);
                Reply::new(StatusCode::NO_CONTENT)
            }
            Err(error) => refused(&error),
        },
        (&Method::DELETE, "faults") => {
            shared.faults.clear();
            Reply::new(StatusCode::NO_CONTENT)
        }
        (&Method::GET, "journal") => {
            let requests = serde_json::to_value(shared.journal.requests()).unwrap_or(Value::Null);
            Reply::json(StatusCode::OK, &json!({ "requests": requests }))
        }
        (&Method::DELETE, "journal") => {
            shared.journal.clear();
            Reply::new(StatusCode::NO_CONTENT)
        }
        (&Method::GET, "har") => {
            Reply::new(StatusCode::OK).with_body("application/json", shared.journal.har())
        }
        (&Method::GET, "meetings") => {
            let meetings: Vec<Value> = shared.meetings.all().iter().map(meeting).collect();
            Reply::json(StatusCode::OK, &json!({ "meetings": meetings }))
        }
        (&Method::POST, "clock/advance") => advance(shared, &incoming.body),
        (&Method::POST, "directory") => administered(shared, &incoming.body),
        _ => Reply::new(StatusCode::NOT_FOUND),
    }
}

/// What an administrator may do to a user from outside, each by object id or UPN.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    RevokeSessions(String),
    ExpirePassword(String),
    DemandSignIn(String),
    RequireMfa(String),
    BlockByConditionalAccess(String),
    Disable(String),
    Enable(String),
    Remove(String),
}

fn administered(shared: &Shared, body: &[u8]) -> Reply {
    let change = match serde_json::from_slice(body) {
        Ok(change) => change,
        Err(error) => return refused(&error),
    };
    let directory = &shared.directory;
    let changed = match change {
        Change::RevokeSessions(user) => directory.revoke_sessions(&user),
        Change::ExpirePassword(user) => directory.expire_password(&user),
        Change::DemandSignIn(user) => directory.demand_sign_in(&user),
        Change::RequireMfa(user) => directory.require_mfa(&user),
        Change::BlockByConditionalAccess(user) => directory.block_by_conditional_access(&user, true),
        Change::Disable(user) => directory.set_enabled(&user, false),
        Change::Enable(user) => directory.set_enabled(&user, true),
        Change::Remove(user) => directory.remove_user(&user),
    };
    match changed {
        Ok(()) => Reply::new(StatusCode::NO_CONTENT),
        Err(missing) => refused(&missing),
    }
}

fn advance(shared: &Shared, body: &[u8]) -> Reply {
    match serde_json::from_slice::<Advance>(body) {
        Ok(Advance { seconds }) => match Duration::try_from_secs_f64(seconds) {
            Ok(by) => {
                shared.clock.advance(by);
                Reply::json(StatusCode::OK, &json!({ "now": shared.clock.now().to_string() }))
            }
            Err(error) => refused(&error),
        },
        Err(error) => refused(&error),
    }
}

fn refused(error: &dyn std::fmt::Display) -> Reply {
    Reply::json(StatusCode::BAD_REQUEST, &json!({ "error": error.to_string() }))
}

fn meeting(meeting: &StoredMeeting) -> Value {
    json!({
        "tenant": meeting.tenant,
        "organizer": meeting.organizer,
        "externalId": meeting.external_id,
        "id": meeting.id,
        "joinWebUrl": meeting.join_web_url,
        "subject": meeting.subject,
        "start": meeting.start.to_string(),
        "end": meeting.end.to_string(),
        "attendees": meeting.attendees,
        "settings": meeting.settings,
    })
}
