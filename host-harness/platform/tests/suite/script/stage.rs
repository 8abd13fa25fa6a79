//! A platform over a script, with a clock that is moved instead of waited for.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use video_host::clock::{Clock as _, ShiftedClock};
use video_host::provider::{Capabilities, Description, NextStep, Parameter};
use video_host::store::{KeyRing, Location, Store, Transaction, begin};
use video_platform::{
    BookingRequest, Channel, Finished, IntegrationId, MatchField, MeetingMethod, MeetingOptions, Platform,
    Service, Setup, Waiter,
};

use super::{Script, Scripted};

/// What hosts on one `PostgreSQL` database take turns by: the platform's `database::TURN`.
const TURN: i64 = 0x7669_6465_6f00_0001;

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
        test_store::lay_out(folder.path()).await?;
        let waited = Waited::default();
        let clock = waited.1.clone();
        let (platform, store) = open(&folder, &script, &clock, &waited).await?;
        Ok(Self { platform, script, waited, clock, store, folder })
    }

    /// The same database, opened anew: all that a crash leaves.
    pub(crate) async fn restarted(&self) -> anyhow::Result<Platform<Scripted>> {
        Ok(open(&self.folder, &self.script, &self.clock, &self.waited).await?.0)
    }

    /// Loses a table, as nobody should: what needs it fails from here on.
    pub(crate) async fn lose(&self, table: &str) -> anyhow::Result<()> {
        let statement = sqlx::AssertSqlSafe(format!("ALTER TABLE {table} RENAME TO lost_{table}"));
        sqlx::query(statement).execute(self.store.pool()).await?;
        Ok(())
    }

    /// Has another host take the turn over an integration's staff, which it gives back at once.
    pub(crate) async fn lose_turn(&self, id: &IntegrationId) -> anyhow::Result<()> {
        let query = sqlx::query("DELETE FROM match_turn WHERE integration = $1");
        query.bind(id.as_str()).execute(self.store.pool()).await?;
        Ok(())
    }

    /// Takes the turn to write, as another host would, until the transaction ends.
    pub(crate) async fn write_elsewhere(&self) -> anyhow::Result<Transaction> {
        Ok(begin(self.store.pool(), Some(TURN)).await?)
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
        self.platform.put_service(&service("advice", &MeetingMethod::ALL)).await?;
        for name in names {
            self.platform.assign("advice", name, true).await?;
        }
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
    let store = Store::open(Location::of_folder(folder.path())?, keys, clock.clone()).await?;
    let scripted = Scripted(script.clone());
    let platform = Platform::over(scripted, &store, clock.clone(), Arc::new(waited.clone())).await?;
    Ok((platform, store))
}

/// A service that is called as its id.
pub(crate) fn service(id: &str, methods: &[MeetingMethod]) -> Service {
    Service { id: id.to_owned(), name: id.to_owned(), methods: methods.to_vec() }
}

pub(crate) fn request(id: &str, staff: &str) -> BookingRequest {
    BookingRequest {
        id: id.to_owned(),
        service: "advice".to_owned(),
        method: MeetingMethod::VideoCall,
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
