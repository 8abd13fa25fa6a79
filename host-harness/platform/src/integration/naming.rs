//! What an administrator changes about an integration while it is connected: its name, and the field of
//! staff records that holds the key.

use video_host::provider::Capabilities;

use super::{ConnectError, MatchField, store};
use crate::IntegrationId;
use crate::database;
use crate::matching;
use crate::platform::Platform;
use crate::provider::VideoProviders;

/// Characters of a display name.
const LONGEST: usize = 256;

impl<V: VideoProviders> Platform<V> {
    /// Gives an integration another name for people: 1 to 256 characters.
    pub async fn rename_integration(&self, id: &IntegrationId, name: &str) -> Result<(), ConnectError> {
        let name = name.trim();
        if !(1..=LONGEST).contains(&name.chars().count()) {
            return Err(ConnectError::DisplayName);
        }
        let mut transaction = database::begin(self.pool()).await?;
        if !store::rename(&mut transaction, id, name).await? {
            return Err(ConnectError::Unknown(id.clone()));
        }
        Ok(database::commit(transaction, "integration.renamed").await?)
    }

    /// Chooses the field of staff records that holds the key, of an integration that works. If that is a
    /// change, all staff are [matched anew](Platform::run_jobs) by it; until then what was found holds.
    pub async fn set_match_field(&self, id: &IntegrationId, field: MatchField) -> Result<(), ConnectError> {
        let integration = self.usable(id).await?;
        let description = self.providers().description(&integration.provider);
        let matches = description.is_some_and(|it| it.capabilities.contains(Capabilities::MATCHING));
        let mut transaction = database::begin(self.pool()).await?;
        if store::set_match_field(&mut transaction, id, field).await? && matches {
            matching::anew::begin(&mut transaction, id, self.now()).await?;
        }
        database::commit(transaction, "integration.match-field").await?;
        self.jobs().wake();
        Ok(())
    }
}
