//! The `onlineMeeting` resource of Graph, as far as it is written and read here.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::options::{Settings, Shown};
use crate::bindings::provider::{Error, Meeting, MeetingState};
use crate::bindings::types::Instant;
use crate::failure;
use crate::json::Json;
use crate::time;

/// What the meeting shall be.
pub(crate) struct Wish<'a> {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    pub(crate) subject: &'a str,
    pub(crate) attendees: Vec<Attendee<'a>>,
}

/// One attendee. `upn` and the user's id are sent together, as Graph asks.
#[derive(Serialize)]
pub(crate) struct Attendee<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) upn: Option<&'a str>,
    pub(crate) role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<Identity<'a>>,
}

#[derive(Serialize)]
pub(crate) struct Identity<'a> {
    pub(crate) user: IdentityUser<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IdentityUser<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) display_name: &'a str,
}

impl<'a> Identity<'a> {
    /// What is known of a person; none if that is nothing.
    pub(crate) fn of(id: Option<&'a str>, display_name: &'a str) -> Option<Self> {
        (id.is_some() || !display_name.is_empty()).then_some(Self { user: IdentityUser { id, display_name } })
    }
}

impl Attendee<'_> {
    fn id(&self) -> Option<&str> {
        self.identity.as_ref().and_then(|identity| identity.user.id)
    }

    /// Whether both are the same person: by user id, or else by address.
    pub(crate) fn is_same(&self, other: &Attendee<'_>) -> bool {
        same((self.id(), self.upn), (other.id(), other.upn))
    }
}

fn same(one: (Option<&str>, Option<&str>), other: (Option<&str>, Option<&str>)) -> bool {
    match (one, other) {
        ((Some(one), _), (Some(other), _)) | ((_, Some(one)), (_, Some(other))) => {
            one.eq_ignore_ascii_case(other)
        }
        _ => false,
    }
}

/// The body of `createOrGet`, with the appointment's id, or of a `PATCH`, without.
pub(crate) struct Body<'a> {
    pub(crate) external_id: Option<&'a str>,
    /// None leaves everything but the settings as it is.
    pub(crate) wish: Option<&'a Wish<'a>>,
    /// `createOrGet` takes none.
    pub(crate) settings: Settings,
}

impl Body<'_> {
    /// As it is sent.
    pub(crate) fn json(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|_| failure::internal("The meeting could not be written as JSON."))
    }
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(None)?;
        if let Some(id) = self.external_id {
            body.serialize_entry("externalId", id)?;
        }
        if let Some(wish) = self.wish {
            body.serialize_entry("startDateTime", time::write(wish.start).as_str())?;
            body.serialize_entry("endDateTime", time::write(wish.end).as_str())?;
            // An empty subject is left out of a new meeting, and clears that of one that exists.
            if self.external_id.is_none() || !wish.subject.is_empty() {
                body.serialize_entry("subject", wish.subject)?;
            }
            body.serialize_entry("participants", &Participants { attendees: &wish.attendees })?;
        }
        self.settings.write(&mut body)?;
        body.end()
    }
}

#[derive(Serialize)]
struct Participants<'a> {
    attendees: &'a [Attendee<'a>],
}

/// A meeting as Graph gave it. Every part may be missing; what is not read here is not looked at.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) id: Option<String>,
    join_web_url: Option<String>,
    start: Option<Instant>,
    end: Option<Instant>,
    subject: Option<String>,
    organizer: Option<String>,
    attendees: Option<Vec<GivenAttendee>>,
    /// What it shows of the options.
    pub(crate) shown: Shown,
}

impl Given {
    /// Reads a meeting.
    pub(crate) fn read(meeting: &Json<'_>) -> Self {
        let at = |name: &str| meeting.get(name).text().and_then(time::read);
        let participants = meeting.get("participants");
        let attendees = participants.get("attendees").list();
        Self {
            id: meeting.get("id").owned(),
            join_web_url: meeting.get("joinWebUrl").owned(),
            start: at("startDateTime"),
            end: at("endDateTime"),
            subject: meeting.get("subject").owned(),
            organizer: user_id(participants.get("organizer")),
            attendees: attendees.map(|list| list.iter().map(GivenAttendee::read).collect()),
            shown: Shown::read(meeting),
        }
    }

