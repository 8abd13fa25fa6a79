//! What an answer says about the integration it was asked of: the contract's errors, turned into
//! states.

use video_host::CallError;
use video_host::provider::Connection;

use super::standing::Question;
use super::{ConnectError, Integration, OrganizerMeetings, store};
use crate::IntegrationId;
use crate::database::{self, DatabaseError};
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};

/// What a check found.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// What the provider said of the connection.
    pub connection: Connection,
    /// What the busiest organizers were given this month, the busiest first; see
    /// [`OrganizerMeetings::warning`].
    pub meetings: Vec<OrganizerMeetings>,
}

impl<V: VideoProviders> Platform<V> {
    /// Asks the provider whether the connection works, and for whom. The answer is noted.
    pub async fn check(&self, id: &IntegrationId) -> Result<Checked, ConnectError> {
        let (integration, provider) = self.reachable(id).await?;
        match provider.check().await {
            Ok(connection) => {
                let mut transaction = database::begin(self.pool()).await?;
                let news = store::note(&mut transaction, id, Question::Check, Ok(()), self.now()).await?;
                store::describe_account(&mut transaction, id, &connection.account).await?;
                self.commit(transaction, "integration.checked", news).await?;
                Ok(Checked { connection, meetings: self.meetings_this_month(id).await? })
            }
            Err(error) => {
                self.note(id, Question::Check, Err(&error)).await?;
                Err(ConnectError::Call { integration: integration.display_name, error })
            }
        }
    }

    /// Writes down what an answer says about the integration, if that is news. What is written together
    /// with an appointment or a match goes through [`store::note`] instead.
    pub(crate) async fn note(
        &self,
        id: &IntegrationId,
        question: Question<'_>,
        answer: Result<(), &CallError>,
    ) -> Result<(), DatabaseError> {
        let now = self.now();
        if !store::is_news(&mut *self.connection().await?, id, question, answer, now).await? {
            return Ok(());
        }
        let mut transaction = database::begin(self.pool()).await?;
        let news = store::note(&mut transaction, id, question, answer, now).await?;
        self.commit(transaction, "integration.noted", news).await
    }

    /// An integration that was connected and not disconnected since, with its provider.
    pub(crate) async fn reachable(
        &self,
        id: &IntegrationId,
    ) -> Result<(Integration, V::Provider), ConnectError> {
        use super::IntegrationState as S;
        let integration = self.known(id).await?;
        match integration.state {
            S::Pending | S::Disconnected => return Err(ConnectError::not_usable(&integration)),
            S::Connected | S::NeedsReauthorization { .. } | S::Misconfigured { .. } | S::Refused { .. } => {}
        }
        let provider = self
            .providers()
            .on(&integration.provider, id)
            .ok_or_else(|| ConnectError::NotLoaded(integration.provider.clone()))?;
        Ok((integration, provider))
    }

    /// An integration that works, as far as is known.
    pub(super) async fn usable(&self, id: &IntegrationId) -> Result<Integration, ConnectError> {
        let integration = self.known(id).await?;
        if integration.state.is_live() {
            Ok(integration)
        } else {
            Err(ConnectError::not_usable(&integration))
        }
    }

    pub(super) async fn known(&self, id: &IntegrationId) -> Result<Integration, ConnectError> {
        self.integration(id).await?.ok_or_else(|| ConnectError::Unknown(id.clone()))
    }
}
