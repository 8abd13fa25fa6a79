//! Standard output: the only place that writes to it.

mod layout;
mod spinner;

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write};

use console::Style;
pub use layout::{bytes, count, fitted, took, wrapped};
use serde::Serialize;
pub use spinner::spinner;

/// Columns that a line may have.
pub const WIDTH: usize = 96;
/// Where text begins below a title.
pub const INDENT: usize = 3;
/// Where the value of a fact begins.
const VALUE: usize = 18;

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// A title.
    Title,
    /// A promise that was kept.
    Good,
    /// Something refused.
    Bad,
    /// What matters less.
    Faint,
    /// What the eye should find.
    Strong,
}

/// Standard output, or whatever stands in for it.
pub struct Screen {
    out: Box<dyn Write + Send>,
    colour: bool,
    terminal: bool,
}

impl Screen {
    /// The program's own output: in colour on a terminal, unless `NO_COLOR` is set.
    pub fn stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let colour = wanted && console::Term::stdout().features().colors_supported();
        Self { out: Box::new(io::stdout()), colour, terminal: io::stdout().is_terminal() }
    }

    /// Any writer, without colour.
    pub fn plain(out: impl Write + Send + 'static) -> Self {
        Self { out: Box::new(out), colour: false, terminal: false }
    }

    /// Whether somebody sees it, and nothing keeps it.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Text in its colour.
    pub fn paint(&self, tone: Tone, text: impl Display) -> String {
        let style = match tone {
            Tone::Title => Style::new().bold().cyan(),
            Tone::Good => Style::new().green(),
            Tone::Bad => Style::new().yellow(),
            Tone::Faint => Style::new().dim(),
            Tone::Strong => Style::new().bold(),
        };
        style.force_styling(self.colour).apply_to(text).to_string()
    }

    /// One line.
    pub fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    /// An empty line.
    pub fn gap(&mut self) -> io::Result<()> {
        self.line("")
    }

    /// A title, with a remark at the right edge.
    pub fn title(&mut self, title: &str, remark: &str) -> io::Result<()> {
        let room = WIDTH.saturating_sub(console::measure_text_width(remark));
        let title = self.paint(Tone::Title, fitted(title, room));
        let remark = self.paint(Tone::Faint, remark);
        self.gap()?;
        self.line(format!("{title}{remark}").trim_end())
    }

    /// A name and what it is, over as many lines as it takes.
    pub fn fact(&mut self, name: &str, value: &str) -> io::Result<()> {
        let lines = wrapped(value, WIDTH - VALUE);
        for (nth, line) in lines.iter().enumerate() {
            let name = self.paint(Tone::Faint, fitted(if nth == 0 { name } else { "" }, VALUE - INDENT));
            self.line(format!("{:INDENT$}{name}{line}", ""))?;
        }
        Ok(())
    }

    /// A link on one line, which ends with `…` if it is not the whole one.
    pub fn link(&mut self, name: &str, link: &str) -> io::Result<()> {
        self.fact(name, &console::truncate_str(link, WIDTH - VALUE, "…"))
    }

    /// Sentences below a title.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        for line in wrapped(text, WIDTH - INDENT) {
            self.line(format!("{:INDENT$}{line}", ""))?;
        }
        Ok(())
    }

    /// Sentences with a mark before them.
    pub fn marked(&mut self, mark: &str, tone: Tone, text: &str) -> io::Result<()> {
        let mark = self.paint(tone, mark);
        for (nth, line) in wrapped(text, WIDTH - INDENT - 2).iter().enumerate() {
            let mark = if nth == 0 { mark.as_str() } else { " " };
            self.line(format!("{:INDENT$}{mark} {line}", ""))?;
        }
        Ok(())
    }

    /// One JSON document.
    pub fn json(&mut self, document: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.out, document)?;
        self.gap()
    }
}
