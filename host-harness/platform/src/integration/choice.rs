//! What the administrator chose when it was connected: who organises, for one. Kept with the labels that
//! were shown, so that a page can show them without the plugin.

use sqlx::{FromRow, Row as _};
use video_host::provider::{Description, Parameter, SetupKind};

use crate::IntegrationId;
use crate::database::{Connection, DatabaseError, Row};
use crate::platform::Platform;
use crate::provider::VideoProviders;

/// The answer to a setup field of kind `choice`, with which the integration is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupChoice {
    /// The field's name in the description's setup.
    pub field: String,
    /// What the field is called for people.
    pub label: String,
    /// What was chosen; none if the field was left to the provider.
    pub value: Option<String>,
    /// The label of what was chosen. Of a field that was left open, its help, which tells what holds then.
    pub meaning: String,
}

impl<V: VideoProviders> Platform<V> {
    /// The choices with which an integration is connected, in the order of the setup. None before the
    /// first sign-in succeeded.
    pub async fn choices(&self, integration: &IntegrationId) -> Result<Vec<SetupChoice>, DatabaseError> {
        let query = sqlx::query_as(
            "SELECT field, label, value, meaning FROM integration_choice WHERE integration = $1 ORDER BY place",
        );
        Ok(query.bind(integration.as_str()).fetch_all(&mut *self.connection().await?).await?)
    }
}

impl FromRow<'_, Row> for SetupChoice {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            field: row.try_get("field")?,
            label: row.try_get("label")?,
            value: row.try_get("value")?,
            meaning: row.try_get("meaning")?,
        })
    }
}

const REPLACE: &str = "INSERT INTO integration_choice (integration, field, place, label, value, meaning) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (integration, field) DO UPDATE SET \
     place = excluded.place, label = excluded.label, value = excluded.value, meaning = excluded.meaning";
const KEEP: &str = "INSERT INTO integration_choice (integration, field, place, label, value, meaning) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (integration, field) DO NOTHING";

/// Keeps what was chosen for a sign-in that succeeded. A field that was left open keeps what was chosen
/// before: so do providers.
pub(super) async fn keep(
    connection: &mut Connection,
    integration: &IntegrationId,
    description: &Description,
    values: &[Parameter],
) -> Result<(), DatabaseError> {
    for (place, field) in description.setup.iter().enumerate() {
        let SetupKind::Choice(choices) = &field.kind else { continue };
        let given = values.iter().find(|value| value.name == field.name && !value.value.is_empty());
        let chosen = given.and_then(|given| choices.iter().find(|choice| choice.value == given.value));
        let statement = if chosen.is_some() { REPLACE } else { KEEP };
        sqlx::query(statement)
            .bind(integration.as_str())
            .bind(&field.name)
            .bind(i64::try_from(place).unwrap_or(i64::MAX))
            .bind(&field.label)
            .bind(chosen.map(|choice| &choice.value))
            .bind(chosen.map_or(&field.help, |choice| &choice.label))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
