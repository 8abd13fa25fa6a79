//! Providers that answer by a script, and a platform over them that waits for nobody.

mod provider;
mod stage;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use video_host::CallError;
use video_host::provider::{
    Account, Connection, DeadGrant, Description, DirectoryPage, Error, GrantProblem, Look, LookUpOutcome,
    MatchOutcome, Meeting, MeetingRequest, MeetingState, Misconfiguration, MisconfigurationProblem, Outage,
    Parameter, Refusal, RefusalProblem, User,
};
use video_host::store::Purpose;
use video_platform::IntegrationId;

pub(crate) use stage::{Stage, request, service};

/// What a call is answered with: a script's next line, or, once it is through, a success.
pub(crate) type Lines<T> = Mutex<VecDeque<Result<T, Error>>>;

/// A sign-in under way: for which integration, for what, and with which setup values.
type Begun = (IntegrationId, Purpose, Vec<Parameter>);

/// A provider's script and what it was asked.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) description: Mutex<Description>,
    /// Next answers of `check`, `finish-connect` and `finish-reauthorize`.
    pub(crate) connections: Lines<Connection>,
    /// Next answers of `match-users`; after them every key is matched, but those in `outcomes`.
    pub(crate) matches: Lines<Vec<MatchOutcome>>,
    pub(crate) outcomes: Mutex<HashMap<String, MatchOutcome>>,
    /// Next answers of `check-user`.
    pub(crate) user_checks: Lines<Vec<String>>,
    /// Next answers of `list-users`, and what `directory-size` tells.
    pub(crate) pages: Lines<DirectoryPage>,
    pub(crate) size: Mutex<Option<u64>>,
    /// Next answers of the three calls for meetings.
    pub(crate) creates: Lines<()>,
    pub(crate) updates: Lines<()>,
    pub(crate) cancels: Lines<()>,
    /// Every call, in its order.
    pub(crate) calls: Mutex<Vec<String>>,
    /// The options of every request for a meeting, as `name=value`.
    pub(crate) options: Mutex<Vec<String>>,
    /// Who organises the meetings, unless each staff member does.
    pub(crate) organizer: Mutex<String>,
    /// Whether each staff member organises their own meetings.
    pub(crate) staff_organise: AtomicBool,
    /// Next answers of `look-up-meetings`; after them it tells how the meetings are.
    pub(crate) look_ups: Lines<Vec<LookUpOutcome>>,
    held_creates: Mutex<Option<Held>>,
    held_answers: Mutex<Option<Held>>,
    /// By appointment and organizer.
    pub(crate) meetings: Mutex<HashMap<(String, String), Meeting>>,
    made: AtomicU64,
    callbacks: Mutex<HashMap<String, Begun>>,
    states: AtomicU64,
}

/// One handle for the platform, one for the test.
#[derive(Debug, Clone)]
pub(crate) struct Scripted(pub(crate) Arc<Script>);

pub(crate) struct Working {
    script: Arc<Script>,
    description: Description,
    integration: IntegrationId,
}

/// Adds to a script.
pub(crate) fn scripted<T>(lines: &Lines<T>, more: impl IntoIterator<Item = Result<T, Error>>) {
    lines.lock().unwrap().extend(more);
}

/// Keeps a call from being answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    reached: Arc<Notify>,
    released: Arc<Notify>,
}

impl Held {
    /// Returns when the call is there.
    pub(crate) async fn reached(&self) {
        self.reached.notified().await;
    }

    pub(crate) fn release(&self) {
        self.released.notify_one();
    }
}

fn hold(place: &Mutex<Option<Held>>) -> Held {
    let held = Held::default();
    *place.lock().unwrap() = Some(held.clone());
    held
}

async fn wait_if_held(place: &Mutex<Option<Held>>) {
    let held = place.lock().unwrap().take();
    if let Some(held) = held {
        held.reached.notify_one();
        held.released.notified().await;
    }
}

fn next<T>(lines: &Lines<T>) -> Option<Result<T, Error>> {
    lines.lock().unwrap().pop_front()
}

fn answer<T>(result: Result<T, Error>) -> Result<T, CallError> {
    result.map_err(CallError::Provider)
}

pub(crate) fn connection() -> Connection {
    Connection {
        account: Account {
            id: "oid-1".to_owned(),
            tenant_id: "tid-1".to_owned(),
            user_name: "video@contoso.com".to_owned(),
            display_name: "Video".to_owned(),
        },
        scopes: vec![],
        warnings: vec![],
    }
}

pub(crate) fn user(key: &str) -> User {
    User { id: format!("oid of {key}"), key: key.to_owned(), display_name: String::new() }
}

