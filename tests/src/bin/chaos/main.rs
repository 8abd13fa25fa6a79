//! Chaos that can be repeated: thousands of bookings, moves and cancellations from several host processes
//! on one store, while the stand-in fails in every way it can and processes are killed with SIGKILL. At
//! the end everybody has to agree, appointment for appointment. See `tests/README.md`.

mod clients;
mod crew;
mod plan;
mod report;
mod verify;
mod words;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, ValueEnum};
use clients::{Knows, Tally};
use crew::{Crew, Start};
use end_to_end::{Method, SESSION, World, WorldOptions};
use mock_graph::{Config, Operation, contoso};
use plan::{Kill, Plan, STAFF, Scale};
use report::Report;
use verify::Difference;
use video_host::provider::NextStep;
use video_platform::{Appointment, MatchField, MeetingMethod, Platform, Service, Setup};

/// The minutes that pass at a death: leases of the dead run out, and access tokens now and then.
const AT_A_DEATH: Duration = Duration::from_mins(5);
/// Requests that are remembered, for whoever looks into a difference.
const JOURNAL: usize = 50_000;
/// Each resume without faults finishes what it can reach, and what it cannot is a difference.
const LAST_RESUMES: u32 = 3;

/// Books, moves and cancels from several processes while everything fails, and compares at the end.
#[derive(Debug, Parser)]
#[command(about)]
struct Arguments {
    /// What everything is drawn from: the same seed, the same plan
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Appointments
    #[arg(long, default_value_t = 3_000)]
    bookings: u32,
    /// Host processes on the one store
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=32))]
    processes: u32,
    /// Processes killed, in all; one for every hundred appointments unless told
    #[arg(long)]
    kills: Option<u32>,
    /// Of a hundred orders, how many meet a fault
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(0..=100))]
    faults: u32,
    /// How often the database crashes and is started again, with STORE=postgres in the environment
    #[arg(long, default_value_t = 0)]
    restarts: u32,
    /// How the organisation is connected
    #[arg(long, value_enum, default_value = "service-account")]
    method: MethodArgument,
    /// Be one of the processes, on this folder
    #[arg(long, hide = true)]
    worker: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum MethodArgument {
    ServiceAccount,
    AccessPolicy,
}

