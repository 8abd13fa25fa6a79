//! A meeting as Graph writes one, and the ids and links of a new one.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::Call;
use super::meeting_body::is_after_sentinel;
use super::meeting_store::{Attendee, StoredMeeting};
use crate::clock::graph_time;
use crate::directory::Account;
use crate::shared::Shared;

/// Thread id, meeting id and join link of a new meeting, in the shapes that Teams gives them.
pub(super) struct Names {
    pub(super) thread_id: String,
    pub(super) id: String,
    pub(super) join_web_url: String,
    pub(super) join_meeting_id: String,
}

impl Names {
    pub(super) fn new(shared: &Shared, tenant: &str, organizer: &str) -> Self {
        let thread = BASE64_STANDARD.encode(shared.chance.guid());
        let thread_id = format!("19:meeting_{thread}@thread.v2");
        let id = BASE64_STANDARD.encode(format!("1*{organizer}*0**{thread_id}"));
        let join_web_url = format!(
            "https://teams.microsoft.com/l/meetup-join/19%3ameeting_{thread}%40thread.v2/0\
             ?context=%7b%22Tid%22%3a%22{tenant}%22%2c%22Oid%22%3a%22{organizer}%22%7d"
        );
        let number = shared.chance.next() % 1_000_000_000_000;
        Self { thread_id, id, join_web_url, join_meeting_id: format!("{number:012}") }
    }
}

pub(super) fn shown(call: &Call, meeting: &StoredMeeting, organizer: &Account) -> Value {
    let all_members = wants_all_members(call);
    let mut body = json!({
        "@odata.context": format!(
            "{}/$metadata#users('{}')/onlineMeetings/$entity", call.base, meeting.organizer
        ),
        "id": meeting.id,
        "creationDateTime": graph_time(meeting.created),
        "startDateTime": graph_time(meeting.start),
        "endDateTime": graph_time(meeting.end),
        "joinUrl": null,
        "joinWebUrl": meeting.join_web_url,
        "meetingCode": meeting.settings["joinMeetingIdSettings"]["joinMeetingId"],
        "subject": meeting.subject,
        "isBroadcast": false,
        "autoAdmittedUsers": auto_admitted(&meeting.settings),
        "outerMeetingAutoAdmittedUsers": null,
        "externalId": meeting.external_id,
        "videoTeleconferenceId": null,
        "participants": {
            "organizer": participant(
                &Attendee {
                    upn: Some(organizer.user.user_principal_name.clone()),
                    user_id: Some(meeting.organizer.clone()),
                    role: Some("presenter".to_owned()),
                    display_name: None,
                },
                Some(&meeting.tenant),
                all_members,
            ),
            "attendees": meeting
                .attendees
                .iter()
                .map(|attendee| participant(attendee, None, all_members))
                .collect::<Vec<_>>(),
            "producers": [],
            "contributors": [],
        },
        "chatInfo": {
            "threadId": meeting.thread_id,
            "messageId": "0",
            "replyChainMessageId": null,
        },
        "audioConferencing": null,
    });
    for (name, value) in &meeting.settings {
        body[name.as_str()] = if all_members { value.clone() } else { behind_sentinel(value) };
    }
    body
}

/// Whether the client asked for enumeration members that came after the sentinel.
pub(super) fn wants_all_members(call: &Call) -> bool {
    call.header("prefer").is_some_and(|prefer| prefer.contains("include-unknown-enum-members"))
}

/// The settings of a meeting for which nobody asked anything else, as the documentation shows them.
pub(super) fn default_settings(join_meeting_id: &str) -> Map<String, Value> {
    let defaults = json!({
        "allowedPresenters": "everyone",
        "allowMeetingChat": "enabled",
        "allowTeamworkReactions": true,
        "allowAttendeeToEnableCamera": true,
        "allowAttendeeToEnableMic": true,
        "allowRecording": true,
        "allowTranscription": true,
        "isEntryExitAnnounced": true,
        "recordAutomatically": false,
        "lobbyBypassSettings": { "scope": "organization", "isDialInBypassEnabled": false },
        "joinMeetingIdSettings": {
            "isPasscodeRequired": false, "joinMeetingId": join_meeting_id, "passcode": null,
        },
    });
    match defaults {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn participant(attendee: &Attendee, tenant: Option<&str>, all_members: bool) -> Value {
    let role = attendee.role.as_deref().map(|role| match role {
        later if !all_members && is_after_sentinel(later) => "unknownFutureValue",
        role => role,
    });
    // Recorded answers have no name, whatever was sent.
    let user = attendee.user_id.as_ref().map(|id| {
        json!({
            "id": id,
            "displayName": null,
            "tenantId": tenant,
            "identityProvider": "AAD",
        })
    });
    json!({
        "upn": attendee.upn,
        "role": role,
        "identity": {
            "application": null, "device": null, "phone": null, "user": user,
        },
    })
}

fn behind_sentinel(value: &Value) -> Value {
    match value {
        Value::String(text) if is_after_sentinel(text) => json!("unknownFutureValue"),
        Value::Object(map) => {
            map.iter().map(|(name, inner)| (name.clone(), behind_sentinel(inner))).collect()
        }
        other => other.clone(),
    }
}

/// An older property that mirrors the lobby's scope.
fn auto_admitted(settings: &Map<String, Value>) -> &'static str {
    match settings.get("lobbyBypassSettings").and_then(|lobby| lobby["scope"].as_str()) {
        Some("everyone") => "Everyone",
        Some("organizationAndFederated") => "EveryoneInCompanyAndFederated",
        Some("organizer") => "OrganizerOnly",
        Some("invited") => "InvitedUsers",
        Some("organizationExcludingGuests") => "EveryoneInCompanyExcludingGuests",
        _ => "EveryoneInCompany",
    }
}
