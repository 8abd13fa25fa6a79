//! Tells the story while it happens: a title for each chapter, a spinner while it works, what it cost.

use std::io;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use indicatif::ProgressBar;
use serde::Serialize;

use super::cost::Cost;
use super::promise::Kept;
use super::stage::{Setting, Stage};
use crate::screen::{INDENT, Screen, Tone, count, spinner, took};

/// Something that happened and can be told.
pub(super) trait Tell {
    fn tell(&self, screen: &mut Screen) -> io::Result<()>;

    /// What was promised, and holds; told behind the rest.
    fn kept(&self) -> &Kept;
}

/// What a reader has to know.
const PREFACE: &str = "A scheduling platform, its host with a provider plugin, and a stand-in for Microsoft, in \
    this process and talking over TLS. ✓ marks a promise that was checked against what the platform \
    and Microsoft hold.";

/// What a chapter cost.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ChapterCost {
    pub(super) title: &'static str,
    pub(super) milliseconds: f64,
    /// Requests that the plugin and the host sent; the browser's pages are not among them.
    pub(super) calls: u64,
}

pub(super) struct Teller<'a> {
    screen: Option<&'a mut Screen>,
    begun: Instant,
    costs: Vec<ChapterCost>,
    promises: usize,
}

impl<'a> Teller<'a> {
    pub(super) fn new(screen: Option<&'a mut Screen>) -> Self {
        Self { screen, begun: Instant::now(), costs: Vec::new(), promises: 0 }
    }

    /// The time since the beginning.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The chapters so far.
    pub(super) fn costs(&self) -> Vec<ChapterCost> {
        self.costs.clone()
    }

    /// How many promises were checked so far, and hold.
    pub(super) fn promises(&self) -> usize {
        self.promises
    }

    /// The first chapter, which makes the stage of the others.
    pub(super) async fn opening(
        &mut self,
        open: impl Future<Output = Result<(Stage, Setting)>>,
    ) -> Result<(Stage, Setting)> {
        if let Some(screen) = &mut self.screen {
            screen.gap()?;
            screen.text(PREFACE)?;
        }
        let bar = spinner("Setting the stage");
        let opened = open.await;
        bar.finish_and_clear();
        let (stage, setting) = opened?;
        let calls = stage.calls();
        self.tell("The stage", self.begun.elapsed(), calls, &setting)?;
        Ok((stage, setting))
    }

    /// Plays a chapter and tells it.
    pub(super) async fn chapter<T: Tell>(
        &mut self,
        stage: &Stage,
        title: &'static str,
        act: impl AsyncFnOnce(&ProgressBar) -> Result<T>,
    ) -> Result<T> {
        let (begun, before) = (Instant::now(), stage.calls());
        let bar = spinner(title);
        let done = act(&bar).await;
        bar.finish_and_clear();
        let done = done.with_context(|| format!("in the chapter \"{title}\""))?;
        self.tell(title, begun.elapsed(), stage.calls() - before, &done)?;
        Ok(done)
    }

    /// Tells something that is no chapter.
    pub(super) fn remark<T: Tell>(&mut self, remark: T) -> Result<T> {
        self.promises += remark.kept().len();
        if let Some(screen) = &mut self.screen {
            screen.gap()?;
            remark.tell(screen)?;
            remark.kept().tell(screen)?;
        }
        Ok(remark)
    }

    /// Tells the end.
    pub(super) fn closing(&mut self, cost: &Cost) -> io::Result<()> {
        let Some(screen) = &mut self.screen else { return Ok(()) };
        screen.title("What it cost", "")?;
        cost.tell(screen)?;
        screen.gap()?;
        screen.marked("✓", Tone::Good, &format!("All {} promises were checked, and hold.", self.promises))
    }

    fn tell(&mut self, title: &'static str, time: Duration, calls: u64, what: &impl Tell) -> Result<()> {
        self.promises += what.kept().len();
        self.costs.push(ChapterCost { title, milliseconds: time.as_secs_f64() * 1e3, calls });
        if let Some(screen) = &mut self.screen {
            let title = format!("{:<INDENT$}{title}", self.costs.len());
            screen.title(&title, &format!("{}, {}", count(calls, "call"), took(time)))?;
            what.tell(screen)?;
            what.kept().tell(screen)?;
        }
        Ok(())
    }
}