impl From<MethodArgument> for Method {
    fn from(argument: MethodArgument) -> Self {
        match argument {
            MethodArgument::ServiceAccount => Self::ServiceAccount,
            MethodArgument::AccessPolicy => Self::AccessPolicy,
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(folder) = arguments.worker {
        return worker::work(&folder).await;
    }
    let scale = Scale {
        seed: arguments.seed,
        bookings: arguments.bookings,
        processes: arguments.processes,
        kills: arguments.kills.unwrap_or(arguments.bookings / 100),
        faults: arguments.faults,
        restarts: arguments.restarts,
    };
    ensure!(
        scale.restarts == 0 || test_store::on_postgres(),
        "a file does not crash: set STORE=postgres for --restarts"
    );
    let method = arguments.method.into();
    let report = run(scale, method)
        .await
        .with_context(|| format!("seed {} with {}: they do not agree", scale.seed, method.name()))?;
    println!("{report}");
    Ok(())
}

async fn run(scale: Scale, method: Method) -> Result<Report> {
    let begun = Instant::now();
    let microsoft = Config { policy_delay: Duration::ZERO, journal_capacity: JOURNAL, ..Config::default() };
    let world = World::with(WorldOptions { microsoft, ..WorldOptions::default() }).await?;
    let platform = ready(&world, method).await?;
    let ca = world.data.path().join("ca.pem");
    std::fs::write(&ca, world.microsoft.ca_pem())?;
    let advanced = Arc::new(AtomicU64::new(0));
    let start = Start {
        microsoft: world.microsoft.clone(),
        folder: world.data.path().to_owned(),
        ca,
        advanced: advanced.clone(),
    };

    let Plan { clients, kills, restarts } = Plan::new(scale);
    let crew = Arc::new(Crew::start(&start, scale.processes));
    let tally = Arc::new(Tally::default());
    let working = clients::all(clients, &crew, scale.processes, &world.microsoft, &tally);
    let known = tokio::select! {
        // It ends by an error only: a dead crew would keep the clients waiting for ever.
        error = kill(&world, &crew, &advanced, kills) => return Err(error),
        error = restart(&world, &tally, restarts) => return Err(error),
        known = working => known,
    };
    world.microsoft.faults().clear();
    let service = crew.service.clone();
    // Why a worker could not go on says more than that it did not answer.
    Arc::into_inner(crew).context("somebody still asks the workers")?.dismiss().await?;
    let known = known?;
    let left = finish(&world, &platform).await?;
    let agreed = compare(&world, &platform, &known).await?;
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Ok(Report {
        scale,
        method: method.name(),
        books: count(&tally.books),
        moves: count(&tally.moves),
        cancels: count(&tally.cancels),
        waiting: count(&tally.waiting),
        refused: count(&tally.refused),
        retries: count(&tally.retries),
        faults: tally.faults(),
        kills: count(&service.kills),
        interrupted: count(&service.interrupted),
        resumed: count(&service.resumed),
        outages: tally.outages(),
        busy: count(&tally.busy),
        left,
        requests: world.microsoft.journal().count(Operation::Any),
        agreed,
        took: begun.elapsed(),
    })
}

/// The platform of this process, connected, with staff who can be booked.
async fn ready(world: &World, method: Method) -> Result<Platform> {
    let platform = Platform::open(world.host.clone()).await?;
    platform.providers().install(world.teams.clone());
    let setup = Setup { match_field: MatchField::Email, values: method.setup_values() };
    let provider = &world.teams.description().id;
    let (integration, step) = platform.start_connect(provider, setup, SESSION, contoso::REDIRECT_URI).await?;
    let NextStep::Visit(url) = step else { bail!("Teams needs a sign-in") };
    let parameters = world.sign_in(&url, method.signs_in()).await?;
    platform.finish_callback(SESSION, parameters).await?;
    method.prepare(&world.microsoft)?;
    let [adele, administrator] = STAFF;
    let staff = format!(
        "id,name,email,user_name\n{adele},Adele Vance,{},\n{administrator},The Administrator,{},\n",
        contoso::ADVISER,
        contoso::ADMINISTRATOR
    );
    platform.import_staff(staff.as_bytes()).await?;
    platform
        .put_service(&Service {
            id: "advice".to_owned(),
            name: "Advice".to_owned(),
            methods: MeetingMethod::ALL.to_vec(),
        })
        .await?;
    for staff in STAFF {
        platform.assign("advice", staff, true).await?;
    }
    let matched = platform.rematch(&integration, |_| {}).await?.matched();
    if matched != STAFF.len() {
        bail!("{matched} of the staff are matched");
    }
    Ok(platform)
}

/// Kills as planned, each in the middle of a request, and moves everybody's clock at each death.
async fn kill(world: &World, crew: &Crew, advanced: &AtomicU64, kills: Vec<Kill>) -> anyhow::Error {
    let before = world.microsoft.journal().count(Operation::Any);
    for Kill { process, at_request } in kills {
        world.microsoft.journal().wait_for(Operation::Any, before + at_request).await;
        let by = AT_A_DEATH.as_secs();
        let now = advanced.fetch_add(by, Ordering::SeqCst) + by;
        world.advance(AT_A_DEATH);
        if let Err(error) = crew.kill(process).and_then(|()| crew.advance(now)) {
            return error;
        }
    }
    std::future::pending().await
}

/// Crashes the database as planned.
async fn restart(world: &World, tally: &Tally, moments: Vec<u64>) -> anyhow::Error {
    let before = world.microsoft.journal().count(Operation::Any);
    for moment in moments {
        world.microsoft.journal().wait_for(Operation::Any, before + moment).await;
        let began = Instant::now();
        tally.crashes();
        match test_store::crash_and_start_again().await {
            Ok(down) => tally.restarted(began, down.unwrap_or_default()),
            Err(error) => return error,
        }
    }
    std::future::pending().await
}

/// Resumes without faults until nothing is left; gives how much there was.
async fn finish(world: &World, platform: &Platform) -> Result<usize> {
    let mut finished = 0;
    for _ in 0..LAST_RESUMES {
        world.advance(AT_A_DEATH);
        let report = platform.resume().await?;
        finished += report.finished.len();
        if report.unfinished.is_empty() {
            return Ok(finished);
        }
    }
    let report = platform.resume().await?;
    match report.unfinished.first() {
        Some(first) => bail!("{} is left unfinished: {}", first.appointment, first.reason),
        None => Ok(finished),
    }
}

async fn compare(world: &World, platform: &Platform, known: &[Knows]) -> Result<verify::Agreed> {
    let mut appointments = Vec::<Appointment>::new();
    for member in STAFF {
        appointments.extend(platform.appointments_of(member, i64::MIN, i64::MAX).await?);
    }
    verify::agree(known, &appointments, &world.microsoft.meetings()).map_err(|error| {
        match error.downcast_ref() {
            Some(difference) => {
                let story = story(world, known, difference).join("\n");
                error.context(story)
            }
            None => error,
        }
    })
}

/// What happened to an appointment: what its client asked for and was told, and what the stand-in received,
/// by the stand-in's clock.
fn story(world: &World, known: &[Knows], difference: &Difference) -> Vec<String> {
    let Difference { appointment, meeting, .. } = difference;
    let client = known.iter().find(|knows| knows.appointment == *appointment);
    let mut lines = client.map(|knows| knows.history.clone()).unwrap_or_default();
    for request in world.microsoft.journal().requests() {
        let named = |text: &str| meeting.as_ref().is_some_and(|id| text.contains(id.trim_end_matches('=')));
        if request.body.contains(appointment) || named(&request.path_and_query) {
            let answer = request.answer.as_ref();
            let (status, effect) = answer.map_or((None, false), |answer| (answer.status, answer.effect));
            let effect = if effect { "with" } else { "without" };
            let (at, operation, connection) = (request.at, request.operation, request.connection);
            lines
                .push(format!("{at}: {operation:?} on connection {connection}: {status:?}, {effect} effect"));
        }
    }
    lines.sort();
    lines
}
