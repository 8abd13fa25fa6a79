//! A host of its own process, for tests that kill it. It does one thing and stops before its n-th step,
//! which it names on standard output; there it waits to be killed.
//!
//! `crash-host FOLDER STEP OPERATION [ARGUMENT]`, in the environment that `end_to_end::process` makes. Step
//! 0 never stops.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail, ensure};
use end_to_end::process::platform;
use end_to_end::{SESSION, appointment, parameters, setup_values};
use mock_graph::contoso;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context as LayerContext, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use video_host::provider::{MeetingRequest, NextStep, Parameter};
use video_host::store::Purpose;
use video_host::{Host, Manifest};
use video_platform::{
    Appointment, BookingRequest, Channel, Finished, IntegrationState, MatchField, MatchState, MeetingMethod,
    MeetingOptions, Platform, Service, Setup, Way,
};

/// Stops the whole process at a step: the event's subscriber runs on the thread that makes the step.
struct StopAt {
    step: u64,
    seen: AtomicU64,
}

impl<S: Subscriber> Layer<S> for StopAt {
    fn on_event(&self, event: &Event<'_>, _context: LayerContext<'_, S>) {
        if event.metadata().target() != "video_host::step" {
            return;
        }
        if self.seen.fetch_add(1, Ordering::SeqCst) + 1 != self.step {
            return;
        }
        let mut name = StepName(String::new());
        event.record(&mut name);
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "stopped {}", name.0);
        let _ = out.flush();
        drop(out);
        loop {
            std::thread::park();
        }
    }
}

struct StepName(String);

impl tracing::field::Visit for StepName {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "step" {
            self.0 = format!("{value:?}");
        }
    }

    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        if field.name() == "step" {
            value.clone_into(&mut self.0);
        }
    }
}

/// One thread: when it stops at a step, nothing of this process goes on.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [folder, step, operation, rest @ ..] = &arguments[..] else { bail!("FOLDER STEP OPERATION") };
    let listener = StopAt { step: step.parse()?, seen: AtomicU64::new(0) };
    let (platform, host, _) = platform(Path::new(folder)).await?;
    // From here on: what starting does is the same every time and has tests of its own.
    tracing_subscriber::registry().with(listener).init();
    let done = operate(&host, &platform, operation, rest.first().map(String::as_str)).await?;
    println!("done {done}");
    Ok(())
}

