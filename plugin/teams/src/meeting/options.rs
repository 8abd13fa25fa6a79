//! What can be chosen about a meeting, and what Graph calls it.
//!
//! `createOrGet` takes none of it, so that what Graph did not set by itself follows in a `PATCH`.
//! A passcode is not among the options: `joinMeetingIdSettings` cannot be changed once the meeting
//! exists ("Update onlineMeeting", Graph).

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::bindings::provider::{AttendeeRole, Error, InputProblem, MeetingOption};
use crate::bindings::types::Parameter;
use crate::describe::offered;
use crate::failure;
use crate::json::Json;

/// The choice that leaves something as the organizer's meeting policy has it: nothing is sent.
const POLICY: [&str; 3] = ["policy", "As the organization's policy has it", ""];
/// What `true` and `false` are called.
const YES: [&str; 3] = ["yes", "Yes", ""];
const NO: [&str; 3] = ["no", "No", ""];

/// The property that is an object around its value.
const LOBBY: &str = "lobbyBypassSettings";
/// That value.
const SCOPE: &str = "scope";

/// An option. Its first choice is the default, and a value of its own is what Graph calls it.
struct Known {
    name: &'static str,
    label: &'static str,
    help: &'static str,
    /// The property of `onlineMeeting`; none for a choice that Graph has elsewhere.
    property: Option<&'static str>,
    choices: &'static [[&'static str; 3]],
}

/// How many options there are.
const COUNT: usize = 6;
/// Where the role of the staff member is among them.
const STAFF_ROLE: usize = 5;

/// `lobbyBypassScope`, `onlineMeetingPresenters`, `meetingChatMode` (Graph v1.0).
static KNOWN: [Known; COUNT] = [
    Known {
        name: "lobby",
        label: "Who bypasses the lobby",
        help: "Everybody else waits until the organizer, a co-organizer or a presenter lets them in.",
        property: Some(LOBBY),
        choices: &[
            ["everyone", "Everyone", "Clients join without waiting for a colleague."],
            ["organizationAndFederated", "The organization and trusted organizations", ""],
            ["organization", "The organization and its guests", ""],
            ["organizationExcludingGuests", "The organization without its guests", ""],
            ["invited", "Who is invited", "Clients need to be signed in to Microsoft."],
            ["organizer", "Only the organizer", ""],
            POLICY,
        ],
    },
    Known {
        name: "presenters",
        label: "Who presents",
        help: "",
        property: Some("allowedPresenters"),
        choices: &[
            POLICY,
            ["everyone", "Everyone", ""],
            ["organization", "The organization", ""],
            ["roleIsPresenter", "Presenters and co-organizers", ""],
            ["organizer", "Organizer and co-organizers", ""],
        ],
    },
    Known {
        name: "announcements",
        label: "Announce who joins and leaves",
        help: "For callers by phone.",
        property: Some("isEntryExitAnnounced"),
        choices: &[POLICY, YES, NO],
    },
    Known {
        name: "chat",
        label: "Chat",
        help: "",
        property: Some("allowMeetingChat"),
        choices: &[
            POLICY,
            ["enabled", "Always", ""],
            ["limited", "During the meeting only", ""],
            ["disabled", "Never", ""],
        ],
    },
    Known {
        name: "recording",
        label: "Record automatically",
        help: "Clients have to be told beforehand.",
        property: Some("recordAutomatically"),
        choices: &[POLICY, YES, NO],
    },
    Known {
        name: "staff-role",
        label: "The staff member is",
        help: "Where staff organize their own meetings, they are the organizers of theirs.",
        property: None,
        choices: &[
            ["co-organizer", "Co-organizer", "Runs the meeting like the organizer."],
            ["presenter", "Presenter", "Presents and lets clients in."],
        ],
    },
];

/// The options as the contract describes them.
pub(crate) fn described() -> Vec<MeetingOption> {
    let mut options = Vec::with_capacity(COUNT);
    for known in &KNOWN {
        options.push(MeetingOption {
            name: known.name.to_owned(),
            label: known.label.to_owned(),
            help: known.help.to_owned(),
            choices: offered(known.choices),
            default: known.choices[0][0].to_owned(),
        });
    }
    options
}

impl Known {
    /// The place of a value among the choices.
    fn choice(&self, value: &str) -> Option<u8> {
        let index = self.choices.iter().position(|choice| choice[0] == value)?;
        u8::try_from(index).ok()
    }
}

/// What was chosen of every option: the place among its choices.
pub(crate) struct Options([u8; COUNT]);

