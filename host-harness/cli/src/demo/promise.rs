//! Promises: checked against what is the case, and only then shown.

use std::fmt::Display;
use std::io;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::screen::{Screen, Tone};

/// The promises of a chapter that were checked and hold.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Kept(Vec<String>);

impl Kept {
    /// Notes the promise if it holds. Otherwise the story ends, with what is the case instead.
    pub(super) fn check(
        &mut self,
        holds: bool,
        promise: impl Into<String>,
        instead: impl Display,
    ) -> Result<()> {
        let promise = promise.into();
        if !holds {
            bail!("this promise does not hold: {promise} Instead: {instead}");
        }
        self.0.push(promise);
        Ok(())
    }

    /// The same link as before, character for character.
    pub(super) fn same_link(&mut self, promise: &str, before: &str, after: Option<&str>) -> Result<()> {
        let instead = format_args!("it was {before}, and is {after:?}.");
        self.check(after == Some(before), promise, instead)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        self.0.iter().try_for_each(|promise| screen.marked("✓", Tone::Good, promise))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_promise_is_an_error_and_is_not_shown_as_kept() {
        let mut kept = Kept::default();
        kept.same_link("The link is the same.", "https://a", Some("https://a")).expect("it is");
        let error = kept.same_link("The link stays.", "https://a", Some("https://b")).expect_err("it is not");
        assert_eq!(
            error.to_string(),
            "this promise does not hold: The link stays. Instead: it was https://a, and is Some(\"https://b\")."
        );
        assert_eq!(kept.0, ["The link is the same."]);
    }
}
