//! What can be chosen about a meeting, and what Graph calls it.
//!
//! `createOrGet` takes none of it, so that what Graph did not set by itself follows in a `PATCH`.
//! A passcode is not among the options: `joinMeetingIdSettings` cannot be changed once the meeting
//! exists ("Update onlineMeeting", Graph).

use serde::Serialize;
use serde::ser::SerializeMap;

use crate::bindings::provider::{AttendeeRole, Choice, Error, InputProblem, MeetingOption};
use crate::bindings::types::Parameter;
use crate::describe::offered;
use crate::failure;
use crate::json::Json;

/// The choice that leaves something as the organizer's meeting policy has it: nothing is sent.
const POLICY: [&str; 3] = ["policy", "As the organization's policy has it", ""];
/// What `true` and `false` are called.
const YES: [&str; 3] = ["yes", "Yes", ""];
const NO: [&str; 3] = ["no", "No", ""];

/// The property that is an object around its value, `scope`.
const LOBBY: &str = "lobbyBypassSettings";

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
/// Its second choice.
const PRESENTER: &str = "presenter";

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
            [PRESENTER, "Presenter", "Presents and lets clients in."],
        ],
    },
];

/// The options as the contract describes them.
pub(crate) fn described() -> Vec<MeetingOption> {
    let option = |known: &Known| {
        let choices: Vec<Choice> = offered(known.choices);
        MeetingOption {
            name: known.name.to_owned(),
            label: known.label.to_owned(),
            help: known.help.to_owned(),
            default: known.choices[0][0].to_owned(),
            choices,
        }
    };
    KNOWN.iter().map(option).collect()
}

/// What was chosen of every option.
pub(crate) struct Options([&'static str; COUNT]);

impl Options {
    /// What was chosen, and the default of what was not.
    pub(crate) fn read(chosen: &[Parameter]) -> Result<Self, Error> {
        let mut options = Self(std::array::from_fn(|index| KNOWN[index].choices[0][0]));
        let mut seen = [false; COUNT];
        for Parameter { name, value } in chosen {
            let Some(index) = KNOWN.iter().position(|known| known.name == name) else {
                return Err(unsupported(name, "Teams meetings have no such option."));
            };
            if std::mem::replace(&mut seen[index], true) {
                let message = "The option was chosen twice.";
                return Err(failure::invalid_input(name, InputProblem::Malformed, message));
            }
            let choice = KNOWN[index].choices.iter().find(|choice| choice[0] == value);
            let Some([value, ..]) = choice else {
                return Err(unsupported(name, "The option has no such choice."));
            };
            options.0[index] = value;
        }
        Ok(options)
    }

    /// What the staff member is in a meeting that another account organizes.
    pub(crate) fn staff_role(&self) -> AttendeeRole {
        if self.0[STAFF_ROLE] == PRESENTER { AttendeeRole::Presenter } else { AttendeeRole::CoOrganizer }
    }

    /// What Graph is to set.
    pub(crate) fn settings(&self) -> Settings {
        let sent = |(index, value): (usize, &&'static str)| {
            (KNOWN[index].property.is_some() && *value != POLICY[0]).then_some((index, *value))
        };
        Settings(self.0.iter().enumerate().filter_map(sent).collect())
    }
}

/// The field of the error is the option's name, as long as it could be one.
fn unsupported(name: &str, message: &str) -> Error {
    let could_be = (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    let field = if could_be { name } else { "options" };
    failure::invalid_input(field, InputProblem::Unsupported, message)
}

/// Properties that a meeting shall have, by the index of their option.
pub(crate) struct Settings(Vec<(usize, &'static str)>);

impl Settings {
    /// No wishes.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that a meeting does not show. What its answer leaves out is not known to be as wished:
    /// older answers lack the chat and the recording.
    pub(crate) fn missing(&self, shown: &Shown) -> Self {
        self.those(|index, value| shown.of(index) != Some(value))
    }

    /// Those in whose place a meeting shows something else. A member of an enumeration that Graph
    /// does not name may be the right one.
    pub(crate) fn ignored(&self, shown: &Shown) -> Self {
        self.those(|index, value| {
            shown.of(index).is_some_and(|shown| shown != value && shown != "unknownFutureValue")
        })
    }

    fn those(&self, are: impl Fn(usize, &str) -> bool) -> Self {
        Self(self.0.iter().copied().filter(|(index, value)| are(*index, value)).collect())
    }

    /// A sentence that they are not set, and why.
    pub(crate) fn not_set(&self, why: &str) -> String {
        let labels: Vec<&str> = self.0.iter().map(|(index, _)| KNOWN[*index].label).collect();
        [
            "The meeting is there, but Microsoft Teams did not take all of its options (",
            &labels.join(", "),
            "). ",
            why,
        ]
        .concat()
    }

    /// Writes them into the body of a `PATCH`.
    pub(crate) fn write<M: SerializeMap>(&self, body: &mut M) -> Result<(), M::Error> {
        for (index, value) in &self.0 {
            if let Some(property) = KNOWN[*index].property {
                body.serialize_entry(property, &sent(property, value))?;
            }
        }
        Ok(())
    }
}

/// A value as Graph takes it.
#[derive(Serialize)]
#[serde(untagged)]
enum Sent {
    Truth(bool),
    Text(&'static str),
    Lobby { scope: &'static str },
}

fn sent(property: &str, value: &'static str) -> Sent {
    match value {
        _ if property == LOBBY => Sent::Lobby { scope: value },
        "yes" => Sent::Truth(true),
        "no" => Sent::Truth(false),
        text => Sent::Text(text),
    }
}

/// What a meeting that Graph gave shows of the options.
#[derive(Default)]
pub(crate) struct Shown([Option<String>; COUNT]);

impl Shown {
    /// Reads the properties of a meeting.
    pub(crate) fn read(meeting: &Json<'_>) -> Self {
        Self(std::array::from_fn(|index| {
            let property = KNOWN[index].property?;
            let value = meeting.get(property);
            match value.truth() {
                Some(truth) => Some((if truth { YES } else { NO })[0].to_owned()),
                None if property == LOBBY => value.get("scope").owned(),
                None => value.owned(),
            }
        }))
    }

    fn of(&self, index: usize) -> Option<&str> {
        self.0[index].as_deref()
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
        assert_eq!(options.settings().0, [(0, "everyone")]);
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
        assert_eq!(wished.0.len(), 4);
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
            assert_eq!(missing.0.iter().map(|it| it.0).collect::<Vec<_>>(), [index], "{from}");
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
