//! What an administrator changes about an integration while it is connected: its name, and the field of
//! staff records that holds the key.

use super::{ConnectError, MatchField, store};
use crate::IntegrationId;
use crate::database;
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

    /// Chooses the field of staff records that holds the key, of an integration that works.
    pub async fn set_match_field(&self, id: &IntegrationId, field: MatchField) -> Result<(), ConnectError> {
        self.usable(id).await?;
        let mut transaction = database::begin(self.pool()).await?;
        store::set_match_field(&mut transaction, id, field).await?;
        Ok(database::commit(transaction, "integration.match-field").await?)
    }
}
