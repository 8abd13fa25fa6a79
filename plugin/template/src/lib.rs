//! A video provider to begin with: a room with an unguessable name for every appointment.
//!
//! What is marked `YOURS` is to be replaced by your service. The rest is what every provider does, and what
//! `host-harness check` looks at.

mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "video-provider",
        default_bindings_module: "crate::bindings",
    });
    pub use exports::scheduling::video_provider::provider;
    pub use scheduling::video_provider::storage;
}

use bindings::provider::*;
use bindings::storage::{self, Entry, SwapError};

/// YOURS: where meetings are.
const SERVER: &str = "https://rooms.example";

/// Storage keys.
const CONNECTION: &str = "connection";
const MEETINGS: &str = "meeting/";

/// The component.
pub struct Provider;

impl Guest for Provider {
    /// Asked at every load, without an integration: no imports, always the same.
    fn describe() -> Description {
        Description {
            // YOURS. The platform stores the id; it never changes.
            id: "my-provider".to_owned(),
            name: "My provider".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            // YOURS: what the administrator is asked before connecting.
            setup: Vec::new(),
            meeting_options: Vec::new(),
            match_key: String::new(),
            best_batch: 1,
            // With MATCHING, staff are matched to your users first: see plugin/teams.
            capabilities: Capabilities::RESCHEDULE | Capabilities::CANCEL | Capabilities::LOOK_UP,
            meetings_per_month: None,
            // YOURS, in the file `wants`, if you send requests at all. The operator has to grant what stands
            // there under `api` and `identity`, and may leave the optional ones out.
            api_origins: wants::origins("api"),
            identity_origins: wants::origins("identity"),
            optional_api_origins: wants::origins("optional-api"),
            optional_identity_origins: wants::origins("optional-identity"),
        }
    }

    /// YOURS: with a sign-in, keep a verifier under `request.state` and answer with
    /// `NextStep::Visit(url)`; the callback comes to `finish_connect`.
    fn begin_connect(_: AuthorizationRequest) -> Result<NextStep, Error> {
        let account = random();
        let account = match storage::swap(CONNECTION, None, account.as_bytes()) {
            Ok(_) => account,
            // Somebody connected at the same time, or it is connected already: that one stands.
            Err(SwapError::Stale(Some(entry))) => text(&entry),
            Err(SwapError::Stale(None)) => return Err(Error::NotConnected),
            Err(SwapError::Failed(error)) => return Err(unstored(error)),
        };
        Ok(NextStep::Connected(connection(&account)))
    }

    /// YOURS: check that `response.state` is one that you began, look for `error` among the parameters, and
    /// redeem `code` with `credentials::exchange`.
    fn finish_connect(_: AuthorizationResponse) -> Result<Connection, Error> {
        Err(Error::SignInFailed(SignInError {
            problem: SignInProblem::NotOurs,
            message: "There is no sign-in here that could come back.".to_owned(),
        }))
    }

    /// YOURS: ask the service who is connected.
    fn check() -> Result<Connection, Error> {
        Ok(connection(&account()?))
    }

    fn check_user(_: User) -> Result<Vec<String>, Error> {
        Err(knows_no_users())
    }

    fn match_users(_: Vec<String>, _: Look) -> Result<Vec<MatchOutcome>, Error> {
        Err(knows_no_users())
    }

    fn list_users(_: Option<String>) -> Result<DirectoryPage, Error> {
        Err(knows_no_users())
    }

    fn directory_size() -> Result<Option<u64>, Error> {
        Err(knows_no_users())
    }

    fn create_meeting(request: MeetingRequest) -> Result<Meeting, Error> {
        settle(&request, true)
    }

    fn update_meeting(request: MeetingRequest) -> Result<Meeting, Error> {
        settle(&request, false)
    }

    fn cancel_meeting(cancellation: Cancellation) -> Result<(), Error> {
        check_id(&cancellation.appointment_id)?;
        account()?;
        let key = key(&cancellation.appointment_id);
        let Some(entry) = storage::get(&key).map_err(unstored)? else {
            return Ok(());
        };
        // Another room was of a connection that was here before, and is gone with it.
        if !Kept::read(&entry)?.is_meant(cancellation.meeting_id.as_deref()) {
            return Ok(());
        }
        // YOURS: end the meeting at the service. One that is gone is ended.
        storage::delete(&key).map_err(unstored)
    }

