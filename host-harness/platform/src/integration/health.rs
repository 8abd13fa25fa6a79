//! What an answer says about the integration it was asked of: the contract's errors, turned into
//! states.

use video_host::CallError;
use video_host::provider::{Connection, Error};

use super::{ConnectError, Integration, store};
use crate::IntegrationId;
use crate::database::{self, DatabaseError};
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};

impl<V: VideoProviders> Platform<V> {
    /// Asks the provider whether the connection works, and for whom. The answer is noted.
    pub async fn check(&self, id: &IntegrationId) -> Result<Connection, ConnectError> {
        let (integration, provider) = self.reachable(id).await?;
        match provider.check().await {
            Ok(connection) => {
                let mut transaction = database::begin(self.pool()).await?;
                store::connected(&mut transaction, id, &connection.account, self.now()).await?;
                database::commit(transaction, "integration.checked").await?;
                Ok(connection)
            }
            Err(error) => {
                self.note(id, &error).await?;
                Err(ConnectError::Call { integration: integration.display_name, error })
            }
        }
    }

    /// Writes down what an error says about the integration. A network failure or a throttled call
    /// says nothing about it.
    pub(crate) async fn note(&self, id: &IntegrationId, error: &CallError) -> Result<(), DatabaseError> {
        let CallError::Provider(error) = error else {
            return Ok(());
        };
        let mut connection = self.connection().await?;
        let (news, step) = match error {
            Error::NeedsReauthorization(grant) => (
                store::needs_reauthorization(&mut connection, id, grant.problem, &grant.message).await?,
                "integration.needs-reauthorization",
            ),
            Error::Misconfigured(it) => {
                (store::misconfigured(&mut connection, id, &it.message).await?, "integration.misconfigured")
            }
            Error::NotConnected => (store::disconnected(&mut connection, id).await?, "integration.lost"),
            Error::InvalidInput(_)
            | Error::Refused(_)
            | Error::SignInFailed(_)
            | Error::AccountMismatch(_)
            | Error::Throttled(_)
            | Error::Unavailable(_)
            | Error::NotFound(_)
            | Error::Internal(_) => return Ok(()),
        };
        if news {
            tracing::debug!(target: "video_host::step", step);
            tracing::warn!(integration = %id, ?error, "an integration needs attention");
        }
        Ok(())
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
            S::Connected | S::NeedsReauthorization { .. } | S::Misconfigured { .. } => {}
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
