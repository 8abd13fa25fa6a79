//! The Microsoft Teams video provider: a component that connects an organisation's service account
//! (delegated, authorization code) or the application alone (client credentials, within an application
//! access policy), matches staff to users of Microsoft Entra ID by their user
//! principal name, and makes the online meeting of an appointment.
//!
//! Facts about Microsoft stand beside the code that rests on them. `AADSTS…` names an error of the
//! Microsoft identity platform as its documentation "Microsoft Entra authentication and
//! authorization error codes" lists it; "Graph" names the reference of Microsoft Graph v1.0.

mod account;
mod bindings;
mod client;
mod cloud;
mod connect;
mod connection;
mod describe;
mod directory;
mod encode;
mod failure;
mod graph;
mod host;
mod identity;
mod json;
mod matching;
mod meeting;
mod method;
mod staff;
mod time;
mod wants;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod fuzz;

use bindings::provider::{
    AuthorizationRequest, AuthorizationResponse, Cancellation, Connection, Description, DirectoryPage, Error,
    Guest, Look, LookUpOutcome, MatchOutcome, Meeting, MeetingReference, MeetingRequest, NextStep, User,
};
use host::Lent;
use identity::Purpose;

/// The component: every export hands over to the module that knows.
pub struct Teams;

impl Guest for Teams {
    fn describe() -> Description {
        describe::description()
    }

    fn begin_connect(request: AuthorizationRequest) -> Result<NextStep, Error> {
        connect::begin(&Lent, &request, Purpose::Connect)
    }

    fn finish_connect(response: AuthorizationResponse) -> Result<Connection, Error> {
        connect::finish(&Lent, &response, Purpose::Connect)
    }

    fn check() -> Result<Connection, Error> {
        account::check(&Lent)
    }

    fn check_user(user: User) -> Result<Vec<String>, Error> {
        staff::check(&Lent, &user)
    }

    fn match_users(keys: Vec<String>, look: Look) -> Result<Vec<MatchOutcome>, Error> {
        matching::match_users(&Lent, &keys, look)
    }

    fn list_users(cursor: Option<String>) -> Result<DirectoryPage, Error> {
        directory::list(&Lent, cursor)
    }

    fn directory_size() -> Result<Option<u64>, Error> {
        directory::size(&Lent)
    }

    fn create_meeting(request: MeetingRequest) -> Result<Meeting, Error> {
        meeting::create(&Lent, &request)
    }

    fn update_meeting(request: MeetingRequest) -> Result<Meeting, Error> {
        meeting::update(&Lent, &request)
    }

    fn cancel_meeting(cancellation: Cancellation) -> Result<(), Error> {
        meeting::cancel(&Lent, &cancellation)
    }

    fn look_up_meetings(references: Vec<MeetingReference>) -> Result<Vec<LookUpOutcome>, Error> {
        meeting::look_up(&Lent, &references)
    }

    fn begin_reauthorize(request: AuthorizationRequest) -> Result<NextStep, Error> {
        connect::begin(&Lent, &request, Purpose::Reauthorize)
    }

    fn finish_reauthorize(response: AuthorizationResponse) -> Result<Connection, Error> {
        connect::finish(&Lent, &response, Purpose::Reauthorize)
    }

    fn disconnect() -> Result<(), Error> {
        connection::forget(&Lent)
    }
}

/// The exported functions of the component, which need `unsafe` for the canonical ABI. A native linker
/// does not take their names.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code)]
mod exports {
    use super::Teams;

    crate::bindings::export!(Teams);
}
