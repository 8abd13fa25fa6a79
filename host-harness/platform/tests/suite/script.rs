//! Providers that answer by a script, and a platform over them that waits for nobody.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::Notify;
use video_host::clock::Clock as _;
use video_host::clock::ShiftedClock;
use video_host::provider::{
    Account, Cancellation, Capabilities, Connection, DeadGrant, Description, DirectoryPage, Error,
    GrantProblem, Look, LookUpOutcome, MatchOutcome, Meeting, MeetingReference, MeetingRequest, MeetingState,
    Misconfiguration, MisconfigurationProblem, NextStep, Outage, Parameter, Refusal, RefusalProblem, User,
};
use video_host::store::{CallbackError, KeyRing, Purpose, Store, StoreError};
use video_host::{AuthorizationError, CallError};
use video_platform::{
    Answered, BookingRequest, Channel, Finished, IntegrationId, MatchField, MeetingOptions, Platform, Setup,
    VideoProvider, VideoProviders, Waiter,
};

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

    /// Holds the next answer of `create-meeting` or `look-up-meetings` back, which is as things were when it
    /// was given.
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

    /// Ids of the meetings that exist, in the order in which they were made.
    pub(crate) fn alive(&self) -> Vec<String> {
        let meetings = self.meetings.lock().unwrap();
        let mut ids: Vec<_> = meetings.values().map(|meeting| meeting.id.clone()).collect();
        ids.sort();
        ids
    }
}

impl VideoProvider for Working {
    fn description(&self) -> &Description {
        &self.description
    }

    async fn check(&self) -> Result<Connection, CallError> {
        self.script.call("check");
        answer(next(&self.script.connections).unwrap_or_else(|| Ok(connection())))
    }

    async fn check_user(&self, user: &User) -> Result<Vec<String>, CallError> {
        self.script.call(format!("check user {}", user.id));
        answer(next(&self.script.user_checks).unwrap_or_else(|| Ok(vec![])))
    }

    async fn match_users(&self, keys: &[String], look: Look) -> Result<Vec<MatchOutcome>, CallError> {
        let by = if look == Look::Addresses { "match by address" } else { "match" };
        self.script.call(format!("{by} {}", keys.join(" ")));
        if let Some(line) = next(&self.script.matches) {
            return answer(line);
        }
        let outcomes = self.script.outcomes.lock().unwrap();
        let outcome = |key: &String| match outcomes.get(key) {
            Some(outcome) => outcome.clone(),
            None if look == Look::Addresses => MatchOutcome::NotFound,
            None => MatchOutcome::Matched(user(key)),
        };
        Ok(keys.iter().map(outcome).collect())
    }

    async fn list_users(&self, cursor: Option<&str>) -> Result<DirectoryPage, CallError> {
        self.script.call(format!("list {}", cursor.unwrap_or("from the start")));
        answer(next(&self.script.pages).unwrap_or(Ok(DirectoryPage { entries: vec![], next: None })))
    }

    async fn directory_size(&self) -> Result<Option<u64>, CallError> {
        self.script.call("count");
        Ok(*self.script.size.lock().unwrap())
    }

    async fn create_meeting(&self, request: &MeetingRequest) -> Result<Meeting, CallError> {
        self.script.call(format!("create {}", request.appointment_id));
        wait_if_held(&self.script.held_creates).await;
        let answered = next(&self.script.creates).unwrap_or(Ok(()));
        if let Err(error @ Error::Refused(_)) = answered {
            return answer(Err(error));
        }
        self.script.with_options_of(request);
        // What is lost on the way has taken effect all the same.
        let meeting = self.script.meeting(request);
        wait_if_held(&self.script.held_answers).await;
        answer(answered.map(|()| meeting))
    }

    async fn update_meeting(&self, request: &MeetingRequest) -> Result<Meeting, CallError> {
        self.script.call(format!("update {} {}", request.appointment_id, request.start));
        answer(next(&self.script.updates).unwrap_or(Ok(())).and_then(|()| {
            self.script.with_options_of(request);
            self.script.changed(request)
        }))
    }

