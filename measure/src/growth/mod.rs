//! Whether a store that has become large makes anything slower: a small platform and one that grows, in turns.

mod filling;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use end_to_end::{SESSION, authorities, manifest, parameters, routes, setup_values};
use mock_graph::{SignIn, contoso};
use tempfile::TempDir;
use video_host::egress::Trust;
use video_host::provider::NextStep;
use video_host::{Host, HostConfig};
use video_platform::{
    BookingRequest, Channel, DashboardQuery, Finished, IntegrationId, MatchField, MeetingMethod,
    MeetingOptions, Platform, ScheduleQuery, Service, Setup,
};

use crate::Arguments;
use crate::arguments::Part;
use crate::report::{Cell, Figure, Report, Row, Table, ratio};
use crate::sides::ours::policy;
use crate::stage::Stage;

/// Staff: the same in both, as it is not they who grow here.
const STAFF: u32 = 500;
const SERVICE: &str = "advice";
const ADVISER: &str = "adele";
const DAY: i64 = 86_400_000;
const HALF_AN_HOUR: i64 = 1_800_000;
/// 2030-03-18T00:00:00Z.
const TODAY: i64 = 1_900_022_400_000;

/// Integrations and appointments, step by step; the first is what everything is compared to.
pub(crate) const STEPS: [(u32, u32); 7] = [
    (1, 1_000),
    (100, 1_000),
    (10_000, 1_000),
    (10_000, 10_000),
    (10_000, 100_000),
    (10_000, 300_000),
    (10_000, 1_000_000),
];

/// What is done again and again.
const DEEDS: [&str; 5] = [
    "a booking by video, its meeting included",
    "a booking at a branch",
    "a page of the dashboard",
    "a staff member's day in the schedule",
    "a client's appointments",
];

pub(crate) async fn measure(arguments: &Arguments) -> Result<Report> {
    let mut report = Report::of(Part::Growth, "Growth")?;
    let stage = Stage::set().await?;
    let mut small = Grown::set(&stage, TempDir::new()?).await?;
    let mut large = Grown::set(&stage, TempDir::new()?).await?;
    let steps = if arguments.quick { &STEPS[..3] } else { &STEPS[..] };
    let rounds = rounds(arguments);
    report.tables.push(compare(&mut small, &mut large, steps, rounds).await?);
    report.notes.push(format!(
        "Two stores, one that stays as the first line has it and one that grows; rounds in turns, {rounds} of \
         each."
    ));
    report.notes.extend(NOTES.map(str::to_owned));
    stage.microsoft.shutdown().await;
    Ok(report)
}

/// How often everything is done at each step.
pub(crate) fn rounds(arguments: &Arguments) -> usize {
    if arguments.quick { 5 } else { 61 }
}

/// What everything takes in a store that stays at the first step, and in one that goes through all of them.
pub(crate) async fn compare(
    small: &mut Grown,
    large: &mut Grown,
    steps: &[(u32, u32)],
    rounds: usize,
) -> Result<Table> {
    let first = steps.first().context("no steps")?;
    small.fill(*first).await?;
    let columns = ["integrations", "appointments", "what", "ms", "times the first store's"];
    let mut table = Table {
        title: "Milliseconds, and by those of the first store in the same round".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: Vec::new(),
    };
    for step in steps {
        large.fill(*step).await?;
        let (mut before, mut now) = (vec![Vec::new(); DEEDS.len()], vec![Vec::new(); DEEDS.len()]);
        for round in 0..=rounds {
            for (side, times) in [(&mut *small, &mut before), (&mut *large, &mut now)] {
                for (deed, times) in times.iter_mut().enumerate() {
                    let took = side.does(deed).await?;
                    // The first round fills caches.
                    if round > 0 {
                        times.push(took.as_secs_f64() * 1e3);
                    }
                }
            }
        }
        for (what, (before, now)) in DEEDS.iter().zip(before.iter().zip(now)) {
            let cells: Vec<Cell> = vec![
                step.0.to_string().into(),
                step.1.to_string().into(),
                (*what).into(),
                Figure::of("ms", now.clone()).into(),
                ratio(&now, before).into(),
            ];
            table.rows.push(Row { cells, repeat: String::new() });
        }
    }
    Ok(table)
}

