//! Links for one participant, made when they join.

use secrecy::{ExposeSecret as _, SecretString};
use tracing::Instrument as _;

use crate::calls::{Attempts, Errand, Next, Work};
use crate::plugin::{Loaded, Provider};
use crate::provider::{JoinableMeeting, Participant};
use crate::sandbox::{CallError, check};
use crate::signing::Signed;
use crate::vault::Redactor;
use crate::watch;

/// Where one participant is sent to join, now: it may have a token in it. Its `Debug` shows nothing. Hand it
/// to the participant's browser, and keep it nowhere.
#[derive(Debug, Clone)]
pub struct JoinLink(SecretString);

impl JoinLink {
    /// The link itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for JoinLink {
    fn from(link: String) -> Self {
        Self(link.into())
    }
}

impl Provider {
    /// A link for one participant to join with now; none if the plugin has no such links, so that
    /// `meeting.join_url` is everybody's. It is https, and if anything was signed for it, it leads where the
    /// operator said that such tokens may go.
    ///
    /// What was signed is in the link alone: errors and logs of the call are without it.
    pub async fn join_link(
        &self,
        meeting: &JoinableMeeting,
        participant: &Participant,
    ) -> Result<Option<JoinLink>, CallError> {
        const FUNCTION: &str = "join-link";
        let Loaded { sandboxed, dispatcher, description, links, .. } = &*self.plugin.loaded;
        if sandboxed.joining.is_none() {
            return Ok(None);
        }
        let tenant = dispatcher.tenant(&sandboxed.name, &self.integration).await;
        let errand = Errand {
            provider: &sandboxed.name,
            name: &description.name,
            function: FUNCTION,
            integration: &self.integration,
            work: Work::Prompt,
            within: self.within,
            attempt: sandboxed.limits.deadline,
        };
        let mut attempts = Attempts::new(dispatcher, &tenant, errand);
        let watched = watch::Call::begin(&sandboxed.name, FUNCTION);
        let outcome = async {
            loop {
                let turn = attempts.begin().await?;
                let whose = (self.integration.clone(), tenant.clone());
                let answer = sandboxed.join_link(whose, turn.time, meeting, participant).await;
                let answer = answer.and_then(|answered| {
                    let Some((link, signed)) = answered else { return Ok(None) };
                    let secrets = Redactor::default().and(signed.iter().map(Signed::token));
                    let link = link.map_err(|error| check::without(error, &secrets));
                    self.checked(FUNCTION, link, |link| check::participant_link(link, &signed, links))
                        .map(Some)
                });
                match attempts.settle(turn, answer).await {
                    Next::Again => {}
                    Next::Done(outcome) => break outcome,
                }
            }
        }
        .instrument(watched.span.clone())
        .await;
        watched.ended(&outcome);
        Ok(outcome?.map(JoinLink::from))
    }
}