    /// The link, if it is one: https and no longer than the contract allows. Only `joinWebUrl` is
    /// read; `joinUrl` may be absent, and the documentation has an answer whose value is `url`.
    pub(crate) fn link(&self) -> Option<&str> {
        let link = self.join_web_url.as_deref()?;
        (link.starts_with("https://") && link.len() <= 2048).then_some(link)
    }

    /// Takes from `other` what a meeting needs and is missing here.
    pub(crate) fn complete(&mut self, other: Given) {
        if self.link().is_none() {
            self.join_web_url = other.join_web_url;
        }
        self.id = self.id.take().or(other.id);
        self.start = self.start.or(other.start);
        self.end = self.end.or(other.end);
        self.organizer = self.organizer.take().or(other.organizer);
    }

    /// What still holds of it after its times were changed.
    pub(crate) fn before_change(self) -> Self {
        Self { start: None, end: None, ..self }
    }

    /// Whether nothing but settings has to be changed. Attendees that the answer does not list are not
    /// known to differ.
    pub(crate) fn fits(&self, wish: &Wish<'_>) -> bool {
        self.start == Some(wish.start)
            && self.end == Some(wish.end)
            && self.subject.as_deref().unwrap_or("") == wish.subject
            && self.attendees.as_ref().is_none_or(|given| {
                let is_given = |wished| given.iter().any(|given| given.is(wished));
                given.len() == wish.attendees.len() && wish.attendees.iter().all(is_given)
            })
    }

    /// As the contract has what was looked up; none if it lacks what makes a meeting.
    pub(crate) fn state(self, organizer: &str) -> Option<MeetingState> {
        Some(MeetingState {
            join_url: self.link()?.to_owned(),
            id: self.id.filter(|id| is_meeting_id(id))?,
            organizer_id: self.organizer.unwrap_or_else(|| organizer.to_owned()),
            start: self.start?,
            end: self.end?,
            subject: self.subject.map(|subject| shortened(&subject, SUBJECT)),
        })
    }

    /// As the contract has meetings.
    pub(crate) fn meeting(
        self,
        wish: &Wish<'_>,
        created: bool,
        organizer: &str,
        warnings: Vec<String>,
    ) -> Result<Meeting, Error> {
        let Some(join_url) = self.link().map(str::to_owned) else {
            return Err(failure::internal(
                "Microsoft Graph gave the meeting without an https link to join it.",
            ));
        };
        let id = self.id.filter(|id| is_meeting_id(id));
        Ok(Meeting {
            id: id.ok_or_else(without_id)?,
            join_url,
            organizer_id: self.organizer.unwrap_or_else(|| organizer.to_owned()),
            start: self.start.unwrap_or(wish.start),
            end: self.end.unwrap_or(wish.end),
            created,
            warnings,
        })
    }
}

/// An attendee as Graph gave it.
struct GivenAttendee {
    id: Option<String>,
    upn: Option<String>,
    role: Option<String>,
}

impl GivenAttendee {
    fn read(attendee: &Json<'_>) -> Self {
        Self { id: user_id(attendee), upn: attendee.get("upn").owned(), role: attendee.get("role").owned() }
    }

    /// Whether it is that attendee, in that role. No role is that of an attendee.
    fn is(&self, wished: &Attendee<'_>) -> bool {
        let role = self.role.as_deref().unwrap_or("attendee");
        let given = (self.id.as_deref(), self.upn.as_deref());
        same(given, (wished.id(), wished.upn)) && role.eq_ignore_ascii_case(wished.role)
    }
}

/// `identity.user.id` of a participant.
fn user_id(participant: &Json<'_>) -> Option<String> {
    let id = participant.get("identity").get("user").get("id").owned();
    id.filter(|id| !id.is_empty())
}