pub(crate) fn dead() -> Error {
    Error::NeedsReauthorization(DeadGrant {
        problem: GrantProblem::PasswordChanged,
        message: "The password of video@contoso.com was changed.".to_owned(),
    })
}

pub(crate) fn refused(message: &str) -> Error {
    Error::Refused(Refusal { problem: RefusalProblem::Other, message: message.to_owned() })
}

pub(crate) fn misconfigured(message: &str) -> Error {
    let problem = MisconfigurationProblem::UnknownClient;
    Error::Misconfigured(Misconfiguration { problem, message: message.to_owned() })
}

pub(crate) fn outage() -> Error {
    Error::Unavailable(Outage {
        may_have_taken_effect: true,
        retry_after: None,
        message: "No answer.".to_owned(),
    })
}

impl Script {
    pub(crate) fn call(&self, what: impl Into<String>) {
        self.calls.lock().unwrap().push(what.into());
    }

    /// Holds the next `create-meeting` back before it takes effect.
    pub(crate) fn hold_creates(&self) -> Held {
        hold(&self.held_creates)
    }

    /// Holds the next answer of `create-meeting`, `look-up-meetings`, `match-users` or `list-users` back, which is
    /// as things were when it was given.
    pub(crate) fn hold_answers(&self) -> Held {
        hold(&self.held_answers)
    }

    /// The calls since the last time.
    pub(crate) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    fn organizer(&self, staff: Option<&User>) -> String {
        match staff {
            Some(staff) if self.staff_organise.load(Ordering::SeqCst) => staff.id.clone(),
            _ => self.organizer.lock().unwrap().clone(),
        }
    }

    /// Writes down with which options a meeting is made or changed.
    fn with_options_of(&self, request: &MeetingRequest) {
        let chosen = request.options.iter().map(|option| format!("{}={}", option.name, option.value));
        self.options.lock().unwrap().push(chosen.collect::<Vec<_>>().join(" "));
    }

    fn meeting(&self, request: &MeetingRequest) -> Meeting {
        let organizer = self.organizer(request.staff.as_ref());
        let mut meetings = self.meetings.lock().unwrap();
        let key = (request.appointment_id.clone(), organizer.clone());
        let meeting = meetings.entry(key).or_insert_with(|| {
            let number = self.made.fetch_add(1, Ordering::SeqCst);
            Meeting {
                id: format!("meeting {number}"),
                join_url: format!("https://teams.microsoft.com/l/{number}"),
                organizer_id: organizer,
                start: request.start,
                end: request.end,
                created: true,
                warnings: vec![],
            }
        });
        (meeting.start, meeting.end) = (request.start, request.end);
        meeting.clone()
    }

    /// Changes a meeting by its id; another one is made only where none is named.
    fn changed(&self, request: &MeetingRequest) -> Result<Meeting, Error> {
        let Some(id) = &request.meeting_id else { return Ok(self.meeting(request)) };
        let mut meetings = self.meetings.lock().unwrap();
        let meeting = meetings.values_mut().find(|meeting| meeting.id == *id);
        let meeting = meeting.ok_or_else(|| Error::NotFound("Gone.".to_owned()))?;
        (meeting.start, meeting.end) = (request.start, request.end);
        Ok(meeting.clone())
    }

    fn outcomes_of(&self, keys: &[String], look: Look) -> Vec<MatchOutcome> {
        let outcomes = self.outcomes.lock().unwrap();
        let outcome = |key: &String| match outcomes.get(key) {
            Some(outcome) => outcome.clone(),
            None if look == Look::Addresses => MatchOutcome::NotFound,
            None => MatchOutcome::Matched(user(key)),
        };
        keys.iter().map(outcome).collect()
    }

    /// Ids of the meetings that exist, in the order in which they were made.
    pub(crate) fn alive(&self) -> Vec<String> {
        let meetings = self.meetings.lock().unwrap();
        let mut ids: Vec<_> = meetings.values().map(|meeting| meeting.id.clone()).collect();
        ids.sort();
        ids
    }
}

impl Script {
    /// How meetings are, by their ids.
    fn states(&self, ids: &[String]) -> Vec<LookUpOutcome> {
        let meetings = self.meetings.lock().unwrap();
        let outcome = |id: &String| match meetings.values().find(|meeting| meeting.id == *id) {
            Some(meeting) => LookUpOutcome::Found(MeetingState {
                id: meeting.id.clone(),
                join_url: meeting.join_url.clone(),
                organizer_id: meeting.organizer_id.clone(),
                start: meeting.start,
                end: meeting.end,
                subject: None,
            }),
            None => LookUpOutcome::Gone,
        };
        ids.iter().map(outcome).collect()
    }
}
