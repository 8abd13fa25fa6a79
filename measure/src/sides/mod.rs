//! The sides of a comparison, each a process of its own that waits for orders.

mod others;
pub(crate) mod ours;
pub(crate) mod plain;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::ValueEnum;
use end_to_end::toolchains::Missing;
use measure_driver::{Order, Outcome, READY};
use mock_graph::Operation;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::meter::Process;
use crate::stage::Stage;

/// A request that the stand-in refuses at once, as it comes without a token.
pub(crate) const NOBODY: &str = "https://graph.microsoft.com/v1.0/me";

/// Reads of [`Work::Reads`].
pub(crate) const READS: u32 = 100;

/// How long a side may take to get ready: Python has 60 MB of source to look through.
const GET_READY: Duration = Duration::from_mins(1);

/// How long a side may take over its time.
const GRACE: Duration = Duration::from_mins(1);

/// Who makes the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SideName {
    /// Our plugin in the host
    Ours,
    /// Plain Rust with hyper: the limit
    Plain,
    /// The Graph SDK for Rust, graph-rs-sdk
    RustSdk,
    /// The Graph SDK for Python, msgraph-sdk
    PythonSdk,
    /// The Graph client for JavaScript, @microsoft/microsoft-graph-client
    JavascriptClient,
}

impl SideName {
    /// As tables have it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Ours => "our plugin",
            Self::Plain => "plain Rust",
            Self::RustSdk => "Rust SDK",
            Self::PythonSdk => "Python SDK",
            Self::JavascriptClient => "JavaScript client",
        }
    }

    /// Whether it is written in another language than Rust.
    pub(crate) fn other_language(self) -> bool {
        matches!(self, Self::PythonSdk | Self::JavascriptClient)
    }
}

/// What a side can be ordered to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// A meeting for an appointment of its own.
    CreateMeeting,
    /// An instance that describes itself, under none of the host's policies.
    Sandbox,
    /// A create-meeting that Teams refuses as soon as it has read it.
    Refusal,
    /// A call that does nothing and returns nothing.
    Nothing,
    /// A call that is given an appointment and returns a meeting, and does nothing else.
    Answer,
    /// The same, after [`READS`] reads of its storage.
    Reads,
    /// The same, after asking for [`NOBODY`]; or that request alone.
    Exchange,
    /// The same, after asking twice.
    TwoExchanges,
    /// One query of the host's store.
    Query,
    /// A booking by video through the platform, on the folder that a platform has been set up in.
    Book,
}

impl Work {
    fn of(name: &str) -> Result<Self> {
        Self::from_str(name, false).map_err(|_| anyhow::anyhow!("nobody does {name}"))
    }

    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Is a side, until its input ends.
pub(crate) fn serve(side: SideName) -> Result<()> {
    match side {
        SideName::Ours => ours::serve(),
        SideName::Plain => plain::serve(),
        other => bail!("{} is no program of ours", other.title()),
    }
}

/// One stretch of calls, and what it took.
#[derive(Debug)]
pub(crate) struct Stretch {
    pub(crate) calls: usize,
    pub(crate) seconds: f64,
    /// Milliseconds of each call, sorted.
    latencies: Vec<f64>,
    /// Processor time of the side.
    pub(crate) processor: Duration,
    /// And of the stand-in, meanwhile.
    pub(crate) stand_in: Duration,
    /// What the stand-in received.
    pub(crate) requests: u64,
    /// The most memory that the side had, in KiB.
    pub(crate) peak: u64,
}

impl Stretch {
    pub(crate) fn rate(&self) -> f64 {
        count(self.calls) / self.seconds
    }

    /// The time within which this share of the calls ended, in milliseconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let rank = (share * count(self.latencies.len())).ceil() as usize;
        self.latencies.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    /// Milliseconds of `time` for each call.
    pub(crate) fn each(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e3 / count(self.calls)
    }
}

/// A number of things, to calculate with.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn count(number: usize) -> f64 {
    number as f64
}

/// A side that is ready. It ends when it is dropped.
pub(crate) struct Side {
    pub(crate) name: SideName,
    pub(crate) process: Process,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    orders: u32,
    _child: Child,
}

impl Side {
    /// Starts it; what it needs of other languages is installed into `tools`.
    pub(crate) async fn start(name: SideName, stage: &Stage, tools: &Path) -> Result<Result<Self, Missing>> {
        Self::start_on(name, stage, tools, &stage.data()).await
    }

    /// The same, with another folder of a host's.
    pub(crate) async fn start_on(
        name: SideName,
        stage: &Stage,
        tools: &Path,
        data: &Path,
    ) -> Result<Result<Self, Missing>> {
        let found = match name {
            SideName::Ours | SideName::Plain => Ok(itself(name)?),
            other => others::command(other, tools).await?,
        };
        let mut command = match found {
            Ok(command) => command,
            Err(missing) => return Ok(Err(missing)),
        };
        stage.prepare(&mut command, data);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| name.title())?;
        let process = Process::of(child.id().context("it has ended")?);
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let mut side = Self {
            name,
            process,
            input: input.context("no input")?,
            output: BufReader::new(output.context("no output")?).lines(),
            orders: 0,
            _child: child,
        };
        let said = side.line(GET_READY).await?;
        ensure!(said == READY, "{} says {said} in the place of {READY}", name.title());
        Ok(Ok(side))
    }

    /// Has it make calls for so long.
    pub(crate) async fn run(
        &mut self,
        stage: &Stage,
        work: Work,
        in_flight: usize,
        time: Duration,
    ) -> Result<Stretch> {
        let microsoft = &stage.microsoft;
        microsoft.journal().clear();
        microsoft.forget_meetings();
        self.orders += 1;
        let milliseconds = u64::try_from(time.as_millis())?;
        // Several of one name may be at work on one store.
        let prefix = format!("{}-{}-{}", self.name.title(), self.process.id(), self.orders);
        let order = Order { work: work.name(), prefix, in_flight, milliseconds };
        let order = serde_json::to_string(&order)? + "\n";
        self.process.forget_peak()?;
        let before = (self.process.threads()?, Process::this().threads()?);
        self.input.write_all(order.as_bytes()).await?;
        let said = self.line(time + GRACE).await?;
        let after = (self.process.threads()?, Process::this().threads()?);
        let Outcome { seconds, latencies, failure } = serde_json::from_str(&said)?;
        if let Some(failure) = failure {
            bail!("{} failed with {in_flight} in flight: {failure}", self.name.title());
        }
        let mut latencies: Vec<_> = latencies.into_iter().map(|it| f64::from(it) / 1e3).collect();
        latencies.sort_by(f64::total_cmp);
        Ok(Stretch {
            calls: latencies.len(),
            seconds,
            latencies,
            processor: after.0.since(&before.0),
            stand_in: after.1.since(&before.1),
            requests: microsoft.journal().count(Operation::Any),
            peak: self.process.peak()?,
        })
    }

    async fn line(&mut self, within: Duration) -> Result<String> {
        let said = timeout(within, self.output.next_line()).await;
        let said = said.with_context(|| format!("{} says nothing", self.name.title()))??;
        said.with_context(|| format!("{} has ended", self.name.title()))
    }
}

/// This program, as a side.
fn itself(name: SideName) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    let value = name.to_possible_value().context("every side has a name")?;
    command.args(["--side", value.get_name()]);
    Ok(command)
}
