//! `onlineMeetings`: create, create or get, read, find, change, delete.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Call;
use super::error::GraphError;
use super::meeting_body::bad;
use super::meeting_json::{Names, default_settings, shown, wants_all_members};
use super::meeting_request::{Wish, object, ordered};
use super::meeting_store::StoredMeeting;
use super::organizer::organizer;
use super::route::Who;
use crate::directory::Account;
use crate::shared::Shared;
use crate::wire::Reply;

/// What `createOrGet` takes; everything beyond it needs a PATCH.
const CREATE_OR_GET_TAKES: &[&str] =
    &["chatInfo", "startDateTime", "endDateTime", "externalId", "participants", "subject"];

/// 201 for a new meeting, 200 for the one that exists, whose body is then ignored.
pub(super) fn create_or_get(shared: &Shared, call: &Call, who: &Who) -> Result<Reply, GraphError> {
    let account = organizer(shared, call, who, true)?;
    let body = object(call.body)?;
    let external_id = match body.get("externalId") {
        Some(Value::String(id)) if !id.is_empty() => id.clone(),
        _ => return Err(bad("externalId is required.")),
    };
    let tenant = &call.token.tenant;
    let make = || {
        if let Some(name) = body.keys().find(|name| !is_taken(name)) {
            return Err(bad(format!("The property '{name}' cannot be set by createOrGet.")));
        }
        let wish = Wish::read(shared, tenant, body.clone())?;
        new_meeting(shared, call, &account, wish)
    };
    let (meeting, new) = shared.meetings.get_or_insert(tenant, &account.user.id, &external_id, make)?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    let reply = answered(call, status, &meeting, &account);
    Ok(if new { reply.having_effect() } else { reply })
}

/// Takes every setting but `externalId`, and makes another meeting each time.
pub(super) fn create(shared: &Shared, call: &Call, who: &Who) -> Result<Reply, GraphError> {
    let account = organizer(shared, call, who, true)?;
    let body = object(call.body)?;
    if body.contains_key("externalId") {
        return Err(bad("externalId can be set by createOrGet only."));
    }
    let wish = Wish::read(shared, &call.token.tenant, body)?;
    let meeting = new_meeting(shared, call, &account, wish)?;
    shared.meetings.insert(meeting.clone());
    Ok(answered(call, StatusCode::CREATED, &meeting, &account).having_effect())
}

pub(super) fn get(shared: &Shared, call: &Call, who: &Who, id: &str) -> Result<Reply, GraphError> {
    let account = organizer(shared, call, who, false)?;
    let meeting =
        shared.meetings.get(&call.token.tenant, &account.user.id, id).ok_or_else(no_such_meeting)?;
    Ok(answered(call, StatusCode::OK, &meeting, &account))
}

/// `?$filter=JoinWebUrl eq '…'`; without a filter there is no list of meetings.
pub(super) fn find(shared: &Shared, call: &Call, who: &Who) -> Result<Reply, GraphError> {
    let account = organizer(shared, call, who, false)?;
    let parameters = call.parameters();
    let filter = parameters
        .get("$filter")
        .ok_or_else(|| bad("A filter on JoinWebUrl or joinMeetingIdSettings is required."))?;
    let url = join_url_in(filter).ok_or_else(|| bad("Only JoinWebUrl eq '…' is supported as a filter."))?;
    let found = shared.meetings.by_url(&call.token.tenant, &account.user.id, &url);
    let value: Vec<Value> = found.iter().map(|meeting| shown(call, meeting, &account)).collect();
    Ok(preferring(
        call,
        Reply::odata(
            StatusCode::OK,
            &json!({
                "@odata.context": format!(
                    "{}/$metadata#users('{}')/onlineMeetings", call.base, account.user.id
                ),
                "value": value,
            }),
        ),
    ))
}