const NOTES: [&str; 2] = [
    "500 staff, of whom one is booked; appointments lie within two years, as many to each staff member.",
    "The stand-in is in the same process, without latency, and a booking by video waits for it.",
];

/// A platform with its store.
pub(crate) struct Grown {
    platform: Platform,
    host: Host,
    integration: IntegrationId,
    booked: u32,
    folder: TempDir,
}

impl Grown {
    /// One integration, connected, with its staff; no appointment yet. The folder is empty, or says where the
    /// store is.
    pub(crate) async fn set(stage: &Stage, folder: TempDir) -> Result<Self> {
        let mut config = HostConfig::new(folder.path());
        config.resolver = std::sync::Arc::new(routes(stage.microsoft.addr()));
        config.trust = Trust::Only(authorities(stage.microsoft.ca_pem())?);
        config.calls = policy();
        let host = Host::start(config).await?;
        let platform = Platform::open(host.clone()).await?;
        platform.providers().install(host.load(plugin_artifacts::TEAMS, &manifest()?).await?);
        let setup = Setup { match_field: MatchField::Email, values: setup_values(contoso::TENANT_ID) };
        let begun = platform.start_connect("microsoft-teams", setup, SESSION, contoso::REDIRECT_URI).await?;
        let (integration, NextStep::Visit(url)) = begun else { bail!("Teams needs a sign-in") };
        let back = stage.microsoft.sign_in(&url, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
        let finished = platform.finish_callback(SESSION, parameters(&back)?).await?;
        ensure!(matches!(finished, Finished::Connected { .. }), "not connected");
        let staff = filling::staff(STAFF, (ADVISER, contoso::ADVISER));
        platform.import_staff(staff.as_bytes()).await?;
        let (id, name) = (SERVICE.to_owned(), "Advice".to_owned());
        platform.put_service(&Service { id, name, methods: MeetingMethod::ALL.to_vec() }).await?;
        platform.assign(SERVICE, ADVISER, true).await?;
        let report = platform.rematch(&integration, |_| {}).await?;
        ensure!(report.matched() == 1, "{:?}", report.outcomes);
        Ok(Self { platform, host, integration, booked: 0, folder })
    }

    /// Its host's folder.
    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    async fn fill(&self, (integrations, appointments): (u32, u32)) -> Result<()> {
        filling::fill(self.host.store().pool(), &self.integration, integrations, appointments).await
    }

    async fn does(&mut self, deed: usize) -> Result<Duration> {
        let platform = &self.platform;
        self.booked += 1;
        let begun = Instant::now();
        match deed {
            0 => {
                let booked = platform
                    .book(&booking(format!("booked-{}", self.booked), self.booked, MeetingMethod::VideoCall))
                    .await?;
                ensure!(booked.link.is_some(), "{booked:?}");
            }
            1 => {
                platform
                    .book(&booking(format!("booked-{}", self.booked), self.booked, MeetingMethod::InPerson))
                    .await?;
            }
            2 => {
                let page = platform.dashboard(&self.integration, &DashboardQuery::default()).await?;
                ensure!(!page.rows.is_empty(), "an empty dashboard");
            }
            3 => {
                let staff = Some(filling::member(1));
                let query = ScheduleQuery { from: TODAY, until: TODAY + DAY, staff, limit: 100 };
                platform.schedule(&query).await?;
            }
            _ => {
                let found = platform.appointments_of_client(&filling::client(1), 25).await?;
                ensure!(!found.is_empty(), "a client without appointments");
            }
        }
        Ok(begun.elapsed())
    }
}

/// An appointment of the adviser's: of those that are in the future, the one of this number.
pub(crate) fn booking(id: String, number: u32, method: MeetingMethod) -> BookingRequest {
    let start = TODAY + i64::from(number) * HALF_AN_HOUR;
    BookingRequest {
        id,
        service: SERVICE.to_owned(),
        method,
        staff: ADVISER.to_owned(),
        client_name: "Carla Client".to_owned(),
        client_email: "carla@example.com".to_owned(),
        subject: "Mortgage advice".to_owned(),
        start,
        end: start + HALF_AN_HOUR,
        channel: Channel::ClientView,
        options: MeetingOptions::default(),
    }
}
