//! What the platform's operator granted to the organisation.

use crate::database::{self, Connection, DatabaseError};
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::word::{Word, words};

/// Something that has to be granted before it can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entitlement {
    /// More than one integration connected at a time.
    MultipleIntegrations,
}

words!(Entitlement { MultipleIntegrations = "multiple-integrations" });

impl Entitlement {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::MultipleIntegrations];

    /// Its word in configurations and logs.
    pub fn word(self) -> &'static str {
        Word::word(self)
    }
}

pub(crate) async fn has(
    connection: &mut Connection,
    entitlement: Entitlement,
) -> Result<bool, DatabaseError> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM entitlement WHERE name = $1")
        .bind(entitlement.word())
        .fetch_one(connection)
        .await?;
    Ok(count > 0)
}

impl<V: VideoProviders> Platform<V> {
    /// Whether something was granted. Nothing is, until the operator does.
    pub async fn entitled(&self, entitlement: Entitlement) -> Result<bool, DatabaseError> {
        has(&mut *self.connection().await?, entitlement).await
    }

    /// Grants something, or takes it back. What is connected by then stays.
    pub async fn set_entitlement(
        &self,
        entitlement: Entitlement,
        granted: bool,
    ) -> Result<(), DatabaseError> {
        let mut transaction = database::begin(self.pool()).await?;
        let statement = if granted {
            "INSERT INTO entitlement (name) VALUES ($1) ON CONFLICT (name) DO NOTHING"
        } else {
            "DELETE FROM entitlement WHERE name = $1"
        };
        sqlx::query(statement).bind(entitlement.word()).execute(&mut *transaction).await?;
        database::commit(transaction, "entitlement.set").await
    }
}
