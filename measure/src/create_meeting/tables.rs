//! What is told of it.

use super::alone::Apart;
use super::{IN_FLIGHT, Line};
use crate::report::{Aim, Cell, Figure, Row, Table};
use crate::sides::{SideName, Stretch};

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// The options that give a line again.
fn again(line: &Line, side: SideName) -> String {
    use clap::ValueEnum as _;
    let name = side.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    let Line { latency, in_flight, .. } = line;
    format!("create-meeting --latency {latency} --in-flight {in_flight} --against {name}")
}

/// A row for each line and side.
fn rows(lines: &[Line], cells: impl Fn(&Line, SideName) -> Vec<Cell>) -> Vec<Row> {
    let each = lines.iter().flat_map(|line| line.sides.iter().map(move |(side, _)| (line, *side)));
    each.map(|(line, side)| {
        let head =
            [format!("{} ms", line.latency).into(), line.in_flight.to_string().into(), side.title().into()];
        Row { cells: head.into_iter().chain(cells(line, side)).collect(), repeat: again(line, side) }
    })
    .collect()
}

fn relative(line: &Line, of: impl Fn(&Stretch) -> f64 + Copy, one: SideName, other: SideName) -> Cell {
    if one == other {
        return "–".into();
    }
    line.ratio(one, other, of).into()
}

/// Throughput and latency.
pub(super) fn speed(lines: &[Line]) -> Table {
    Table {
        title: "Throughput and latency".to_owned(),
        columns: columns(&[
            "upstream latency",
            "in flight",
            "side",
            "meetings/s",
            "ours has so much of it",
            "p50, ms",
            "p99, ms",
        ]),
        rows: rows(lines, |line, side| {
            let figure = |unit: &str, of: &dyn Fn(&Stretch) -> f64| Figure::of(unit, line.each(side, of));
            vec![
                figure("1/s", &Stretch::rate).into(),
                relative(line, Stretch::rate, SideName::Ours, side),
                figure("ms", &|it| it.quantile(0.5)).into(),
                figure("ms", &|it| it.quantile(0.99)).into(),
            ]
        }),
    }
}

fn processor(stretch: &Stretch) -> f64 {
    stretch.each(stretch.processor)
}

/// Processor time.
pub(super) fn cost(lines: &[Line]) -> Table {
    Table {
        title: "Processor time".to_owned(),
        columns: columns(&[
            "upstream latency",
            "in flight",
            "side",
            "ms for a meeting",
            "times ours",
            "the stand-in's, ms for a meeting",
            "the stand-in's share of both, %",
        ]),
        rows: rows(lines, |line, side| {
            let figure = |unit: &str, of: &dyn Fn(&Stretch) -> f64| Figure::of(unit, line.each(side, of));
            vec![
                figure("ms", &processor).into(),
                relative(line, processor, side, SideName::Ours),
                figure("ms", &|it| it.each(it.stand_in)).into(),
                figure("%", &|it| {
                    100.0 * it.stand_in.as_secs_f64() / (it.stand_in + it.processor).as_secs_f64()
                })
                .into(),
            ]
        }),
    }
}

/// Memory, connections and requests.
pub(super) fn apart(sides: &[Apart]) -> Table {
    let mut head = columns(&["side", "memory with one caller, MiB"]);
    let more = &IN_FLIGHT[1..];
    head.extend(more.iter().map(|callers| format!("for each of {callers} in flight, KiB")));
    head.extend(IN_FLIGHT.map(|callers| format!("connections with {callers}")));
    head.push("requests for a meeting".to_owned());
    let rows = sides.iter().map(|apart| {
        #[allow(clippy::cast_precision_loss)]
        let mut cells: Vec<Cell> =
            vec![apart.side.title().into(), Figure::once("MiB", apart.resident as f64 / 1_024.0).into()];
        for &callers in more {
            let each = apart.memory_each(callers).map(|each| Figure::once("KiB", each).into());
            cells.push(each.unwrap_or_else(|| "–".into()));
        }
        cells
            .extend(apart.stretches.iter().map(|(_, _, connections, _)| Cell::Text(connections.to_string())));
        cells.push(Figure::of("", apart.stretches.iter().map(|it| it.3).collect()).into());
        Row { cells, repeat: String::new() }
    });
    Table {
        title: "Memory, connections and requests, right after a start, 20 ms of upstream latency".to_owned(),
        columns: head,
        rows: rows.collect(),
    }
}

/// What issue 8 wants of these.
pub(super) fn aims(lines: &[Line], sides: &[Apart]) -> Vec<Aim> {
    let mut aims = Vec::new();
    let find =
        |latency, in_flight| lines.iter().find(|line| line.latency == latency && line.in_flight == in_flight);
    let plain_is_there = lines.iter().all(|line| line.sides.iter().any(|(name, _)| *name == SideName::Plain));
    if plain_is_there {
        for (latency, in_flight, wanted) in [(20, 64, 0.97), (20, 512, 0.9), (0, 64, 0.45)] {
            let Some(line) = find(latency, in_flight) else { continue };
            let what = format!("of plain Rust's throughput, {latency} ms, {in_flight} in flight");
            let rates = line.ratio(SideName::Ours, SideName::Plain, Stretch::rate);
            aims.push(Aim::at_least(&what, wanted, rates));
        }
        if let Some(line) = find(0, 1) {
            let pairs = line.pairs(SideName::Ours, SideName::Plain, |it| it.quantile(0.5));
            let more = Figure::of("ms", pairs.map(|(ours, plain)| ours - plain).collect());
            aims.push(Aim::at_most("p50 over plain Rust's, 0 ms, one in flight", 0.06, more));
        }
    }
    if let Some(line) = find(20, 64) {
        for (side, _) in line.sides.iter().filter(|(side, _)| side.other_language()) {
            let times = line.ratio(*side, SideName::Ours, processor);
            let what = format!("processor time of the {}, in ours, 20 ms, 64 in flight", side.title());
            aims.push(Aim::at_least(&what, 5.0, times));
        }
    }
    let ours = sides.iter().find(|apart| apart.side == SideName::Ours);
    if let Some(each) = ours.and_then(|ours| ours.memory_each(512)) {
        aims.push(Aim::at_most("memory for a call in flight, of 512", 100.0, Figure::once("KiB", each)));
    }
    aims
}
