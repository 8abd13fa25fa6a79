//! The Jitsi Meet video provider: a component that gives every appointment a room of its own on a Jitsi
//! Meet server, without an account there and without asking the server anything. Where a server wants a
//! token of everybody who comes, the host signs it when they join.
//!
//! A room of Jitsi Meet exists while somebody is in it, and whoever knows its name can enter. So the
//! name is what has to be kept: nobody can guess it, and an appointment always has the same.

mod bindings;
mod connection;
mod describe;
mod domain;
mod failure;
mod join;
mod meeting;
mod record;
mod room;
mod validate;

use bindings::joining::{self, JoinableMeeting, Participant};
use bindings::provider::{
    AuthorizationRequest, AuthorizationResponse, Cancellation, Connection, Description, DirectoryPage, Error,
    Guest, Look, LookUpOutcome, MatchOutcome, Meeting, MeetingReference, MeetingRequest, NextStep,
    SignInError, SignInProblem, User,
};

/// The component: every export hands over to the module that knows.
pub struct Jitsi;

impl Guest for Jitsi {
    fn describe() -> Description {
        describe::description()
    }

    fn begin_connect(request: AuthorizationRequest) -> Result<NextStep, Error> {
        connection::connect(&request.values).map(NextStep::Connected)
    }

    fn finish_connect(_: AuthorizationResponse) -> Result<Connection, Error> {
        Err(nobody_signs_in())
    }

    fn check() -> Result<Connection, Error> {
        connection::check()
    }

    fn check_user(_: User) -> Result<Vec<String>, Error> {
        Err(failure::knows_no_users())
    }

    fn match_users(_: Vec<String>, _: Look) -> Result<Vec<MatchOutcome>, Error> {
        Err(failure::knows_no_users())
    }

    fn list_users(_: Option<String>) -> Result<DirectoryPage, Error> {
        Err(failure::knows_no_users())
    }

    fn directory_size() -> Result<Option<u64>, Error> {
        Err(failure::knows_no_users())
    }

    fn create_meeting(request: MeetingRequest) -> Result<Meeting, Error> {
        meeting::create(&request)
    }

    fn update_meeting(request: MeetingRequest) -> Result<Meeting, Error> {
        meeting::update(&request)
    }

    fn cancel_meeting(cancellation: Cancellation) -> Result<(), Error> {
        meeting::cancel(&cancellation)
    }

    fn look_up_meetings(references: Vec<MeetingReference>) -> Result<Vec<LookUpOutcome>, Error> {
        meeting::look_up(&references)
    }

    fn begin_reauthorize(_: AuthorizationRequest) -> Result<NextStep, Error> {
        // There is no grant that could be renewed: what is connected is all there is.
        connection::check().map(NextStep::Connected)
    }

    fn finish_reauthorize(_: AuthorizationResponse) -> Result<Connection, Error> {
        connection::check()?;
        Err(nobody_signs_in())
    }

    fn disconnect() -> Result<(), Error> {
        connection::forget()
    }
}

impl joining::Guest for Jitsi {
    fn join_link(meeting: JoinableMeeting, participant: Participant) -> Result<String, Error> {
        join::link(&meeting, &participant)
    }
}

/// A callback cannot be an answer: this provider sent nobody anywhere.
fn nobody_signs_in() -> Error {
    Error::SignInFailed(SignInError {
        problem: SignInProblem::NotOurs,
        message: "Jitsi Meet is connected without a sign-in, so that no sign-in can come back.".to_owned(),
    })
}

/// What the host reads before it compiles anything: the origins of the description, of which there are none, and
/// the key that an operator may have for it.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code)]
mod wants {
    const LISTS: &[u8] = include_bytes!("../wants");

    #[used]
    #[unsafe(link_section = "video-provider:wants")]
    static WANTS: [u8; LISTS.len()] = *include_bytes!("../wants");
}

/// The exported functions of the component, which need `unsafe` for the canonical ABI. A native linker
/// does not take their names.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code)]
mod exports {
    use super::Jitsi;

    crate::bindings::export!(Jitsi);
}
