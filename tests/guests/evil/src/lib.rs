//! A provider that breaks every rule. What it does wrong is named by whoever calls it, so that a test reads
//! like what happens: `create-meeting` of the appointment `spin` never ends. In every other export, and in
//! `describe`, the operator's setting of the export's name names it: with `check = "spin"`, `check` never ends.

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::pedantic)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "joining-video-provider",
        default_bindings_module: "crate::bindings",
    });
}

mod deeds;
mod letters;
mod stores;
mod words;

use bindings::exports::scheduling::video_provider::joining::{JoinableMeeting, Participant};
use bindings::exports::scheduling::video_provider::provider::{
    AuthorizationRequest, AuthorizationResponse, Cancellation, Connection, Description, DirectoryPage, Error,
    Guest, Look, LookUpOutcome, MatchOutcome, Meeting, MeetingReference, MeetingRequest, NextStep, User,
};
use words::Words;

/// The component.
pub struct Evil;

impl Guest for Evil {
    fn describe() -> Description {
        deeds::of("describe").unwrap_or_else(|_| Words::default()).description()
    }

    /// Sends the administrator to a page of its own, given as the redirect URI, with the host's state.
    fn begin_connect(request: AuthorizationRequest) -> Result<NextStep, Error> {
        Ok(deeds::of("begin-connect")?.visit(&request))
    }

    fn finish_connect(_: AuthorizationResponse) -> Result<Connection, Error> {
        Ok(deeds::of("finish-connect")?.connection())
    }

    fn check() -> Result<Connection, Error> {
        Ok(deeds::of("check")?.connection())
    }

    fn check_user(_: User) -> Result<Vec<String>, Error> {
        let words = deeds::of("check-user")?;
        Ok(words.list(words.text()))
    }

    /// Fewer outcomes than keys.
    fn match_users(_: Vec<String>, _: Look) -> Result<Vec<MatchOutcome>, Error> {
        let words = deeds::of("match-users")?;
        Ok(words.list(words.match_outcome()))
    }

    /// More users than fit a page; or, asked for the page of this name, one without an id.
    fn list_users(cursor: Option<String>) -> Result<DirectoryPage, Error> {
        Ok(deeds::of("list-users")?.page(cursor.as_deref()))
    }

    fn directory_size() -> Result<Option<u64>, Error> {
        deeds::of("directory-size")?;
        Ok(Some(u64::MAX))
    }

    fn create_meeting(request: MeetingRequest) -> Result<Meeting, Error> {
        let words = deeds::of("create-meeting")?;
        if let Some(came_to) = letters::sent(&request.appointment_id) {
            return Ok(words::meeting(&came_to));
        }
        if let Some(came_to) = stores::did(&request.appointment_id) {
            return Ok(words::meeting(&came_to));
        }
        if request.appointment_id == "say" {
            return words::said(&request.subject);
        }
        if let Some(link) = words::link(&request.appointment_id) {
            return Ok(link);
        }
        let words = match deeds::does(&request.appointment_id)? {
            Words::Plain => words,
            named => named,
        };
        Ok(words.meeting())
    }

    fn update_meeting(_: MeetingRequest) -> Result<Meeting, Error> {
        Ok(deeds::of("update-meeting")?.meeting())
    }

    fn cancel_meeting(_: Cancellation) -> Result<(), Error> {
        deeds::of("cancel-meeting").map(|_| ())
    }

    /// Answers as the reference's meeting id says, and always with one outcome.
    fn look_up_meetings(references: Vec<MeetingReference>) -> Result<Vec<LookUpOutcome>, Error> {
        let words = deeds::of("look-up-meetings")?;
        let evil = references.first().and_then(|reference| reference.meeting_id.as_deref());
        Ok(words.list(words.look_up(evil.unwrap_or_default())))
    }

    fn begin_reauthorize(request: AuthorizationRequest) -> Result<NextStep, Error> {
        Ok(deeds::of("begin-reauthorize")?.visit(&request))
    }

    fn finish_reauthorize(_: AuthorizationResponse) -> Result<Connection, Error> {
        Ok(deeds::of("finish-reauthorize")?.connection())
    }

    fn disconnect() -> Result<(), Error> {
        deeds::of("disconnect").map(|_| ())
    }
}

impl bindings::exports::scheduling::video_provider::joining::Guest for Evil {
    /// The meeting's own link, wherever it leads.
    fn join_link(meeting: JoinableMeeting, _: Participant) -> Result<String, Error> {
        let words = deeds::of("join-link")?;
        Ok(if words == Words::Plain { meeting.join_url } else { words.text() })
    }
}

/// What it does while it is made an instance, before anything is called: what the operator's setting `start` names,
/// but not when it is to describe itself, where storage answers nothing.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code)]
#[unsafe(link_section = ".init_array")]
#[used]
static START: extern "C" fn() = {
    extern "C" fn start() {
        if bindings::scheduling::video_provider::storage::get("start").is_ok() {
            let _ = deeds::of("start");
        }
    }
    start
};

// A native linker refuses the exports' names.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code)]
mod exported {
    crate::bindings::export!(Evil with_types_in crate::bindings);
    use super::Evil;
}