    async fn cancel_meeting(&self, cancellation: &Cancellation) -> Result<(), CallError> {
        let meeting = cancellation.meeting_id.as_deref().unwrap_or("?");
        let organizer = cancellation.organizer_id.as_deref().unwrap_or("?");
        self.script.call(format!("cancel {} {meeting} of {organizer}", cancellation.appointment_id));
        let answered = next(&self.script.cancels).unwrap_or(Ok(()));
        if answered.is_ok() {
            let key =
                (cancellation.appointment_id.clone(), self.script.organizer(cancellation.staff.as_ref()));
            self.script.meetings.lock().unwrap().retain(|known, meeting| match &cancellation.meeting_id {
                Some(id) => meeting.id != *id,
                None => *known != key,
            });
        }
        answer(answered)
    }

    async fn look_up_meetings(
        &self,
        references: &[MeetingReference],
    ) -> Result<Vec<LookUpOutcome>, CallError> {
        let asked: Vec<_> =
            references.iter().map(|it| it.meeting_id.clone().unwrap_or_else(|| "?".to_owned())).collect();
        self.script.call(format!("look up {}", asked.join(", ")));
        if let Some(line) = next(&self.script.look_ups) {
            return answer(line);
        }
        let outcomes = self.script.states(&asked);
        wait_if_held(&self.script.held_answers).await;
        Ok(outcomes)
    }