impl Options {
    /// What was chosen, and the default of what was not.
    pub(crate) fn read(chosen: &[Parameter]) -> Result<Self, Error> {
        let mut options = [None; COUNT];
        for Parameter { name, value } in chosen {
            let Some(index) = KNOWN.iter().position(|known| known.name == name) else {
                return refused(name, InputProblem::Unsupported, "Teams meetings have no such option.");
            };
            let choice = KNOWN[index].choice(value);
            if choice.is_none() {
                return refused(name, InputProblem::Unsupported, "The option has no such choice.");
            }
            if std::mem::replace(&mut options[index], choice).is_some() {
                return refused(name, InputProblem::Malformed, "The option was chosen twice.");
            }
        }
        Ok(Self(options.map(Option::unwrap_or_default)))
    }

    /// What the staff member is in a meeting that another account organizes.
    pub(crate) fn staff_role(&self) -> AttendeeRole {
        match self.0[STAFF_ROLE] {
            0 => AttendeeRole::CoOrganizer,
            _ => AttendeeRole::Presenter,
        }
    }

    /// What Graph is to set.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = Settings::NONE;
        for (index, known) in KNOWN.iter().enumerate() {
            let choice = self.0[index];
            if known.property.is_some() && known.choices[usize::from(choice)][0] != POLICY[0] {
                settings.0[index] = Some(choice);
            }
        }
        settings
    }
}

/// The field of the error is the option's name, as long as it could be one.
fn refused<T>(name: &str, problem: InputProblem, message: &str) -> Result<T, Error> {
    let could_be = (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    Err(failure::invalid_input(if could_be { name } else { "options" }, problem, message))
}

/// What a meeting shall be set to: for each option the place among its choices, or no wish.
#[derive(Clone, Copy)]
pub(crate) struct Settings([Option<u8>; COUNT]);

impl Settings {
    /// No wishes.
    pub(crate) const NONE: Self = Self([None; COUNT]);

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0 == Self::NONE.0
    }

    /// Those that a meeting does not show. What its answer leaves out is not known to be as wished:
    /// older answers lack the chat and the recording.
    pub(crate) fn missing(mut self, shown: &Shown) -> Self {
        for (wished, shown) in self.0.iter_mut().zip(&shown.0) {
            if wished == shown {
                *wished = None;
            }
        }
        self
    }

    /// Those in whose place a meeting shows something else.
    pub(crate) fn ignored(mut self, shown: &Shown) -> Self {
        for (wished, shown) in self.0.iter_mut().zip(&shown.0) {
            if wished == shown || shown.is_none() {
                *wished = None;
            }
        }
        self
    }

    /// A sentence that they are not set, and why.
    pub(crate) fn not_set(&self, why: &str) -> String {
        let mut text = "The meeting is there, but Microsoft Teams did not take these options:".to_owned();
        for (known, wished) in KNOWN.iter().zip(&self.0) {
            if wished.is_some() {
                text.push_str(&[" \"", known.label, "\""].concat());
            }
        }
        [&text, ". ", why].concat()
    }

    /// Writes them into the body of a `PATCH`.
    pub(crate) fn write<M: SerializeMap>(&self, body: &mut M) -> Result<(), M::Error> {
        for (known, wished) in KNOWN.iter().zip(&self.0) {
            if let (Some(property), Some(choice)) = (known.property, *wished) {
                let value = known.choices[usize::from(choice)][0];
                body.serialize_entry(property, &Sent { property, value })?;
            }
        }
        Ok(())
    }
}

/// A value as Graph takes it.
struct Sent {
    property: &'static str,
    value: &'static str,
}

impl Serialize for Sent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.property == LOBBY {
            let mut lobby = serializer.serialize_map(None)?;
            lobby.serialize_entry(SCOPE, self.value)?;
            return lobby.end();
        }
        match self.value {
            "yes" => serializer.serialize_bool(true),
            "no" => serializer.serialize_bool(false),
            text => serializer.serialize_str(text),
        }
    }
}

/// What a meeting that Graph gave shows of the options.
#[derive(Clone, Copy, Default)]
pub(crate) struct Shown([Option<u8>; COUNT]);

/// In the place of a choice: a value that is none of them.
const OTHER: u8 = u8::MAX;