/// Whether the contract takes it for the id of a meeting.
fn is_meeting_id(id: &str) -> bool {
    (1..=1024).contains(&id.len())
}

/// The longest subject that the contract takes back, in bytes. Whoever edits a meeting in Teams can
/// write a longer one.
const SUBJECT: usize = 1024;

/// The text, cut at a character; control characters, which a host refuses, become spaces.
fn shortened(text: &str, most: usize) -> String {
    let end = (0..=most.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    let kept = text.get(..end.unwrap_or(0)).unwrap_or_default();
    kept.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// An answer without an id that could be used.
pub(crate) fn without_id() -> Error {
    failure::internal("Microsoft Graph gave the meeting without an id.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> Wish<'static> {
        Wish {
            start: 1_599_687_210_854,
            end: 1_599_689_010_856,
            subject: "Advice",
            attendees: vec![Attendee {
                upn: Some("s@c.com"),
                role: "coorganizer",
                identity: Some(Identity { user: IdentityUser { id: Some("s"), display_name: "" } }),
            }],
        }
    }

    const GIVEN: &str = r#"{"id":"M","joinWebUrl":"https://teams.microsoft.com/l/x","joinUrl":null,
        "startDateTime":"2020-09-09T14:33:30.8546353-07:00","endDateTime":"2020-09-09T22:03:30.8566356Z",
        "subject":"Advice","allowedPresenters":"unknownFutureValue",
        "participants":{"organizer":{"role":null,"identity":{"user":{"id":"O"}}},
        "attendees":[{"upn":"S@c.com","role":"coorganizer","identity":{"user":{"id":"S"}}}]}}"#;

    fn given(text: &str) -> Given {
        Given::read(&Json::read(text.as_bytes()).expect("JSON"))
    }

    #[test]
    fn a_body_holds_what_create_or_get_takes_and_no_more() {
        let body = Body { external_id: Some("a-1"), wish: Some(&wish()), settings: Settings::NONE };
        let body = body.json().expect("a body");
        assert_eq!(
            String::from_utf8_lossy(&body),
            r#"{"externalId":"a-1","startDateTime":"2020-09-09T21:33:30.854Z","endDateTime":"2020-09-09T22:03:30.856Z","subject":"Advice","participants":{"attendees":[{"upn":"s@c.com","role":"coorganizer","identity":{"user":{"id":"s"}}}]}}"#
        );
    }

    #[test]
    fn a_meeting_that_is_as_wished_needs_no_change() {
        assert!(given(GIVEN).fits(&wish()));
        for (from, to) in [
            ("14:33:30", "14:33:31"),
            ("\"Advice\"", "null"),
            ("\"coorganizer\"", "null"),
            ("{\"id\":\"S\"}", "{\"id\":\"T\"}"),
            ("2020-09-09T22:03:30.8566356Z", ""),
        ] {
            assert!(!given(&GIVEN.replace(from, to)).fits(&wish()), "{from}");
        }
    }

    #[test]
    fn a_link_must_be_https_and_an_id_be_there() {
        let meeting = given(GIVEN).meeting(&wish(), true, "fallback", Vec::new()).expect("a meeting");
        assert_eq!((meeting.id.as_str(), meeting.organizer_id.as_str()), ("M", "O"));
        assert_eq!(meeting.start, wish().start);
        for (from, to) in [("https://teams", "http://teams"), ("\"M\"", "null"), ("\"M\"", "\"\"")] {
            let broken = given(&GIVEN.replace(from, to));
            assert!(broken.meeting(&wish(), true, "o", Vec::new()).is_err(), "{from}");
        }
    }

    #[test]
    fn what_a_patch_leaves_out_is_taken_from_before() {
        let mut changed = given(r#"{"joinWebUrl":"url","startDateTime":"2021-01-01T00:00:00Z"}"#);
        changed.complete(given(GIVEN));
        assert_eq!(changed.link(), Some("https://teams.microsoft.com/l/x"));
        assert_eq!(changed.start, time::read("2021-01-01T00:00:00Z"));
        assert_eq!(changed.id.as_deref(), Some("M"));
    }
}