    async fn disconnect(&self) -> Result<(), CallError> {
        self.script.call("disconnect");
        Ok(())
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

impl VideoProviders for Scripted {
    type Provider = Working;
    type Callback = ();

    fn description(&self, provider: &str) -> Option<Description> {
        let description = self.0.description.lock().unwrap().clone();
        (description.id == provider).then_some(description)
    }

    fn on(&self, provider: &str, integration: &IntegrationId) -> Option<Working> {
        let description = self.description(provider)?;
        Some(Working { script: self.0.clone(), description, integration: integration.clone() })
    }

    async fn begin(
        &self,
        provider: &Working,
        purpose: Purpose,
        _session: &str,
        values: &[Parameter],
        _redirect_uri: &str,
    ) -> Result<NextStep, AuthorizationError> {
        let state = provider.script.states.fetch_add(1, Ordering::SeqCst).to_string();
        let entry = (provider.integration.clone(), purpose, values.to_vec());
        provider.script.callbacks.lock().unwrap().insert(state.clone(), entry);
        if values.iter().any(|value| value.value == "refuse") {
            return Err(CallError::Provider(refused("No.")).into());
        }
        Ok(NextStep::Visit(state))
    }

    async fn callback(&self, _: &str, parameters: Vec<Parameter>) -> Result<Answered<()>, CallbackError> {
        let state = parameters.iter().find(|parameter| parameter.name == "state").unwrap();
        let found = self.0.callbacks.lock().unwrap().remove(&state.value);
        let (integration, purpose, values) = found.ok_or(CallbackError::Unknown)?;
        Ok(Answered { integration, purpose, values, callback: () })
    }

    async fn finish(&self, provider: &Working, (): ()) -> Result<Connection, CallError> {
        answer(next(&provider.script.connections).unwrap_or_else(|| Ok(connection())))
    }

    async fn forget(&self, _: &IntegrationId) -> Result<(), StoreError> {
        self.0.call("forget");
        Ok(())
    }
}

/// Writes down how long it should have waited, and moves the clock by that.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waited(pub(crate) Arc<Mutex<Vec<Duration>>>, pub(crate) Arc<ShiftedClock>);

impl Waiter for Waited {
    fn wait(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.0.lock().unwrap().push(time);
        self.1.advance(time);
        Box::pin(std::future::ready(()))
    }
}

/// A platform over a script.
pub(crate) struct Stage {
    pub(crate) platform: Platform<Scripted>,
    pub(crate) script: Arc<Script>,
    pub(crate) waited: Waited,
    pub(crate) clock: Arc<ShiftedClock>,
    store: Store,
    folder: TempDir,
}

impl Stage {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        let script = Arc::new(Script {
            description: Mutex::new(Description {
                id: "microsoft-teams".to_owned(),
                name: "Microsoft Teams".to_owned(),
                version: "1".to_owned(),
                setup: vec![],
                meeting_options: vec![],
                match_key: "User Principal Name".to_owned(),
                best_batch: 2,
                meetings_per_month: Some(10),
                capabilities: Capabilities::all(),
                api_origins: vec![],
                identity_origins: vec![],
                optional_api_origins: vec![],
                optional_identity_origins: vec![],
            }),
            connections: Mutex::default(),
            matches: Mutex::default(),
            outcomes: Mutex::default(),
            user_checks: Mutex::default(),
            pages: Mutex::default(),
            size: Mutex::default(),
            creates: Mutex::default(),
            updates: Mutex::default(),
            cancels: Mutex::default(),
            calls: Mutex::default(),
            options: Mutex::default(),
            organizer: Mutex::new("oid-1".to_owned()),
            staff_organise: AtomicBool::default(),
            look_ups: Mutex::default(),
            held_creates: Mutex::default(),
            held_answers: Mutex::default(),
            meetings: Mutex::default(),
            made: AtomicU64::default(),
            callbacks: Mutex::default(),
            states: AtomicU64::default(),
        });
        let folder = tempfile::tempdir()?;
        let waited = Waited::default();
        let clock = waited.1.clone();
        let (platform, store) = open(&folder, &script, &clock, &waited).await?;
        Ok(Self { platform, script, waited, clock, store, folder })
    }

    /// The same database, opened anew: all that a crash leaves.
    pub(crate) async fn restarted(&self) -> anyhow::Result<Platform<Scripted>> {
        Ok(open(&self.folder, &self.script, &self.clock, &self.waited).await?.0)
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now_ms()
    }

    /// How often an integration's row was changed.
    pub(crate) async fn revision(&self, id: &IntegrationId) -> anyhow::Result<i64> {
        let query = sqlx::query_scalar("SELECT revision FROM integration WHERE id = $1");
        Ok(query.bind(id.as_str()).fetch_one(self.store.pool()).await?)
    }

    /// Begins to connect; gives the `state` of the callback too.
    pub(crate) async fn begin(&self) -> anyhow::Result<(IntegrationId, String)> {
        let setup = Setup { match_field: MatchField::Email, values: vec![] };
        let (id, step) =
            self.platform.start_connect("microsoft-teams", setup, "session", "https://p/callback").await?;
        let NextStep::Visit(state) = step else { anyhow::bail!("a sign-in was expected") };
        Ok((id, state))
    }

    pub(crate) async fn callback(&self, state: &str) -> Result<Finished, video_platform::ConnectError> {
        let state = Parameter { name: "state".to_owned(), value: state.to_owned() };
        self.platform.finish_callback("session", vec![state]).await
    }

    pub(crate) async fn connect(&self) -> anyhow::Result<IntegrationId> {
        let (id, state) = self.begin().await?;
        self.callback(&state).await?;
        Ok(id)
    }

    /// Connected, with these staff, all matched: `ann` has `ann@contoso.com`.
    pub(crate) async fn with_staff(names: &[&str]) -> anyhow::Result<(Self, IntegrationId)> {
        let stage = Self::new().await?;
        let id = stage.connect().await?;
        stage.import(names).await?;
        stage.platform.rematch(&id, |_| {}).await?;
        stage.script.take_calls();
        Ok((stage, id))
    }

    pub(crate) async fn import(&self, names: &[&str]) -> anyhow::Result<()> {
        let rows = names.iter().map(|name| format!("{name},{name},{name}@contoso.com,{name}"));
        let file =
            std::iter::once("id,name,email,user_name".to_owned()).chain(rows).collect::<Vec<_>>().join("\n");
        self.platform.import_staff(file.as_bytes()).await?;
        Ok(())
    }
}

async fn open(
    folder: &TempDir,
    script: &Arc<Script>,
    clock: &Arc<ShiftedClock>,
    waited: &Waited,
) -> anyhow::Result<(Platform<Scripted>, Store)> {
    let keys = KeyRing::parse("k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")?;
    let store = Store::open(&folder.path().join("video.db"), keys, clock.clone()).await?;
    let scripted = Scripted(script.clone());
    let platform = Platform::over(scripted, &store, clock.clone(), Arc::new(waited.clone())).await?;
    Ok((platform, store))
}

pub(crate) fn request(id: &str, staff: &str) -> BookingRequest {
    BookingRequest {
        id: id.to_owned(),
        staff: staff.to_owned(),
        client_name: "Clara Client".to_owned(),
        client_email: "clara@example.com".to_owned(),
        subject: "Advice".to_owned(),
        start: 1_000,
        end: 2_000,
        channel: Channel::ClientView,
        options: MeetingOptions::new(),
    }
}
