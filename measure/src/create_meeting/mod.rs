//! One create-meeting: our plugin in the host against the same request made by other means, in turns, in front
//! of the same stand-in.

mod alone;
mod tables;

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::ValueEnum as _;

use crate::Arguments;
use crate::arguments::Part;
use crate::report::{Figure, Report, picture};
use crate::sides::{Side, SideName, Stretch, Work};
use crate::stage::Stage;

/// What the stand-in lets every answer wait, in milliseconds.
const LATENCIES: [u64; 2] = [0, 20];

/// Callers.
const IN_FLIGHT: [usize; 3] = [1, 64, 512];

/// Rounds of the SDKs at most, spread over all: what is told of them needs no fine comparison.
const ROUNDS_OF_SDKS: usize = 3;

/// Of a side that takes more than this many times its time, because the calls under way are so slow, one round
/// is enough.
const SLOW: f64 = 3.0;

/// One latency and one number of callers, for all sides.
struct Line {
    latency: u64,
    in_flight: usize,
    /// Each with its rounds, and with nothing for a round in which it had no part.
    sides: Vec<(SideName, Vec<Option<Stretch>>)>,
}

impl Line {
    fn rounds(&self, side: SideName) -> impl Iterator<Item = Option<&Stretch>> {
        let rounds = self.sides.iter().find(|(name, _)| *name == side).map(|(_, rounds)| rounds);
        rounds.into_iter().flatten().map(Option::as_ref)
    }

    /// What came of the rounds of a side.
    fn each(&self, side: SideName, of: impl Fn(&Stretch) -> f64) -> Vec<f64> {
        self.rounds(side).flatten().map(of).collect()
    }

    /// What came of the rounds in which both had a part.
    fn pairs(
        &self,
        one: SideName,
        other: SideName,
        of: impl Fn(&Stretch) -> f64,
    ) -> impl Iterator<Item = (f64, f64)> {
        let both = self.rounds(one).zip(self.rounds(other));
        both.filter_map(|(one, other)| one.zip(other)).map(move |(one, other)| (of(one), of(other)))
    }

    /// How many times the other's the one's is.
    fn ratio(&self, one: SideName, other: SideName, of: impl Fn(&Stretch) -> f64) -> Figure {
        Figure::of("", self.pairs(one, other, of).map(|(one, other)| one / other).collect())
    }
}

pub(crate) async fn measure(arguments: &Arguments, tools: &Path, folder: &Path) -> Result<Report> {
    let mut report = Report::of(Part::CreateMeeting, "One create-meeting")?;
    let stage = Stage::set().await?;
    let (mut sides, mut apart) = (Vec::new(), Vec::new());
    let wanted = |name: &SideName| {
        *name == SideName::Ours || arguments.against.is_empty() || arguments.against.contains(name)
    };
    for name in SideName::value_variants().iter().copied().filter(wanted) {
        match Side::start(name, &stage, tools).await? {
            Ok(mut side) => {
                apart.push(alone::look(&mut side, &stage, arguments.stretch()).await?);
                sides.push(side);
            }
            Err(missing) => {
                report.notes.push(format!("The {} is left out: {}.", name.title(), missing.0));
            }
        }
    }
    let mut lines = Vec::new();
    let asked = |asked: &[u64], one: u64| asked.is_empty() || asked.contains(&one);
    for latency in LATENCIES.into_iter().filter(|it| asked(&arguments.latency, *it)) {
        stage.latency(latency);
        for in_flight in IN_FLIGHT {
            if arguments.in_flight.is_empty() || arguments.in_flight.contains(&in_flight) {
                lines.push(line(&mut sides, &stage, arguments, latency, in_flight).await?);
            }
        }
    }
    drop(sides);
    stage.microsoft.shutdown().await;
    report.tables.push(tables::speed(&lines));
    report.tables.push(tables::cost(&lines));
    report.tables.push(tables::apart(&apart));
    report.aims = tables::aims(&lines, &apart);
    report.notes.extend(NOTES.map(str::to_owned));
    pictures(&mut report, &lines, folder)?;
    Ok(report)
}

