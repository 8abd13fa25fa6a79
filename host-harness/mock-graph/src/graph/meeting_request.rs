//! Reading the body of a create or an update.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::error::GraphError;
use super::meeting_body::{bad, check_role, check_setting};
use super::meeting_store::Attendee;
use crate::directory::People;
use crate::shared::Shared;

/// What a body asks for; `None` where it says nothing.
#[derive(Debug, Default)]
pub(super) struct Wish {
    pub(super) start: Option<Timestamp>,
    pub(super) end: Option<Timestamp>,
    #[expect(clippy::option_option, reason = "absent, null and a text are three wishes")]
    pub(super) subject: Option<Option<String>>,
    pub(super) attendees: Option<Vec<Attendee>>,
    pub(super) external_id: Option<String>,
    pub(super) settings: Map<String, Value>,
}

pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, GraphError> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        _ => Err(bad(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
        )),
    }
}

impl Wish {
    pub(super) fn read(shared: &Shared, tenant: &str, body: Map<String, Value>) -> Result<Self, GraphError> {
        let mut wish = Self::default();
        for (name, value) in body {
            match name.as_str() {
                _ if name.starts_with("@odata.") => {}
                "startDateTime" => wish.start = time(&name, &value)?,
                "endDateTime" => wish.end = time(&name, &value)?,
                "subject" => wish.subject = Some(text(&name, value)?),
                "externalId" => wish.external_id = text(&name, value)?,
                "participants" => wish.attendees = attendees(shared, tenant, &value)?,
                _ => {
                    check_setting(&name, &value)?;
                    wish.settings.insert(name, value);
                }
            }
        }
        Ok(wish)
    }

    /// No start means now; no end means an hour later; an end alone, or one that is not after
    /// the start, is an error.
    pub(super) fn times(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), GraphError> {
        if self.start.is_none() && self.end.is_some() {
            return Err(bad("startDateTime is required when endDateTime is provided."));
        }
        let start = self.start.unwrap_or(now);
        let end = self.end.unwrap_or_else(|| crate::clock::later(start, std::time::Duration::from_hours(1)));
        ordered(start, end)
    }
}

pub(super) fn ordered(start: Timestamp, end: Timestamp) -> Result<(Timestamp, Timestamp), GraphError> {
    if end < start {
        return Err(bad("The meeting's end time can't be earlier than its start time."));
    }
    Ok((start, end))
}

/// `DateTimeOffset`: an offset or `Z` is required.
fn time(name: &str, value: &Value) -> Result<Option<Timestamp>, GraphError> {
    if value.is_null() {
        return Ok(None);
    }
    value.as_str().and_then(|text| text.parse().ok()).map(Some).ok_or_else(|| {
        bad(format!(
            "Cannot convert the literal {value} of '{name}' to the expected type 'Edm.DateTimeOffset'."
        ))
    })
}

fn text(name: &str, value: Value) -> Result<Option<String>, GraphError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err(bad(format!("The value of '{name}' is not a string."))),
    }
}

/// Unknown attendees are stored silently; presenters and co-organizers must be in the directory.
fn attendees(
    shared: &Shared,
    tenant: &str,
    participants: &Value,
) -> Result<Option<Vec<Attendee>>, GraphError> {
    let Some(list) = participants["attendees"].as_array() else {
        return Ok(None);
    };
    let mut attendees = Vec::with_capacity(list.len());
    for entry in list {
        check_role(&entry["role"])?;
        let owned = |value: &Value| value.as_str().map(str::to_owned);
        attendees.push(Attendee {
            upn: owned(&entry["upn"]),
            user_id: owned(&entry["identity"]["user"]["id"]),
            role: owned(&entry["role"]),
            display_name: owned(&entry["identity"]["user"]["displayName"]),
        });
    }
    let known = shared
        .directory
        .people(tenant, |people| attendees.iter().all(|one| may_have_role(people, one)))
        .unwrap_or(false);
    if known {
        Ok(Some(attendees))
    } else {
        Err(bad("A presenter or co-organizer is not a user of the organizer's directory."))
    }
}

fn may_have_role(people: &People, attendee: &Attendee) -> bool {
    let elevated = matches!(attendee.role.as_deref(), Some("presenter" | "coorganizer" | "producer"));
    let keys = [&attendee.user_id, &attendee.upn];
    !elevated || keys.into_iter().flatten().any(|key| people.find(key).is_some())
}
