//! What the sandbox costs by itself, and what a create-meeting is made of.

use anyhow::{Context as _, Result};

use crate::Arguments;
use crate::arguments::Part;
use crate::report::{Figure, Report, Row, Table};
use crate::sides::{READS, Side, SideName, Stretch, Work};
use crate::stage::Stage;

/// One thing, done by one caller, in rounds.
struct Line {
    what: &'static str,
    /// Milliseconds, and those of them on a processor.
    took: Vec<f64>,
    processor: Vec<f64>,
}

const OURS: [(&str, Work); 9] = [
    ("create-meeting", Work::CreateMeeting),
    ("describe", Work::Sandbox),
    ("refusal", Work::Refusal),
    ("nothing", Work::Nothing),
    ("answer", Work::Answer),
    ("reads", Work::Reads),
    ("exchange", Work::Exchange),
    ("exchanges", Work::TwoExchanges),
    ("query", Work::Query),
];

pub(crate) async fn measure(arguments: &Arguments, tools: &std::path::Path) -> Result<Report> {
    let mut report = Report::of(Part::Sandbox, "What the sandbox costs by itself")?;
    let stage = Stage::set().await?;
    let mut ours = ready(SideName::Ours, &stage, tools).await?;
    let mut plain = ready(SideName::Plain, &stage, tools).await?;
    let mut lines: Vec<Line> = Vec::new();
    for round in 0..=arguments.rounds() {
        let mut add = |what, stretch: &Stretch| {
            // The first round opens connections and fills pools.
            if round == 0 {
                return;
            }
            let each = 1e3 / stretch.rate();
            let processor = stretch.each(stretch.processor);
            match lines.iter_mut().find(|line| line.what == what) {
                Some(line) => {
                    line.took.push(each);
                    line.processor.push(processor);
                }
                None => lines.push(Line { what, took: vec![each], processor: vec![processor] }),
            }
        };
        let time = arguments.stretch() / 2;
        for (what, work) in OURS {
            add(what, &ours.run(&stage, work, 1, time).await?);
        }
        add("plain exchange", &plain.run(&stage, Work::Exchange, 1, time).await?);
        add("plain create-meeting", &plain.run(&stage, Work::CreateMeeting, 1, time).await?);
    }
    drop((ours, plain));
    stage.microsoft.shutdown().await;
    report.tables.push(table(&lines)?);
    report.notes.extend(NOTES.map(str::to_owned));
    Ok(report)
}

const NOTES: [&str; 5] = [
    "One caller, no upstream latency, rounds in turns. What is a difference is one of the same round.",
    "A call is an instance made, called and dropped. The second request of a guest is the difference to a call \
     with one; the first one also has what a task does once before it sleeps.",
    "The request is one that the stand-in refuses at once for want of a token, the same for both.",
    "What a create-meeting adds is what it takes, less a refusal, less a guest's request, less what \
     the stand-in takes longer for a meeting than for a refusal (as plain Rust finds it).",
    "A read of its storage, as a call in a busy host makes it: remembered for a second (decision 0006). The \
     query is what it costs otherwise.",
];

async fn ready(name: SideName, stage: &Stage, tools: &std::path::Path) -> Result<Side> {
    let side = Side::start(name, stage, tools).await?;
    side.map_err(|missing| anyhow::anyhow!("{}: {}", name.title(), missing.0))
}

fn table(lines: &[Line]) -> Result<Table> {
    let find = |what: &str| lines.iter().find(|line| line.what == what).with_context(|| what.to_owned());
    let whole = find("create-meeting")?;
    let mut rows = Vec::new();
    let mut row = |what: &str, took: Vec<f64>, processor: Vec<f64>| {
        let of_whole = took.iter().zip(&whole.took).map(|(part, whole)| 100.0 * part / whole).collect();
        rows.push(Row {
            cells: vec![
                what.into(),
                Figure::of("ms", took).into(),
                Figure::of("ms", processor).into(),
                Figure::of("%", of_whole).into(),
            ],
            repeat: String::new(),
        });
    };
    let mut plainly = |what: &str, name: &str| -> Result<()> {
        let line = find(name)?;
        row(what, line.took.clone(), line.processor.clone());
        Ok(())
    };
    plainly("a create-meeting of ours", "create-meeting")?;
    plainly("a create-meeting in plain Rust", "plain create-meeting")?;
    plainly(
        "Teams describes itself: its instance made, called and dropped, and many texts given",
        "describe",
    )?;
    plainly("Teams refuses an appointment at once: the same, called through the host's policy", "refusal")?;
    plainly("a call of a small guest that does nothing", "nothing")?;
    plainly("the same, which takes an appointment and gives a meeting", "answer")?;
    plainly("a query of the host's store", "query")?;
    plainly("a request in plain Rust", "plain exchange")?;
    let mut sum = |what: &str, parts: &[(&str, f64)]| -> Result<()> {
        let mut sums = (vec![0.0; whole.took.len()], vec![0.0; whole.took.len()]);
        for (name, times) in parts {
            let part = find(name)?;
            for (sum, each) in [(&mut sums.0, &part.took), (&mut sums.1, &part.processor)] {
                sum.iter_mut().zip(each).for_each(|(sum, each)| *sum += times * each);
            }
        }
        row(what, sums.0, sums.1);
        Ok(())
    };
    let each = 1.0 / f64::from(READS);
    sum("a read of its storage by the guest", &[("reads", each), ("answer", -each)])?;
    sum("the first request of a guest", &[("exchange", 1.0), ("answer", -1.0)])?;
    sum("the second request of a guest", &[("exchanges", 1.0), ("exchange", -1.0)])?;
    sum(
        "what a create-meeting adds to a call that is refused and a request: JSON, the token, the link's checks",
        &[
            ("create-meeting", 1.0),
            ("refusal", -1.0),
            ("exchange", -1.0),
            ("answer", 1.0),
            ("plain create-meeting", -1.0),
            ("plain exchange", 1.0),
        ],
    )?;
    Ok(Table {
        title: "One caller, no upstream latency".to_owned(),
        columns: ["what", "ms", "of it on a processor, ms", "of a create-meeting, %"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    })
}