const NOTES: [&str; 7] = [
    "Every side is a process of its own on the same processors as the stand-in, which is in a third one: a \
     column tells the stand-in's share. Rounds of all sides take turns; ratios are of the same round.",
    "Callers make one call after another. Everybody keeps connections, over TLS, and books another appointment \
     with every call.",
    "Plain Rust is hyper, rustls and serde_json with a token in hand: it refreshes nothing, checks no address, \
     repeats nothing, has no deadline, keeps no promise, and looks at nothing of the answer but the link.",
    "The SDKs have a token in hand too, and are used as their documentation has it; with one process, as nobody \
     gives every appointment a process.",
    "Our host works as in production, but for a tenant's share of calls in flight (128) and of Microsoft's \
     units, which are raised, as everything here is one tenant's. 500 calls of one plugin run at once; the \
     others of 512 wait.",
    "Processor time is what the system counts for the process, threads and system calls included.",
    "Memory for a call in flight is the peak with so many callers, less what the process had after a stretch \
     with one, for each of the callers; 20 ms of latency. Garbage that waits to be collected counts.",
];

/// The rounds of one line.
async fn line(
    sides: &mut [Side],
    stage: &Stage,
    arguments: &Arguments,
    latency: u64,
    in_flight: usize,
) -> Result<Line> {
    let mut line = Line { latency, in_flight, sides: sides.iter().map(|it| (it.name, Vec::new())).collect() };
    for round in 0..arguments.rounds() {
        let mut turns: Vec<_> = sides.iter_mut().zip(&mut line.sides).collect();
        // Who comes after whom changes, so that nobody always finds the machine as the same other left it.
        if round % 2 == 1 {
            turns.reverse();
        }
        for (side, (name, rounds)) in turns {
            let time = arguments.stretch();
            let closely = matches!(name, SideName::Ours | SideName::Plain);
            let slow = rounds.iter().flatten().any(|one| one.seconds > SLOW * time.as_secs_f64());
            let turn = round % arguments.rounds().div_ceil(ROUNDS_OF_SDKS) == 0;
            rounds.push(None);
            if closely || turn && !slow {
                let stretch = side.run(stage, Work::CreateMeeting, in_flight, time).await;
                let stretch = stretch.with_context(|| format!("at {latency} ms, {in_flight} in flight"))?;
                rounds[round] = Some(stretch);
            }
        }
    }
    Ok(line)
}

fn pictures(report: &mut Report, lines: &[Line], folder: &Path) -> Result<()> {
    let mut draw = |file: &str, shows: &str, unit: &str, latency: u64, of: &dyn Fn(&Stretch) -> f64| {
        let groups: Vec<_> = lines.iter().filter(|line| line.latency == latency).collect();
        if groups.is_empty() {
            return anyhow::Ok(());
        }
        let bars = groups.iter().map(|line| {
            let bars = line.sides.iter().map(|(side, _)| {
                let figure = Figure::of("", line.each(*side, of));
                (side.title().to_owned(), figure.median)
            });
            (format!("{} in flight", line.in_flight), bars.collect())
        });
        picture::bars(&folder.join(file), shows, unit, &bars.collect::<Vec<_>>())?;
        report.pictures.push((file.to_owned(), shows.to_owned()));
        Ok(())
    };
    draw(
        "create-meeting-throughput.svg",
        "Meetings created in a second, 20 ms of upstream latency",
        "meetings/s",
        20,
        &Stretch::rate,
    )?;
    draw(
        "create-meeting-processor.svg",
        "Processor time of a create-meeting, 20 ms of upstream latency",
        "ms",
        20,
        &|stretch| stretch.each(stretch.processor),
    )
}
