//! Links for who joins. What is signed, and with which key, settings can say instead: `claims` and `key`. And
//! `leaks` says where the token goes besides.

use crate::bindings::joining::{JoinableMeeting, Participant, Role};
use crate::bindings::provider::Error;
use crate::bindings::scheduling::video_provider::log::{self, Level};
use crate::bindings::{settings, signing, storage};
use crate::{breaks, stored};

const KEY: &str = "rooms-token";

fn claims(meeting: &JoinableMeeting, participant: &Participant) -> String {
    if breaks("has-the-host-sign") {
        return r#"{"exp":4102444800}"#.to_owned();
    }
    let name = participant.display_name.replace('\\', "\\\\").replace('"', "\\\"");
    let host = participant.role == Role::Host;
    format!(r#"{{"room":"{}","name":"{name}","host":{host}}}"#, meeting.meeting_id)
}

pub(crate) fn link(meeting: &JoinableMeeting, participant: &Participant) -> Result<String, Error> {
    if breaks("gives-a-link-for-joining") {
        return Ok(meeting.join_url.replacen("https", "http", 1));
    }
    if breaks("participants-have-their-own-links")
        && let Some(entry) = storage::get("shared-link").map_err(stored)?
    {
        return Ok(String::from_utf8_lossy(&entry.value).into_owned());
    }
    let key = settings::get("key").unwrap_or_else(|| KEY.to_owned());
    let claims = settings::get("claims").unwrap_or_else(|| claims(meeting, participant));
    let mut token = signing::sign(&key, &claims);
    let more = settings::get("signs-again").and_then(|times| times.parse().ok()).unwrap_or(0);
    for _ in 0..more {
        token = signing::sign(&key, &claims);
    }
    let token = match token {
        Ok(token) => token,
        Err(signing::Error::UnknownKey(_)) if settings::get("key").is_none() => {
            return Ok(meeting.join_url.clone());
        }
        // As it is written in the contract, for tests to look at.
        Err(error) => return Err(Error::Internal(format!("{error:?}"))),
    };
    let link = if breaks("a-token-leads-where-it-may") {
        format!("https://elsewhere.example/?token={token}")
    } else {
        format!("{}?token={token}", meeting.join_url)
    };
    for (rule, key) in
        [("participants-have-their-own-links", "shared-link"), ("a-token-is-stored-nowhere", "last-link")]
    {
        if breaks(rule) {
            storage::set(key, link.as_bytes()).map_err(stored)?;
        }
    }
    match settings::get("leaks").as_deref() {
        Some("log") => log::log(Level::Warn, &format!("the token is {token}")),
        Some("error") => return Err(Error::NotFound(format!("no room for {token}"))),
        Some("trap") => panic!("the token is {token}"),
        _ => {}
    }
    Ok(link)
}
