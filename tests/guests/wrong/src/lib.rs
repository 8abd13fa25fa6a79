//! A provider of rooms that keeps every rule of the contract, but the one that the operator names in the
//! setting `breaks`. Its service is `rooms.example`, for which the suites have a stand-in. Of some rules there is
//! a second way to break them, which has a name of its own.

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::pedantic)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "joining-video-provider",
        default_bindings_module: "crate::bindings",
        additional_derives: [PartialEq],
    });

    pub(crate) use exports::scheduling::video_provider::{joining, provider};
    pub(crate) use scheduling::video_provider::{credentials, http, settings, signing, storage};
}

mod account;
mod join;
mod rooms;
mod service;

use bindings::provider::{
    AuthorizationRequest, AuthorizationResponse, Cancellation, Capabilities, Connection, Description,
    DirectoryEntry, DirectoryPage, Error, Guest, InputError, InputProblem, Look, LookUpOutcome, MatchOutcome,
    Meeting, MeetingReference, MeetingRequest, NextStep, SetupField, SetupKind, Standing, User,
};
use bindings::{http, storage};

/// The component.
pub struct Wrong;

/// Whether this is the rule to break.
fn breaks(rule: &str) -> bool {
    bindings::settings::get("breaks").as_deref() == Some(rule)
}

fn random() -> String {
    format!("{:016x}", wasi::random::random::get_random_u64())
}

fn invalid(field: &str, problem: InputProblem) -> Error {
    let message = "This is not possible.".to_owned();
    Error::InvalidInput(InputError { field: field.to_owned(), problem, message })
}

fn user(key: &str) -> User {
    User { id: format!("user-{key}"), key: key.to_owned(), display_name: key.to_owned() }
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
fn stored(error: storage::Error) -> Error {
    Error::Internal(format!("the store refused: {error:?}"))
}

impl Guest for Wrong {
    fn describe() -> Description {
        let id = if breaks("loads-and-describes-itself") { "Wrong Rooms" } else { "wrong-rooms" };
        let version = if breaks("describes-itself-always-the-same") { random() } else { "1".to_owned() };
        Description {
            id: id.to_owned(),
            name: "Wrong rooms".to_owned(),
            version,
            setup: vec![SetupField {
                name: "house".to_owned(),
                label: "House".to_owned(),
                help: String::new(),
                required: true,
                asked_again: false,
                kind: SetupKind::Text(20),
            }],
            meeting_options: Vec::new(),
            match_key: "Name".to_owned(),
            best_batch: 10,
            capabilities: Capabilities::all(),
            meetings_per_month: None,
            api_origins: vec![service::ORIGIN.to_owned()],
            identity_origins: vec![service::ORIGIN.to_owned()],
            optional_api_origins: Vec::new(),
            optional_identity_origins: Vec::new(),
        }
    }

    fn begin_connect(request: AuthorizationRequest) -> Result<NextStep, Error> {
        let house = request.values.iter().find(|value| value.name == "house");
        let length = house.map_or(0, |house| house.value.chars().count());
        if !breaks("checks-the-setup") && !(1..=20).contains(&length) {
            return Err(invalid("house", InputProblem::Malformed));
        }
        if breaks("beginning-leaves-the-connection") {
            account::forget()?;
        }
        account::begin(&request.state)
    }

    fn finish_connect(response: AuthorizationResponse) -> Result<Connection, Error> {
        let connection = account::finish(&response, None)?;
        if breaks("connects") {
            service::call(http::Method::Put, "/rooms/made-by-connecting", "0 1")?;
        }
        Ok(connection)
    }

    fn check() -> Result<Connection, Error> {
        let account = account::require()?;
        service::call(http::Method::Get, "/account", "")?;
        Ok(account.connection())
    }

    fn check_user(_: User) -> Result<Vec<String>, Error> {
        // Nobody joins by this call, so the host has nothing to sign.
        let early = bindings::settings::get("signs-early")
            .map(|claims| format!("{:?}", bindings::signing::sign("rooms-token", &claims)));
        Ok(early.into_iter().collect())
    }

    fn match_users(keys: Vec<String>, _: Look) -> Result<Vec<MatchOutcome>, Error> {
        account::require()?;
        if breaks("answers-a-full-batch") && keys.len() > 5 {
            return Err(invalid("keys", InputProblem::Malformed));
        }
        let matched = |key: &String| {
            if key == "ada" { MatchOutcome::Matched(user(key)) } else { MatchOutcome::NotFound }
        };
        let mut outcomes: Vec<_> = keys.iter().map(matched).collect();
        if breaks("matches-each-key-in-order") && outcomes.len() > 1 {
            outcomes.swap(0, 1);
        }
        Ok(outcomes)
    }

    fn list_users(cursor: Option<String>) -> Result<DirectoryPage, Error> {
        account::require()?;
        // Two pages; whoever breaks the rule begins with the second.
        let first = cursor.is_none() && !breaks("lists-every-user");
        let (key, next) = if first { ("ada", Some("the-rest".to_owned())) } else { ("bob", None) };
        let entry = DirectoryEntry { user: user(key), standing: Standing::Usable, other_keys: Vec::new() };
        Ok(DirectoryPage { entries: vec![entry], next })
    }

    fn directory_size() -> Result<Option<u64>, Error> {
        account::require()?;
        Ok(Some(if breaks("tells-how-many-users-there-are") { 1_000 } else { 2 }))
    }

    fn create_meeting(request: MeetingRequest) -> Result<Meeting, Error> {
        rooms::create(&request)
    }

    fn update_meeting(request: MeetingRequest) -> Result<Meeting, Error> {
        rooms::update(&request)
    }

    fn cancel_meeting(cancellation: Cancellation) -> Result<(), Error> {
        rooms::cancel(&cancellation)
    }

    fn look_up_meetings(references: Vec<MeetingReference>) -> Result<Vec<LookUpOutcome>, Error> {
        rooms::look_up(&references)
    }

    fn begin_reauthorize(request: AuthorizationRequest) -> Result<NextStep, Error> {
        account::require()?;
        account::begin(&request.state)
    }

    fn finish_reauthorize(response: AuthorizationResponse) -> Result<Connection, Error> {
        let connected = account::require()?;
        account::finish(&response, Some(&connected))
    }

    fn disconnect() -> Result<(), Error> {
        account::disconnect()
    }
}

impl bindings::joining::Guest for Wrong {
    fn join_link(
        meeting: bindings::joining::JoinableMeeting,
        participant: bindings::joining::Participant,
    ) -> Result<String, Error> {
        join::link(&meeting, &participant)
    }
}

/// What the host reads before it compiles anything.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code)]
mod wants {
    const LISTS: &[u8] = include_bytes!("../wants");

    #[used]
    #[unsafe(link_section = "video-provider:wants")]
    static WANTS: [u8; LISTS.len()] = *include_bytes!("../wants");
}

// A native linker refuses the exports' names.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code)]
mod exported {
    crate::bindings::export!(Wrong with_types_in crate::bindings);
    use super::Wrong;
}
