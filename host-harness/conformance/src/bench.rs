//! A host with the component under test, and what every rule needs of it.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use video_host::calls::CallPolicy;
use video_host::clock::ShiftedClock;
use video_host::egress::{Grant, Resolved, Resolver};
use video_host::provider::{
    Capabilities, Connection, Description, Error, Meeting, MeetingReference, MeetingRequest, NextStep,
    Parameter, User,
};
use video_host::signing::SigningKeys;
use video_host::store::Purpose;
use video_host::transport::BoxFuture;
use video_host::wants::Wants;
use video_host::{AuthorizationError, CallError, Host, HostConfig, LoadError, Manifest, Plugin, Provider};

use crate::backend::{Backend, Who};
use crate::judge::Stop;

/// The administrator's login.
pub(crate) const SESSION: &str = "the-administrator-of-the-suite";
/// 2100-01-01T09:00:00Z.
pub(crate) const START: i64 = 4_102_477_200_000;
/// In milliseconds.
pub(crate) const HOUR: i64 = 3_600_000;

/// What came of loading.
pub(crate) enum Opened<'a> {
    Bench(Box<Bench<'a>>),
    Refused(LoadError),
}

/// Names lead nowhere while it is set.
struct Switched {
    inner: Arc<dyn Resolver>,
    off: Arc<AtomicBool>,
}

impl Resolver for Switched {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, std::io::Result<Resolved>> {
        if self.off.load(Ordering::SeqCst) {
            let gone = std::io::Error::new(std::io::ErrorKind::HostUnreachable, "the suite took it away");
            return Box::pin(std::future::ready(Err(gone)));
        }
        self.inner.resolve(host)
    }
}

pub(crate) struct Bench<'a> {
    pub(crate) backend: &'a dyn Backend,
    pub(crate) component: &'a [u8],
    pub(crate) manifest: Manifest,
    pub(crate) clock: Arc<ShiftedClock>,
    pub(crate) host: Host,
    pub(crate) plugin: Plugin,
    folder: TempDir,
    names: AtomicU32,
    /// No name is resolved: for connections that are opened from now on.
    pub(crate) unreachable: Arc<AtomicBool>,
}

async fn start(
    folder: &Path,
    backend: &dyn Backend,
    clock: &Arc<ShiftedClock>,
    off: &Arc<AtomicBool>,
) -> Result<Host> {
    let mut config = HostConfig::new(folder);
    backend.configure(&mut config)?;
    config.resolver = Arc::new(Switched { inner: config.resolver, off: off.clone() });
    config.clock = clock.clone();
    // What the plugin says is judged, not what the host makes of it.
    config.calls = CallPolicy::once();
    Ok(Host::start(config).await?)
}