pub(super) fn update(shared: &Shared, call: &Call, who: &Who, id: &str) -> Result<Reply, GraphError> {
    let account = organizer(shared, call, who, true)?;
    let body = object(call.body)?;
    if body.contains_key("joinMeetingIdSettings") {
        return Err(bad("joinMeetingIdSettings cannot be changed after the meeting was created."));
    }
    let wish = Wish::read(shared, &call.token.tenant, body)?;
    if wish.start.is_some() != wish.end.is_some() {
        return Err(bad("startDateTime and endDateTime must be updated together."));
    }
    let meeting = shared
        .meetings
        .update(&call.token.tenant, &account.user.id, id, |meeting| apply(meeting, wish))
        .ok_or_else(no_such_meeting)??;
    Ok(answered(call, StatusCode::OK, &meeting, &account).having_effect())
}

pub(super) fn delete(shared: &Shared, call: &Call, who: &Who, id: &str) -> Result<Reply, GraphError> {
    let account = organizer(shared, call, who, true)?;
    if shared.meetings.remove(&call.token.tenant, &account.user.id, id) {
        Ok(Reply::new(StatusCode::NO_CONTENT).having_effect())
    } else {
        Err(no_such_meeting())
    }
}

fn new_meeting(
    shared: &Shared,
    call: &Call,
    account: &Account,
    wish: Wish,
) -> Result<StoredMeeting, GraphError> {
    let now = call.trace.at;
    let (start, end) = wish.times(now)?;
    let tenant = &call.token.tenant;
    let organizer = &account.user.id;
    let names = Names::new(shared, tenant, organizer);
    let mut settings = default_settings(&names.join_meeting_id);
    merge(&mut settings, shared.config.meeting_settings.clone());
    merge(&mut settings, wish.settings);
    Ok(StoredMeeting {
        tenant: tenant.clone(),
        organizer: organizer.clone(),
        external_id: wish.external_id,
        id: names.id,
        join_web_url: names.join_web_url,
        subject: wish.subject.flatten(),
        start,
        end,
        created: now,
        attendees: wish.attendees.unwrap_or_default(),
        settings,
        thread_id: names.thread_id,
    })
}

/// The attendee list is replaced whole; other properties keep what the body does not name.
fn apply(meeting: &mut StoredMeeting, wish: Wish) -> Result<(), GraphError> {
    if let (Some(start), Some(end)) = (wish.start, wish.end) {
        (meeting.start, meeting.end) = ordered(start, end)?;
    }
    if let Some(subject) = wish.subject {
        meeting.subject = subject;
    }
    if let Some(attendees) = wish.attendees {
        meeting.attendees = attendees;
    }
    merge(&mut meeting.settings, wish.settings);
    Ok(())
}

/// A complex property keeps the members that are not named.
fn merge(settings: &mut Map<String, Value>, wished: Map<String, Value>) {
    for (name, value) in wished {
        match (settings.get_mut(&name), value) {
            (Some(Value::Object(known)), Value::Object(new)) => known.extend(new),
            (_, value) => {
                settings.insert(name, value);
            }
        }
    }
}

fn is_taken(name: &str) -> bool {
    name.starts_with("@odata.") || CREATE_OR_GET_TAKES.contains(&name)
}

fn join_url_in(filter: &str) -> Option<String> {
    let (name, value) = filter.trim().split_once(" eq ")?;
    if !name.trim().eq_ignore_ascii_case("joinweburl") {
        return None;
    }
    let quoted = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    Some(quoted.replace("''", "'"))
}

fn answered(call: &Call, status: StatusCode, meeting: &StoredMeeting, account: &Account) -> Reply {
    preferring(call, Reply::odata(status, &shown(call, meeting, account)))
}

fn preferring(call: &Call, reply: Reply) -> Reply {
    if wants_all_members(call) {
        reply.with("preference-applied", "include-unknown-enum-members")
    } else {
        reply
    }
}

fn no_such_meeting() -> GraphError {
    GraphError::new(StatusCode::NOT_FOUND, "NotFound", "The meeting was not found.")
}