/// Does one thing and says in a line what came of it.
async fn operate(
    host: &Host,
    platform: &Platform,
    operation: &str,
    argument: Option<&str>,
) -> Result<String> {
    let argument = argument.unwrap_or_default();
    match operation {
        "begin" => {
            let mut values = setup_values(contoso::TENANT_ID);
            // Who organises the meetings, if it is not the service account.
            if !argument.is_empty() {
                values.push(Parameter { name: "method".to_owned(), value: argument.to_owned() });
            }
            let setup = Setup { match_field: MatchField::Email, values };
            let (_, step) =
                platform.start_connect("microsoft-teams", setup, SESSION, contoso::REDIRECT_URI).await?;
            let NextStep::Visit(url) = step else { bail!("Teams needs a sign-in") };
            Ok(url)
        }
        "finish" => match platform.finish_callback(SESSION, parameters(argument)?).await {
            Ok(Finished::Connected { connection, .. }) => Ok(connection.account.id),
            Ok(other) => bail!("{other:?}"),
            // A callback can be too late after a crash; what matters is what is told.
            Err(error) => Ok(format!("refused: {error}")),
        },
        "connected" => {
            let integrations = platform.integrations().await?;
            let connected: Vec<_> =
                integrations.iter().filter(|i| i.state == IntegrationState::Connected).collect();
            let [only] = connected[..] else { return Ok(format!("{} connected", connected.len())) };
            Ok(platform.check(&only.id).await?.connection.account.id)
        }
        "staff" => {
            let rows = format!(
                "id,name,email,user_name\nadele,Adele Vance,{},adele\nmod,MOD Administrator,{},mod\n",
                contoso::ADVISER,
                contoso::ADMINISTRATOR
            );
            platform.import_staff(rows.as_bytes()).await?;
            offer(platform, &["adele", "mod"]).await?;
            platform.enable_video("adele", true).await?;
            platform.rematch_one("mod").await?;
            let outcome = platform.rematch_one("adele").await?;
            Ok(format!("{:?}", outcome.state))
        }
        // As many staff as the argument says, none of them asked for yet.
        "staff-list" => {
            let mut file = "id,name,email,user_name\n".to_owned();
            for n in 1..=argument.parse::<usize>()? {
                std::fmt::Write::write_fmt(
                    &mut file,
                    format_args!("s{n:06},,adviser{n:06}@{},\n", contoso::DOMAIN),
                )?;
            }
            Ok(platform.import_staff(file.as_bytes()).await?.added.to_string())
        }
        "rematch" => {
            let [integration] = &platform.integrations().await?[..] else { bail!("one integration") };
            let way = if argument == "directory" { Way::Directory } else { Way::Keys };
            let job = platform.start_rematch_by(&integration.id, way).await?;
            platform.run_due_jobs().await?;
            let progress = platform.rematch_progress(&job).await?;
            let matched = platform.matches(&integration.id, None, 10_000).await?;
            let matched = matched.iter().filter(|found| found.state == MatchState::Matched).count();
            Ok(format!(
                "{:?} {} of {}, {matched} matched",
                progress.state, progress.progress.done, progress.progress.total
            ))
        }
        "book" => {
            let appointment = platform.book(&with_adele(argument)).await?;
            appointment.link.context("an appointment without a link")
        }
        "reseal" => {
            let resealed = host.store().reseal(|_| ()).await?;
            Ok(format!("{} left", resealed.left))
        }
        "keys" => {
            let uses = host.store().key_uses().await?;
            let uses: Vec<_> = uses.iter().map(|key| format!("{}={}", key.id, key.values)).collect();
            Ok(uses.join(" "))
        }
        // To the administrator.
        "reassign" => Ok(whose(&platform.reassign(argument, "mod").await?.appointment)),
        "resume" => {
            let report = platform.resume().await?;
            ensure!(report.unfinished.is_empty(), "{report:?}");
            platform.appointment(argument).await?.as_ref().map(whose).context("no such appointment")
        }
        // From nothing to a room of Jitsi Meet, at other times than the last time.
        "room" => {
            let jitsi = host.load(plugin_artifacts::JITSI, &Manifest::default()).await?;
            let rooms = jitsi.on(&"rooms".parse()?);
            host.begin(&rooms, Purpose::Connect, SESSION, Vec::new(), contoso::REDIRECT_URI).await?;
            let asked = appointment("a");
            let end = asked.end + argument.parse::<i64>()?;
            let made = rooms.create_meeting(&MeetingRequest { end, ..asked }).await?;
            Ok(format!("{} until {}", made.join_url, made.end))
        }
        other => bail!("no operation {other}"),
    }
}

fn with_adele(id: &str) -> BookingRequest {
    BookingRequest {
        id: id.to_owned(),
        service: "advice".to_owned(),
        method: MeetingMethod::VideoCall,
        staff: "adele".to_owned(),
        client_name: "Robin Meyer".to_owned(),
        client_email: "robin@example.com".to_owned(),
        subject: "Mortgage advice".to_owned(),
        start: 1_900_000_000_000,
        end: 1_900_001_800_000,
        channel: Channel::ClientView,
        options: MeetingOptions::new(),
    }
}

/// These give the service that is booked.
async fn offer(platform: &Platform, staff: &[&str]) -> Result<()> {
    let (id, name) = ("advice".to_owned(), "Advice".to_owned());
    platform.put_service(&Service { id, name, methods: MeetingMethod::ALL.to_vec() }).await?;
    for staff in staff {
        platform.assign("advice", staff, true).await?;
    }
    Ok(())
}

/// Whose an appointment is, and its link.
fn whose(appointment: &Appointment) -> String {
    format!("{} {}", appointment.staff, appointment.link.as_deref().unwrap_or_default())
}