impl<'a> Bench<'a> {
    pub(crate) async fn open(component: &'a [u8], backend: &'a dyn Backend) -> Result<Opened<'a>> {
        let folder = TempDir::with_prefix("conformance-")?;
        let (clock, off) = (Arc::new(ShiftedClock::default()), Arc::new(AtomicBool::default()));
        let host = start(folder.path(), backend, &clock, &off).await?;
        let mut manifest = backend.manifest()?;
        // As for origins: that the operator has them is not what is judged. Rules about tokens bring keys that fit.
        if let Ok(Some(wants)) = Wants::of_component(component) {
            let nowhere = "https://nowhere.invalid".parse()?;
            if let Ok((keys, _)) = SigningKeys::drawn(wants.keys(false), &nowhere) {
                manifest.signing = Arc::new(keys);
            }
        }
        let loaded = match host.load(component, &manifest).await {
            // Whether to grant it is the operator's to review, and not a question of conformance.
            Err(LoadError::NotGranted(wanted)) => {
                let Grant { api, identity } = &mut manifest.grant;
                api.extend(wanted.clone());
                identity.extend(wanted);
                host.load(component, &manifest).await
            }
            loaded => loaded,
        };
        let plugin = match loaded {
            Ok(plugin) => plugin,
            Err(error) => return Ok(Opened::Refused(error)),
        };
        Ok(Opened::Bench(Box::new(Self {
            backend,
            component,
            manifest,
            clock,
            host,
            plugin,
            folder,
            names: AtomicU32::default(),
            unreachable: off,
        })))
    }

    /// Another process on the same data, without connections that are open.
    pub(crate) async fn another_host(&self) -> Result<(Host, Plugin)> {
        let host = start(self.folder.path(), self.backend, &self.clock, &self.unreachable).await?;
        let plugin = host.load(self.component, &self.manifest).await.context("loading it again")?;
        Ok((host, plugin))
    }

    pub(crate) fn description(&self) -> &Description {
        self.plugin.description()
    }

    /// A name that was not used before.
    pub(crate) fn name(&self, what: &str) -> String {
        format!("{what}-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// A new integration, not connected.
    pub(crate) fn integration(&self) -> Result<Provider, Stop> {
        let name = self.name("suite").parse().map_err(Stop::suite)?;
        Ok(self.plugin.on(&name))
    }

    /// A new integration, connected.
    pub(crate) async fn connected(&self) -> Result<Provider, Stop> {
        let provider = self.integration()?;
        self.connect(&provider).await?;
        Ok(provider)
    }

    /// Connects, which other rules take for granted.
    pub(crate) async fn connect(&self, provider: &Provider) -> Result<Connection, Stop> {
        self.connect_as(provider, Who::Account).await
    }

    /// The same, if there is a sign-in, for whoever is to sign in.
    pub(crate) async fn connect_as(&self, provider: &Provider, who: Who) -> Result<Connection, Stop> {
        let ended = self.authorize(provider, Purpose::Connect, who).await?;
        match ended {
            Ok(connection) => Ok(connection),
            ended => Err(Stop::NotJudged(format!("connecting does not work: {}", came(&ended)))),
        }
    }

    /// From the setup to the end, as an administrator goes.
    pub(crate) async fn authorize(
        &self,
        provider: &Provider,
        purpose: Purpose,
        who: Who,
    ) -> Result<Result<Connection, CallError>, Stop> {
        let url = match self.begin(provider, purpose, self.backend.setup()).await? {
            Ok(NextStep::Connected(connection)) => return Ok(Ok(connection)),
            Ok(NextStep::Visit(url)) => url,
            Err(error) => return Ok(Err(error)),
        };
        let back = self.backend.sign_in(&url, who).await;
        let parameters = back.map_err(|error| Stop::NotJudged(format!("nobody could sign in: {error:#}")))?;
        self.finish(parameters).await
    }

    /// Begins connecting or reauthorizing.
    pub(crate) async fn begin(
        &self,
        provider: &Provider,
        purpose: Purpose,
        setup: Vec<Parameter>,
    ) -> Result<Result<NextStep, CallError>, Stop> {
        let begun = self.host.begin(provider, purpose, SESSION, setup, self.backend.redirect_uri()).await;
        match begun {
            Ok(step) => Ok(Ok(step)),
            Err(AuthorizationError::Call(error)) => Ok(Err(error)),
            Err(other) => Err(Stop::suite(other)),
        }
    }

    /// Comes back from a sign-in.
    pub(crate) async fn finish(
        &self,
        parameters: Vec<Parameter>,
    ) -> Result<Result<Connection, CallError>, Stop> {
        let callback = self.host.callback(SESSION, parameters).await.map_err(|error| {
            Stop::NotJudged(format!("the callback has no `state` of the host's: {error}"))
        })?;
        Ok(self.host.finish(&self.plugin, callback).await)
    }

    /// A sign-in that the host knows of and the plugin did not begin; its `state`.
    pub(crate) async fn state_of_nobody(&self, provider: &Provider) -> Result<Parameter, Stop> {
        let patience = Duration::from_mins(5);
        let (store, setup) = (self.host.store(), self.backend.setup());
        let begun =
            store.begin_authorization(provider.integration(), SESSION, Purpose::Connect, &setup, patience);
        Ok(Parameter { name: "state".to_owned(), value: begun.await.map_err(Stop::suite)? })
    }

    /// A request for a new appointment, for somebody who is matched if the provider matches.
    pub(crate) async fn request(&self, provider: &Provider) -> Result<MeetingRequest, Stop> {
        Ok(MeetingRequest { staff: self.staff(provider).await?, ..appointment(&self.name("appointment")) })
    }

    async fn staff(&self, provider: &Provider) -> Result<Option<User>, Stop> {
        use video_host::provider::{Look, MatchOutcome};
        let (true, Some(keys)) = (self.has(Capabilities::MATCHING), self.backend.keys()) else {
            return Ok(None);
        };
        let outcomes = provider.match_users(&[keys.known], Look::Everywhere).await;
        match outcomes.as_deref() {
            Ok([MatchOutcome::Matched(user)]) => Ok(Some(user.clone())),
            _ => Err(Stop::NotJudged(format!("nobody could be matched: {}", came(&outcomes)))),
        }
    }

    /// Makes a meeting, which other rules take for granted.
    pub(crate) async fn made(&self, provider: &Provider) -> Result<(MeetingRequest, Meeting), Stop> {
        let request = self.request(provider).await?;
        match provider.create_meeting(&request).await {
            Ok(meeting) => Ok((request, meeting)),
            ended => Err(Stop::NotJudged(format!("no meeting could be made: {}", came(&ended)))),
        }
    }

    pub(crate) fn has(&self, capability: Capabilities) -> bool {
        self.description().capabilities.contains(capability)
    }

    /// Goes on if the description has the capability.
    pub(crate) fn needs(&self, capability: Capabilities, name: &str) -> Result<(), Stop> {
        if self.has(capability) {
            return Ok(());
        }
        Err(Stop::NotApplicable(format!("the description does not have the capability `{name}`")))
    }

    /// Goes on if there is a service that can be watched and made to fail.
    pub(crate) fn needs_service(&self) -> Result<(), Stop> {
        let Description { api_origins, identity_origins, .. } = self.description();
        if api_origins.is_empty() && identity_origins.is_empty() {
            return Err(Stop::NotApplicable("the plugin asks for no origin, so it sends nothing".to_owned()));
        }
        if self.backend.is_there() {
            return Ok(());
        }
        Err(Stop::NotApplicable(format!(
            "there is nothing to stand in for {}: give the suite a `Backend` (docs/authors-guide.md)",
            [api_origins.as_slice(), identity_origins].concat().join(", ")
        )))
    }

    /// Every storage key of an integration, from page to page.
    pub(crate) async fn keys(&self, provider: &Provider) -> Result<Vec<String>, Stop> {
        let (store, integration) = (self.host.store(), provider.integration());
        let mut keys = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = store.list(integration, "", cursor.as_deref()).await.map_err(Stop::suite)?;
            keys.extend(page.keys);
            let Some(next) = page.next else { return Ok(keys) };
            cursor = Some(next);
        }
    }

    /// The names of an integration's credentials. The contract lists none, and so does the host: they are
    /// read where it keeps them.
    pub(crate) async fn credentials(&self, provider: &Provider) -> Result<Vec<String>, Stop> {
        let names: Result<Vec<String>, _> =
            sqlx::query_scalar("SELECT name FROM credential WHERE integration = $1 ORDER BY name")
                .bind(provider.integration().as_str())
                .fetch_all(self.host.store().pool())
                .await;
        names.map_err(Stop::suite)
    }
}

