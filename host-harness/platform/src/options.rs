//! What is chosen about meetings: for all of an integration, and for one appointment.
//!
//! A plugin describes its options. What an integration has is an administrator's; what an appointment
//! has is written when it is booked, from the integration's and its own, and stays: a later change to
//! the integration concerns later appointments.

use std::collections::BTreeMap;

use sqlx::Row as _;
use video_host::provider::{Description, Parameter};

use crate::IntegrationId;
use crate::database::{self, Connection, DatabaseError, Row};
use crate::integration::ConnectError;
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};

/// Chosen values by the names of their options. What is not in it has the option's default.
pub type MeetingOptions = BTreeMap<String, String>;

/// A choice that a provider does not offer. Nothing was saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongOption {
    /// There is no such option.
    #[error("{provider} has no meeting option `{option}`. Choose among those that it offers.")]
    Unknown {
        /// What the provider is called for people.
        provider: String,
        /// The name that was given.
        option: String,
    },
    /// The option has no such value.
    #[error("{label} cannot be `{value}`. Choose one of: {choices}.")]
    NoChoice {
        /// The option's name.
        option: String,
        /// What it is called for people.
        label: String,
        /// The value that was given.
        value: String,
        /// The labels of those that there are.
        choices: String,
    },
}

/// Checks that a provider offers what was chosen.
pub(crate) fn check(description: &Description, chosen: &MeetingOptions) -> Result<(), WrongOption> {
    for (name, value) in chosen {
        let option = description.meeting_options.iter().find(|option| option.name == *name);
        let option = option.ok_or_else(|| WrongOption::Unknown {
            provider: description.name.clone(),
            option: name.clone(),
        })?;
        if !option.choices.iter().any(|choice| choice.value == *value) {
            let labels: Vec<&str> = option.choices.iter().map(|choice| choice.label.as_str()).collect();
            return Err(WrongOption::NoChoice {
                option: name.clone(),
                label: option.label.clone(),
                value: value.clone(),
                choices: labels.join(", "),
            });
        }
    }
    Ok(())
}

/// What of it the provider still offers: another version of the plugin may have dropped an option, and
/// an appointment is not to fail over it.
fn offered(description: &Description, mut stored: MeetingOptions) -> MeetingOptions {
    stored.retain(|name, value| {
        let option = description.meeting_options.iter().find(|option| option.name == *name);
        option.is_some_and(|option| option.choices.iter().any(|choice| choice.value == *value))
    });
    stored
}

/// What an appointment is booked with: the integration's choices, and its own over them.
pub(crate) async fn for_booking(
    connection: &mut Connection,
    description: &Description,
    integration: &IntegrationId,
    own: &MeetingOptions,
) -> Result<MeetingOptions, DatabaseError> {
    let mut merged = offered(description, of_integration(connection, integration).await?);
    merged.extend(own.clone());
    Ok(merged)
}

/// What the provider is told with every request for an appointment.
pub(crate) async fn of_appointment(
    connection: &mut Connection,
    description: &Description,
    appointment: &str,
) -> Result<Vec<Parameter>, DatabaseError> {
    const SQL: &str = "SELECT name, value FROM appointment_option WHERE appointment = $1";
    let stored = offered(description, read(connection, SQL, appointment).await?);
    Ok(stored.into_iter().map(|(name, value)| Parameter { name, value }).collect())
}

/// Writes what an appointment is booked with, in the place of what a refused booking left.
pub(crate) async fn set_of_appointment(
    connection: &mut Connection,
    appointment: &str,
    options: &MeetingOptions,
) -> Result<(), DatabaseError> {
    const DELETE: &str = "DELETE FROM appointment_option WHERE appointment = $1";
    const INSERT: &str = "INSERT INTO appointment_option (appointment, name, value) VALUES ($1, $2, $3)";
    replace(connection, DELETE, INSERT, appointment, options).await
}

async fn of_integration(
    connection: &mut Connection,
    integration: &IntegrationId,
) -> Result<MeetingOptions, DatabaseError> {
    const SQL: &str = "SELECT name, value FROM integration_option WHERE integration = $1";
    read(connection, SQL, integration.as_str()).await
}

async fn read(
    connection: &mut Connection,
    sql: &'static str,
    owner: &str,
) -> Result<MeetingOptions, DatabaseError> {
    let rows = sqlx::query(sql).bind(owner).fetch_all(connection).await?;
    let pair = |row: Row| Ok((row.try_get("name")?, row.try_get("value")?));
    Ok(rows.into_iter().map(pair).collect::<Result<_, sqlx::Error>>()?)
}

async fn replace(
    connection: &mut Connection,
    delete: &'static str,
    insert: &'static str,
    owner: &str,
    options: &MeetingOptions,
) -> Result<(), DatabaseError> {
    sqlx::query(delete).bind(owner).execute(&mut *connection).await?;
    for (name, value) in options {
        sqlx::query(insert).bind(owner).bind(name).bind(value).execute(&mut *connection).await?;
    }
    Ok(())
}

impl<V: VideoProviders> Platform<V> {
    /// Chooses for the meetings of an integration that is connected, from the next booking on: all
    /// choices, as those before are forgotten. Appointments that are booked keep theirs.
    pub async fn set_meeting_options(
        &self,
        id: &IntegrationId,
        options: &MeetingOptions,
    ) -> Result<(), ConnectError> {
        const DELETE: &str = "DELETE FROM integration_option WHERE integration = $1";
        const INSERT: &str = "INSERT INTO integration_option (integration, name, value) VALUES ($1, $2, $3)";
        let (_, provider) = self.reachable(id).await?;
        check(provider.description(), options)?;
        let mut transaction = database::begin(self.pool()).await?;
        replace(&mut transaction, DELETE, INSERT, id.as_str(), options).await?;
        Ok(database::commit(transaction, "integration.options").await?)
    }

    /// What was chosen for the meetings of an integration. The options that there are, and their
    /// defaults, stand in the provider's description.
    pub async fn meeting_options(&self, id: &IntegrationId) -> Result<MeetingOptions, DatabaseError> {
        of_integration(&mut *self.connection().await?, id).await
    }
}