    fn look_up_meetings(references: Vec<MeetingReference>) -> Result<Vec<LookUpOutcome>, Error> {
        let account = account()?;
        references.iter().map(|reference| look_up(&account, reference)).collect()
    }

    fn begin_reauthorize(_: AuthorizationRequest) -> Result<NextStep, Error> {
        Ok(NextStep::Connected(connection(&account()?)))
    }

    /// YOURS: as `finish_connect`, and another account is `account-mismatch`.
    fn finish_reauthorize(response: AuthorizationResponse) -> Result<Connection, Error> {
        account()?;
        Self::finish_connect(response)
    }

    /// Asks nobody, so that it works when the service does not; twice is fine.
    fn disconnect() -> Result<(), Error> {
        storage::delete(CONNECTION).map_err(unstored)?;
        loop {
            let page = storage::list(MEETINGS, None).map_err(unstored)?;
            for key in &page.keys {
                storage::delete(key).map_err(unstored)?;
            }
            if page.next.is_none() {
                return Ok(());
            }
        }
    }
}

// ---- the connection ------------------------------------------------------------------------------

/// The connected account, or `not-connected`.
fn account() -> Result<String, Error> {
    let entry = storage::get(CONNECTION).map_err(unstored)?;
    entry.map(|entry| text(&entry)).ok_or(Error::NotConnected)
}

fn connection(account: &str) -> Connection {
    Connection {
        account: Account {
            // Permanent ids: integrations with the same tenant share what the host grants to one.
            id: account.to_owned(),
            tenant_id: account.to_owned(),
            user_name: String::new(),
            display_name: "My provider".to_owned(),
        },
        scopes: Vec::new(),
        warnings: Vec::new(),
    }
}

// ---- meetings ------------------------------------------------------------------------------------

/// What is kept of a meeting: `room start end`.
struct Kept {
    room: String,
    start: i64,
    end: i64,
}

impl Kept {
    fn read(entry: &Entry) -> Result<Self, Error> {
        let text = text(entry);
        let mut words = text.split(' ');
        let kept = (|| {
            let room = words.next()?.to_owned();
            Some(Self { room, start: words.next()?.parse().ok()?, end: words.next()?.parse().ok()? })
        })();
        kept.ok_or_else(|| Error::Internal("A meeting that is stored cannot be read.".to_owned()))
    }

    fn write(&self) -> String {
        format!("{} {} {}", self.room, self.start, self.end)
    }

    fn link(&self) -> String {
        format!("{SERVER}/{}", self.room)
    }

    /// Whether the caller means this room, as far as they say: another one would be of a connection that
    /// was here before.
    fn is_meant(&self, meeting_id: Option<&str>) -> bool {
        meeting_id.is_none_or(|id| id == self.room)
    }
}

fn key(appointment: &str) -> String {
    format!("{MEETINGS}{appointment}")
}

/// Brings the appointment's meeting up to the request; `make` says whether it may be made.
///
/// YOURS: a service that finds meetings by an id of yours (an idempotency key, an external id) keeps this
/// table for you. Then send the appointment's id with the creation, and store nothing.
fn settle(request: &MeetingRequest, make: bool) -> Result<Meeting, Error> {
    check_request(request)?;
    let account = account()?;
    let key = key(&request.appointment_id);
    let mut entry = storage::get(&key).map_err(unstored)?;
    // Each turn that is lost is one that somebody else won.
    for _ in 0..16 {
        let known = entry.as_ref().map(Kept::read).transpose()?;
        let room = match known {
            Some(kept) if make || kept.is_meant(request.meeting_id.as_deref()) => kept.room,
            None if make => random(),
            _ => return Err(Error::NotFound("There is no room for this appointment.".to_owned())),
        };
        let kept = Kept { room, start: request.start, end: request.end };
        let version = entry.as_ref().map(|entry| entry.version.as_str());
        match storage::swap(&key, version, kept.write().as_bytes()) {
            Ok(_) => {
                return Ok(Meeting {
                    join_url: kept.link(),
                    id: kept.room,
                    organizer_id: account,
                    start: kept.start,
                    end: kept.end,
                    created: entry.is_none(),
                    warnings: Vec::new(),
                });
            }
            Err(SwapError::Stale(current)) => entry = current,
            Err(SwapError::Failed(error)) => return Err(unstored(error)),
        }
    }
    Err(unavailable("Others change the same appointment. Ask again."))
}

