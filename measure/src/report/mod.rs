//! What was measured, as people and as programs read it.

mod figure;
mod machine;
mod markdown;
pub(crate) mod picture;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::ValueEnum as _;
use serde::{Deserialize, Serialize};

pub use figure::Figure;
pub(crate) use figure::{compact, ratio};
pub use machine::Machine;

use crate::arguments::Part;

/// One part of the measurements.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Report {
    /// Names its files.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// The command that gives it again, as a whole.
    pub repeat: String,
    /// Where and when.
    pub machine: Machine,
    /// How it was measured, and what to bear in mind.
    pub notes: Vec<String>,
    /// The figures.
    pub tables: Vec<Table>,
    /// What was wanted of them.
    pub aims: Vec<Aim>,
    /// Files of pictures, beside this one's, with what they show.
    pub pictures: Vec<(String, String)>,
}

/// Figures that belong together.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Its columns' heads.
    pub columns: Vec<String>,
    /// Its lines.
    pub rows: Vec<Row>,
}

/// One line.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Row {
    /// As many as columns.
    pub cells: Vec<Cell>,
    /// What gives it again, after `cargo bench --`.
    pub repeat: String,
}

/// One place of a table.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// What was measured.
    Figure(Figure),
    /// A name, or why there is no figure.
    Text(String),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Figure> for Cell {
    fn from(figure: Figure) -> Self {
        Self::Figure(figure)
    }
}

/// A wish, and what came of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Aim {
    /// Of what.
    pub what: String,
    /// How much is wanted.
    pub wanted: String,
    /// What was measured.
    pub measured: Figure,
    /// Whether the median is as wanted.
    pub reached: bool,
}

impl Aim {
    /// At least so much.
    pub(crate) fn at_least(what: &str, wanted: f64, measured: Figure) -> Self {
        let reached = measured.median >= wanted;
        Self { what: what.to_owned(), wanted: format!("at least {wanted}"), measured, reached }
    }

    /// At most so much.
    pub(crate) fn at_most(what: &str, wanted: f64, measured: Figure) -> Self {
        let reached = measured.median <= wanted;
        let wanted = format!("at most {wanted} {}", measured.unit).trim_end().to_owned();
        Self { what: what.to_owned(), wanted, measured, reached }
    }
}

impl Report {
    /// An empty one of a part.
    pub(crate) fn of(part: Part, title: &str) -> Result<Self> {
        let id = part.to_possible_value().context("every part has a name")?.get_name().to_owned();
        Ok(Self {
            repeat: format!("cargo bench -- {id}"),
            id,
            title: title.to_owned(),
            machine: Machine::this()?,
            notes: Vec::new(),
            tables: Vec::new(),
            aims: Vec::new(),
            pictures: Vec::new(),
        })
    }

    /// Writes its JSON into the folder, which is there.
    pub(crate) fn keep(&self, folder: &Path) -> Result<()> {
        fs::write(folder.join(format!("{}.json", self.id)), serde_json::to_string_pretty(self)? + "\n")?;
        Ok(())
    }
}

/// Writes what all parts have left in the folder as one document.
pub(crate) fn whole(folder: &Path) -> Result<()> {
    let mut text = "# Measurements\n\n\
        Written by `cargo bench`; the JSON files beside it hold every sample. Absolute figures belong to the \
        machine that each part names, ratios are what to compare. A figure is the median, and in brackets \
        the least and the most of the rounds, or of more than twenty rounds the middle half.\n"
        .to_owned();
    for part in Part::value_variants() {
        let name = part.to_possible_value().context("every part has a name")?;
        let file = folder.join(format!("{}.json", name.get_name()));
        let Ok(json) = fs::read(&file) else { continue };
        let report: Report = serde_json::from_slice(&json).with_context(|| file.display().to_string())?;
        text.push('\n');
        text.push_str(&report.markdown());
    }
    fs::write(folder.join("README.md"), text)?;
    Ok(())
}
