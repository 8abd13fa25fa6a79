//! Looking meetings up, and again those that the provider puts off.

use std::time::Duration;

use video_host::provider::{LookUpOutcome, MeetingReference};

use crate::IntegrationId;
use crate::database::DatabaseError;
use crate::integration::Question;
use crate::patience::{BACK_OFF, PATIENCE, SILENT_ROUNDS, named_wait, passes};
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};

/// How a look-up ended.
pub(super) enum Answered {
    /// One outcome for each reference; put off where the provider did so for too long.
    All(Vec<LookUpOutcome>),
    /// There is no use in asking on: why, and what to do.
    Stopped(String),
}

/// How long to wait before the next time, and when there is no next time.
#[derive(Default)]
pub(super) struct Patience {
    silent: u32,
}

impl Patience {
    /// The time until the next attempt; none if it is no use. The provider may have named one.
    pub(super) fn next(&mut self, named: Option<u64>) -> Option<Duration> {
        self.silent += 1;
        let wait = named.map_or_else(|| BACK_OFF * 2_u32.pow(self.silent), Duration::from_millis);
        (self.silent < SILENT_ROUNDS && wait <= PATIENCE).then_some(wait)
    }

    fn answered(&mut self) {
        self.silent = 0;
    }
}

impl<V: VideoProviders> Platform<V> {
    /// Asks for all, and again for those that are put off, when the provider said.
    pub(super) async fn look_up(
        &self,
        integration: &IntegrationId,
        provider: &V::Provider,
        references: &[MeetingReference],
        tell: &mut (impl FnMut(Option<Duration>) + Send),
    ) -> Result<Answered, DatabaseError> {
        let mut outcomes = vec![LookUpOutcome::RetryLater(0); references.len()];
        let mut patience = Patience::default();
        loop {
            let open: Vec<usize> = (0..outcomes.len())
                .filter(|&index| matches!(outcomes.get(index), Some(LookUpOutcome::RetryLater(_))))
                .collect();
            if open.is_empty() {
                return Ok(Answered::All(outcomes));
            }
            let asked: Vec<_> = open.iter().filter_map(|&index| references.get(index).cloned()).collect();
            let (named, silence) = match provider.look_up_meetings(&asked).await {
                Ok(answers) => {
                    let waits = answers.iter().filter_map(|answer| match answer {
                        LookUpOutcome::RetryLater(ms) => Some(*ms),
                        _ => None,
                    });
                    let (left, wait) = (waits.clone().count(), waits.max());
                    if left < open.len() {
                        patience.answered();
                    }
                    for (index, answer) in open.into_iter().zip(answers) {
                        if let Some(outcome) = outcomes.get_mut(index) {
                            *outcome = answer;
                        }
                    }
                    if left == 0 {
                        continue;
                    }
                    (wait, None)
                }
                Err(error) if passes(&error) => (named_wait(&error), Some(error)),
                Err(error) => {
                    self.note(integration, Question::OldMeeting(None), Err(&error)).await?;
                    return Ok(Answered::Stopped(error.to_string()));
                }
            };
            let Some(wait) = patience.next(named) else {
                // Nobody answers at all: the next appointments would fare the same.
                return Ok(match silence {
                    Some(error) => Answered::Stopped(error.to_string()),
                    None => Answered::All(outcomes),
                });
            };
            tell(Some(wait));
            self.waiter().wait(wait).await;
        }
    }
}