fn look_up(account: &str, reference: &MeetingReference) -> Result<LookUpOutcome, Error> {
    check_id(&reference.appointment_id)?;
    let Some(entry) = storage::get(&key(&reference.appointment_id)).map_err(unstored)? else {
        return Ok(LookUpOutcome::Gone);
    };
    let kept = Kept::read(&entry)?;
    if !kept.is_meant(reference.meeting_id.as_deref()) {
        return Ok(LookUpOutcome::Gone);
    }
    Ok(LookUpOutcome::Found(MeetingState {
        join_url: kept.link(),
        id: kept.room,
        organizer_id: account.to_owned(),
        start: kept.start,
        end: kept.end,
        subject: None,
    }))
}

// ---- what the contract asks of a request ---------------------------------------------------------

fn check_request(request: &MeetingRequest) -> Result<(), Error> {
    check_id(&request.appointment_id)?;
    let too_long = |text: &str| text.chars().count() > 256;
    if too_long(&request.subject) {
        return malformed("subject", "The subject is longer than 256 characters.");
    }
    if request.end <= request.start {
        return malformed("end", "The meeting must end after it starts.");
    }
    if request.attendees.len() > 100 {
        return malformed("attendees", "A meeting has at most 100 attendees.");
    }
    if request.attendees.iter().any(|attendee| too_long(&attendee.name)) {
        return malformed("attendees", "A name is longer than 256 characters.");
    }
    match request.options.first() {
        Some(option) => invalid(&option.name, InputProblem::Unsupported, "There is no such option."),
        None => Ok(()),
    }
}

fn check_id(id: &str) -> Result<(), Error> {
    if (1..=128).contains(&id.len()) && id.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Ok(());
    }
    malformed("appointment-id", "The appointment's id must be 1 to 128 printable ASCII characters.")
}

// ---- errors --------------------------------------------------------------------------------------

fn malformed<T>(field: &str, message: &str) -> Result<T, Error> {
    invalid(field, InputProblem::Malformed, message)
}

fn invalid<T>(field: &str, problem: InputProblem, message: &str) -> Result<T, Error> {
    Err(Error::InvalidInput(InputError { field: field.to_owned(), problem, message: message.to_owned() }))
}

fn knows_no_users() -> Error {
    let message = "Rooms know no users, so that staff need not be matched.".to_owned();
    Error::Refused(Refusal { problem: RefusalProblem::Other, message })
}

/// Nothing happened, and it may work later.
fn unavailable(message: &str) -> Error {
    Error::Unavailable(Outage {
        may_have_taken_effect: false,
        retry_after: None,
        message: message.to_owned(),
    })
}

/// What a failure of the host's storage means to the caller.
fn unstored(error: storage::Error) -> Error {
    match error {
        storage::Error::Unavailable(_) => unavailable("The platform's store did not answer."),
        storage::Error::QuotaExceeded(_) => Error::Misconfigured(Misconfiguration {
            problem: MisconfigurationProblem::Host,
            message: "The storage quota of this integration is used up.".to_owned(),
        }),
        error => Error::Internal(format!("The platform's store refused a key or a value: {error:?}")),
    }
}

// ---- small things --------------------------------------------------------------------------------

fn text(entry: &Entry) -> String {
    String::from_utf8_lossy(&entry.value).into_owned()
}

/// 128 bits that nobody can guess.
fn random() -> String {
    wasi::random::random::get_random_bytes(16).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What you want of the operator, in one file for `describe` and for the host, which reads it from the
/// component before it compiles anything.
mod wants {
    const LISTS: &str = include_str!("../wants");

    #[cfg(target_family = "wasm")]
    #[used]
    #[unsafe(link_section = "video-provider:wants")]
    static SECTION: [u8; LISTS.len()] = *include_bytes!("../wants");

    pub(crate) fn origins(list: &str) -> Vec<String> {
        let of = |line: &str| Some(line.strip_prefix(list)?.strip_prefix(' ')?.to_owned());
        LISTS.lines().filter_map(of).collect()
    }
}

// A native linker does not take the names of the exports.
#[cfg(target_family = "wasm")]
bindings::export!(Provider with_types_in bindings);
