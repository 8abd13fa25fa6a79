//! Guests that compute for long do so slowly, all of them together. The others, which compute for moments
//! between two requests, would wait for each of them in turn otherwise.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use super::limits::TICK;

/// One tick for all of them in this many: a quarter of one processor.
const SPACING: u32 = 4;

/// Whose turn it is to compute for another tick.
#[derive(Debug)]
pub(crate) struct Pace {
    next: Mutex<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { next: Mutex::new(Instant::now()) }
    }
}

impl Pace {
    /// When the caller's turn is. Turns are given in the order in which they are asked for.
    pub(crate) fn turn(&self) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*next).max(Instant::now());
        *next = turn + TICK * SPACING;
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_are_spaced_however_many_ask_and_are_not_saved_up() {
        let pace = Pace::default();
        let begun = Instant::now();
        let turns: Vec<_> = (0..4).map(|_| pace.turn()).collect();
        assert!(turns.windows(2).all(|pair| pair[1] - pair[0] >= TICK * SPACING), "{turns:?}");
        assert!(turns[0] >= begun - TICK, "nobody had a turn in the past");
    }
}
