//! Properties of `onlineMeeting` that can be set, and the values they take (metadata of Graph
//! v1.0).

use serde_json::Value;

use super::error::GraphError;

/// What a plain POST or a PATCH may set, besides times, subject and participants.
const SETTINGS: &[&str] = &[
    "allowAttendeeToEnableCamera",
    "allowAttendeeToEnableMic",
    "allowBreakoutRooms",
    "allowCopyingAndSharingMeetingContent",
    "allowedLobbyAdmitters",
    "allowedPresenters",
    "allowLiveShare",
    "allowMeetingChat",
    "allowParticipantsToChangeName",
    "allowPowerPointSharing",
    "allowRecording",
    "allowTeamworkReactions",
    "allowTranscription",
    "allowWhiteboard",
    "broadcastSettings",
    "chatInfo",
    "chatRestrictions",
    "isBroadcast",
    "isEndToEndEncryptionEnabled",
    "isEntryExitAnnounced",
    "joinMeetingIdSettings",
    "lobbyBypassSettings",
    "meetingSpokenLanguageTag",
    "meetingTemplateId",
    "recordAutomatically",
    "sensitivityLabelAssignment",
    "shareMeetingChatHistoryDefault",
    "watermarkProtection",
];

/// Who gets past the lobby. The last two came after the sentinel: they are read back as
/// `unknownFutureValue` unless the client asks for unknown members.
const LOBBY_SCOPES: &[&str] = &[
    "organizer",
    "organization",
    "organizationAndFederated",
    "everyone",
    "invited",
    "organizationExcludingGuests",
];
const PRESENTERS: &[&str] = &["everyone", "organization", "roleIsPresenter", "organizer"];
const CHAT_MODES: &[&str] = &["enabled", "disabled", "limited"];
/// Settings that are true or false.
const BOOLEANS: &[&str] = &[
    "allowAttendeeToEnableCamera",
    "allowAttendeeToEnableMic",
    "allowRecording",
    "allowTeamworkReactions",
    "allowTranscription",
    "isEntryExitAnnounced",
    "recordAutomatically",
];
const ROLES: &[&str] = &["attendee", "presenter", "producer", "coorganizer"];

/// Refuses a property that cannot be set, or a value that an enumeration does not have.
pub(super) fn check_setting(name: &str, value: &Value) -> Result<(), GraphError> {
    if !SETTINGS.contains(&name) {
        return Err(bad(format!(
            "The property '{name}' does not exist on type 'microsoft.graph.onlineMeeting' or \
             cannot be set."
        )));
    }
    match name {
        "lobbyBypassSettings" if !value.is_object() && !value.is_null() => {
            Err(bad(format!("The value {value} of '{name}' is not an object.")))
        }
        "lobbyBypassSettings" => one_of(&value["scope"], LOBBY_SCOPES),
        "allowedPresenters" => one_of(value, PRESENTERS),
        "allowMeetingChat" => one_of(value, CHAT_MODES),
        name if BOOLEANS.contains(&name) && !value.is_boolean() && !value.is_null() => Err(bad(format!(
            "Cannot convert the literal {value} of '{name}' to the expected type 'Edm.Boolean'."
        ))),
        _ => Ok(()),
    }
}

pub(super) fn check_role(role: &Value) -> Result<(), GraphError> {
    one_of(role, ROLES)
}

/// Whether a value came into its enumeration after `unknownFutureValue`.
pub(super) fn is_after_sentinel(value: &str) -> bool {
    ["invited", "organizationExcludingGuests", "producer", "coorganizer"].contains(&value)
}

fn one_of(value: &Value, members: &[&str]) -> Result<(), GraphError> {
    match value {
        Value::Null => Ok(()),
        Value::String(text) if members.contains(&text.as_str()) => Ok(()),
        _ => Err(bad(format!("Requested value {value} was not found among the enumeration's members."))),
    }
}

/// How the meeting service words a request it cannot take.
pub(super) fn bad(message: impl Into<String>) -> GraphError {
    GraphError::bad_request("BadRequest", message)
}