impl Shown {
    /// Reads the properties of a meeting.
    pub(crate) fn read(meeting: &Json<'_>) -> Self {
        let mut shown = Self::default();
        for (known, shown) in KNOWN.iter().zip(&mut shown.0) {
            let Some(property) = known.property else { continue };
            let value = meeting.get(property);
            let value = if property == LOBBY { value.get(SCOPE) } else { value };
            let text = match value.truth() {
                Some(true) => Some(YES[0]),
                Some(false) => Some(NO[0]),
                // A member of an enumeration that Graph does not name may be the right one.
                None => value.text().filter(|text| *text != "unknownFutureValue"),
            };
            *shown = text.map(|text| known.choice(text).unwrap_or(OTHER));
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(values: &[(&str, &str)]) -> Vec<Parameter> {
        let parameter =
            |(name, value): &(&str, &str)| Parameter { name: (*name).to_owned(), value: (*value).to_owned() };
        values.iter().map(parameter).collect()
    }

    fn settings(values: &[(&str, &str)]) -> Settings {
        Options::read(&chosen(values)).expect("known options").settings()
    }

    fn shown(meeting: &str) -> Shown {
        Shown::read(&Json::read(meeting.as_bytes()).expect("JSON"))
    }

    #[test]
    fn without_a_choice_only_the_lobby_is_set_and_the_staff_member_co_organizes() {
        let options = Options::read(&[]).expect("the defaults");
        assert_eq!(options.settings().0, [Some(0), None, None, None, None, None]);
        assert_eq!(options.staff_role(), AttendeeRole::CoOrganizer);
        let options = Options::read(&chosen(&[("lobby", "policy"), ("staff-role", "presenter")]));
        let options = options.expect("known options");
        assert!(options.settings().is_empty());
        assert_eq!(options.staff_role(), AttendeeRole::Presenter);
    }

    #[test]
    fn every_choice_that_is_offered_can_be_made() {
        for option in described() {
            assert!(option.choices.iter().any(|choice| choice.value == option.default));
            for choice in option.choices {
                assert!(Options::read(&chosen(&[(&option.name, &choice.value)])).is_ok());
            }
        }
        assert_eq!(KNOWN[STAFF_ROLE].name, "staff-role");
    }

    #[test]
    fn what_is_not_offered_is_refused_by_its_name() {
        let long = "x".repeat(65);
        for (values, field, problem) in [
            (&[("passcode", "yes")][..], "passcode", InputProblem::Unsupported),
            (&[("lobby", "nobody")], "lobby", InputProblem::Unsupported),
            (&[("lobby", "")], "lobby", InputProblem::Unsupported),
            (&[("", "x")], "options", InputProblem::Unsupported),
            (&[(&long, "x")], "options", InputProblem::Unsupported),
            (&[("two words", "x")], "options", InputProblem::Unsupported),
            (&[("chat", "policy"), ("chat", "policy")], "chat", InputProblem::Malformed),
        ] {
            let Err(Error::InvalidInput(error)) = Options::read(&chosen(values)) else {
                panic!("{field}");
            };
            assert_eq!((error.field.as_str(), error.problem), (field, problem));
        }
    }

    #[test]
    fn what_a_meeting_shows_is_not_asked_for_again() {
        let wished = settings(&[("announcements", "no"), ("chat", "limited"), ("recording", "yes")]);
        assert_eq!(wished.0.iter().flatten().count(), 4);
        let as_wished = r#"{"lobbyBypassSettings":{"scope":"everyone","isDialInBypassEnabled":false},
            "isEntryExitAnnounced":false,"allowMeetingChat":"limited","recordAutomatically":true}"#;
        assert!(wished.missing(&shown(as_wished)).is_empty());
        for (from, to, index) in [
            ("everyone", "organization", 0),
            ("Announced\":false", "Announced\":true", 2),
            ("limited", "unknownFutureValue", 3),
            ("\"recordAutomatically\":true", "\"more\":1", 4),
        ] {
            let missing = wished.missing(&shown(&as_wished.replace(from, to)));
            let of: Vec<_> = (0..COUNT).filter(|index| missing.0[*index].is_some()).collect();
            assert_eq!(of, [index], "{from}");
        }
    }

    #[test]
    fn only_another_value_shows_that_a_wish_was_ignored() {
        let wished = settings(&[("lobby", "invited")]);
        for (scope, ignored) in [("organizer", true), ("invited", false), ("unknownFutureValue", false)] {
            let meeting = format!(r#"{{"lobbyBypassSettings":{{"scope":"{scope}"}}}}"#);
            assert_eq!(!wished.ignored(&shown(&meeting)).is_empty(), ignored, "{scope}");
        }
        assert!(wished.ignored(&Shown::default()).is_empty());
    }
}