/// An appointment with nobody in particular.
pub(crate) fn appointment(id: &str) -> MeetingRequest {
    MeetingRequest {
        appointment_id: id.to_owned(),
        meeting_id: None,
        organizer_id: None,
        staff: None,
        subject: "Mortgage advice".to_owned(),
        start: START,
        end: START + HOUR,
        attendees: Vec::new(),
        options: Vec::new(),
    }
}

/// What the platform would ask for a meeting by.
pub(crate) fn reference(request: &MeetingRequest, meeting: &Meeting) -> MeetingReference {
    MeetingReference {
        appointment_id: request.appointment_id.clone(),
        meeting_id: Some(meeting.id.clone()),
        organizer_id: Some(meeting.organizer_id.clone()),
        staff: request.staff.clone(),
    }
}

/// What came, for people: cut where it gets long.
pub(crate) fn came<T: Debug>(ended: &Result<T, CallError>) -> String {
    let text = match ended {
        Ok(value) => format!("{value:?}"),
        Err(CallError::Provider(error)) => error_of(error),
        Err(failed) => failed.to_string(),
    };
    let mut lines = text.lines();
    let mut first = lines.next().unwrap_or_default().to_owned();
    // A panic in Rust says what it is about in its second line.
    if first.ends_with(':') {
        first = format!("{first} {}", lines.next().unwrap_or_default());
    }
    first.chars().take(300).collect()
}

/// An error of the contract as the contract writes it.
pub(crate) fn error_of(error: &Error) -> String {
    match error {
        Error::InvalidInput(it) => {
            format!("invalid-input of `{}`, {:?}: {}", it.field, it.problem, it.message)
        }
        Error::NotConnected => "not-connected".to_owned(),
        Error::NeedsReauthorization(it) => format!("needs-reauthorization, {:?}: {}", it.problem, it.message),
        Error::Misconfigured(it) => format!("misconfigured, {:?}: {}", it.problem, it.message),
        Error::Refused(it) => format!("refused, {:?}: {}", it.problem, it.message),
        Error::SignInFailed(it) => format!("sign-in-failed, {:?}: {}", it.problem, it.message),
        Error::AccountMismatch(it) => format!("account-mismatch, {:?}: {}", it.mismatch, it.message),
        Error::Throttled(Some(ms)) => format!("throttled for {ms} ms"),
        Error::Throttled(None) => "throttled, without a time".to_owned(),
        Error::Unavailable(it) if it.may_have_taken_effect => {
            format!("unavailable, and it may have taken effect: {}", it.message)
        }
        Error::Unavailable(it) => format!("unavailable, and nothing happened: {}", it.message),
        Error::NotFound(message) => format!("not-found: {message}"),
        Error::Internal(message) => format!("internal: {message}"),
    }
}
