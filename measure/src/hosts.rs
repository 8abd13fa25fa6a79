//! Several hosts on one `PostgreSQL`: how much they book together, and whether many integrations make a booking
//! slower there.

use std::time::Duration;

use anyhow::{Result, bail};
use futures_util::future::try_join_all;
use tempfile::TempDir;
use test_store::Server;

use crate::Arguments;
use crate::arguments::Part;
use crate::growth::{Grown, STEPS, compare, rounds};
use crate::report::{Figure, Report, Row, Table, ratio};
use crate::sides::{Side, SideName, Stretch, Work, count};
use crate::stage::Stage;

/// The most hosts.
const HOSTS: usize = 3;

/// What the hosts are asked for: how many bookings are under way at once, and how long Microsoft takes for each.
struct Load {
    /// In all hosts together, or in each of them.
    in_flight: usize,
    each: bool,
    /// In milliseconds.
    latency: u64,
}

const LOADS: [Load; 2] =
    [Load { in_flight: 16, each: true, latency: 100 }, Load { in_flight: 48, each: false, latency: 0 }];

pub(crate) async fn measure(arguments: &Arguments, tools: &std::path::Path) -> Result<Report> {
    let mut report = Report::of(Part::Hosts, "Several hosts on one PostgreSQL")?;
    let Some(server) = Server::durable().await? else {
        report.notes.push("Left out: this machine has no programs of a PostgreSQL server.".to_owned());
        return Ok(report);
    };
    let stage = Stage::set().await?;
    report.tables.push(throughput(&server, &stage, arguments, tools).await?);
    let mut small = Grown::set(&stage, folder(&server).await?).await?;
    let mut large = Grown::set(&stage, folder(&server).await?).await?;
    let steps = STEPS.into_iter().filter(|(_, appointments)| *appointments == STEPS[0].1).collect::<Vec<_>>();
    let rounds = rounds(arguments);
    let mut grown = compare(&mut small, &mut large, &steps, rounds).await?;
    grown.title = format!("{}; {rounds} rounds", grown.title);
    report.tables.push(grown);
    report.notes.extend(NOTES.map(str::to_owned));
    stage.microsoft.shutdown().await;
    Ok(report)
}

const NOTES: [&str; 3] = [
    "The hosts, the database and the stand-in share this machine's processors: what more hosts bring is what \
     they wait for at the same time, and where the processors are busy nothing is to be had.",
    "The database waits for the disk with every transaction (`fsync` is on), on a socket. A booking is everything \
     from the request to the link that is stored.",
    "All bookings are one integration's and one staff member's. Every transaction of the platform waits for the one \
     advisory lock.",
];

/// A data folder whose store is a database of its own.
async fn folder(server: &Server) -> Result<TempDir> {
    let folder = TempDir::new()?;
    server.lay_out_in(folder.path()).await?;
    Ok(folder)
}

/// Bookings in a second, by one host and by several.
async fn throughput(
    server: &Server,
    stage: &Stage,
    arguments: &Arguments,
    tools: &std::path::Path,
) -> Result<Table> {
    let platform = Grown::set(stage, folder(server).await?).await?;
    let mut hosts = Vec::new();
    for _ in 0..HOSTS {
        match Side::start_on(SideName::Ours, stage, tools, platform.data()).await? {
            Ok(host) => hosts.push(host),
            Err(missing) => bail!("{}", missing.0),
        }
    }
    let columns = [
        "upstream latency",
        "in flight",
        "hosts",
        "bookings/s",
        "times those of one host",
        "p50, ms",
        "p99, ms of the slowest host",
        "processor time of the hosts for a booking, ms",
    ];
    let mut table = Table {
        title: "Bookings by hosts together, and by one in the same round".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: Vec::new(),
    };
    for Load { in_flight, each, latency } in LOADS {
        stage.latency(latency);
        let mut lines: [Vec<Vec<Stretch>>; HOSTS] = Default::default();
        for round in 0..=arguments.rounds() {
            for (number, line) in (1..).zip(&mut lines) {
                let share = if each { in_flight } else { in_flight / number };
                let stretches = together(&mut hosts[..number], stage, share, arguments.stretch() * 2).await?;
                // The first round fills caches and opens connections.
                if round > 0 {
                    line.push(stretches);
                }
            }
        }
        let rates = lines.each_ref().map(|line| of(line, |host| host.iter().map(Stretch::rate).sum()));
        for ((number, line), rate) in (1_usize..).zip(&lines).zip(&rates) {
            let under_way = if each { format!("{in_flight} in each") } else { format!("{in_flight} in all") };
            let slowest = |share| {
                move |host: &[Stretch]| {
                    host.iter().map(|stretch| stretch.quantile(share)).fold(f64::NAN, f64::max)
                }
            };
            let cells = vec![
                format!("{latency} ms").into(),
                under_way.into(),
                number.to_string().into(),
                Figure::of("1/s", rate.clone()).into(),
                if number == 1 { "–".into() } else { ratio(rate, &rates[0]).into() },
                Figure::of("ms", of(line, slowest(0.5))).into(),
                Figure::of("ms", of(line, slowest(0.99))).into(),
                Figure::of("ms", of(line, processor)).into(),
            ];
            table.rows.push(Row { cells, repeat: "hosts".to_owned() });
        }
    }
    Ok(table)
}

/// A figure of each round.
fn of(line: &[Vec<Stretch>], figure: impl Fn(&[Stretch]) -> f64) -> Vec<f64> {
    line.iter().map(|stretches| figure(stretches)).collect()
}

/// Milliseconds for a booking, over all hosts.
fn processor(hosts: &[Stretch]) -> f64 {
    let all: Duration = hosts.iter().map(|stretch| stretch.processor).sum();
    all.as_secs_f64() * 1e3 / count(hosts.iter().map(|stretch| stretch.calls).sum())
}

/// One stretch of all these hosts at once.
async fn together(
    hosts: &mut [Side],
    stage: &Stage,
    in_flight: usize,
    time: Duration,
) -> Result<Vec<Stretch>> {
    try_join_all(hosts.iter_mut().map(|host| host.run(stage, Work::Book, in_flight, time))).await
}
