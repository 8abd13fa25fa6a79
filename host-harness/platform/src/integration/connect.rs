//! Connecting, reauthorizing and disconnecting.

use std::time::Duration;

use uuid::Uuid;
use video_host::CallError;
use video_host::provider::{Connection, Description, NextStep, Parameter, SetupKind};
use video_host::store::Purpose;

use super::standing::Question;
use super::{ConnectError, IntegrationState, MatchField, choice, store};
use crate::IntegrationId;
use crate::database;
use crate::entitlement::{self, Entitlement};
use crate::matching::wanted;
use crate::platform::Platform;
use crate::provider::{Answered, VideoProvider as _, VideoProviders};

/// After this time a first sign-in is not going to be finished: the host's own patience is shorter.
const ABANDONED: Duration = Duration::from_hours(1);

/// What the administrator answered before connecting.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// Which field of staff records holds the key: the answer to the setup field of kind `staff-field`.
    pub match_field: MatchField,
    /// The answers to the other fields, by their names.
    pub values: Vec<Parameter>,
}

/// How a sign-in ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Finished {
    /// A new integration is connected.
    Connected {
        /// Which.
        integration: IntegrationId,
        /// What the provider said of it.
        connection: Connection,
    },
    /// An integration has a new grant for the same account.
    Reauthorized {
        /// Which.
        integration: IntegrationId,
        /// What the provider said of it.
        connection: Connection,
    },
}

impl<V: VideoProviders> Platform<V> {
    /// Begins connecting an organisation's account. `provider` is the id of a plugin's description;
    /// `session` whatever identifies the administrator's login; `redirect_uri` where the callback goes.
    ///
    /// The integration is listed as pending from here on. If connecting fails, now or at the callback,
    /// nothing of it is left.
    pub async fn start_connect(
        &self,
        provider: &str,
        setup: Setup,
        session: &str,
        redirect_uri: &str,
    ) -> Result<(IntegrationId, NextStep), ConnectError> {
        let unknown = || ConnectError::NotLoaded(provider.to_owned());
        let description = self.providers().description(provider).ok_or_else(unknown)?;
        check_values(&description, &setup.values, false)?;
        let id = new_id();
        check_entitled(&mut *self.connection().await?, &id).await?;
        let working = self.providers().on(provider, &id).ok_or_else(unknown)?;

        let mut transaction = database::begin(self.pool()).await?;
        let name = &description.name;
        store::insert(&mut transaction, &id, provider, name, setup.match_field, self.now()).await?;
        database::commit(transaction, "integration.pending").await?;

        let values = setup.values;
        let begun = self.providers().begin(&working, Purpose::Connect, session, &values, redirect_uri).await;
        match begun {
            Ok(step) => {
                if let NextStep::Connected(connection) = &step {
                    self.note_connected(&id, &description, &values, connection).await?;
                }
                Ok((id, step))
            }
            Err(error) => {
                self.discard(&id).await?;
                Err(ConnectError::begin(description.name, error))
            }
        }
    }

    /// Begins authorizing a connected integration anew, for the same account. It stays as it is until
    /// [`Self::finish_callback`] succeeds. `values` answers the setup fields that are asked again.
    pub async fn start_reauthorize(
        &self,
        id: &IntegrationId,
        values: Vec<Parameter>,
        session: &str,
        redirect_uri: &str,
    ) -> Result<NextStep, ConnectError> {
        let (integration, provider) = self.reachable(id).await?;
        check_values(provider.description(), &values, true)?;
        let begun =
            self.providers().begin(&provider, Purpose::Reauthorize, session, &values, redirect_uri).await;
        match begun {
            Ok(step) => {
                if let NextStep::Connected(connection) = &step {
                    self.note_connected(id, provider.description(), &values, connection).await?;
                }
                Ok(step)
            }
            Err(error) => {
                let error = ConnectError::begin(integration.display_name, error);
                if let ConnectError::Call { error, .. } = &error {
                    self.note(id, Question::SignIn, Err(error)).await?;
                }
                Err(error)
            }
        }
    }

    /// Takes the callback of a sign-in, with all its parameters, in the session that began it.
    pub async fn finish_callback(
        &self,
        session: &str,
        parameters: Vec<Parameter>,
    ) -> Result<Finished, ConnectError> {
        let Answered { integration: id, purpose, values, callback } =
            self.providers().callback(session, parameters).await?;
        let integration = self.known(&id).await?;
        let Some(provider) = self.providers().on(&integration.provider, &id) else {
            self.discard(&id).await?;
            return Err(ConnectError::NotLoaded(integration.provider));
        };
        match self.providers().finish(&provider, callback).await {
            Ok(connection) => {
                self.note_connected(&id, provider.description(), &values, &connection).await?;
                Ok(match purpose {
                    Purpose::Connect => Finished::Connected { integration: id, connection },
                    Purpose::Reauthorize => Finished::Reauthorized { integration: id, connection },
                })
            }
            Err(error) => {
                self.note_failed_sign_in(&id, &error).await?;
                Err(ConnectError::Call { integration: integration.display_name, error })
            }
        }
    }

    /// Forgets the integration's credentials, whether or not the provider can be reached. Its
    /// appointments keep their links, and it stays listed. Doing it twice succeeds.
    pub async fn disconnect(&self, id: &IntegrationId) -> Result<(), ConnectError> {
        let integration = self.known(id).await?;
        if integration.state == IntegrationState::Pending {
            return self.discard(id).await;
        }
        // The host wipes everything below, so a plugin that fails or is gone keeps no secret alive.
        if let Some(provider) = self.providers().on(&integration.provider, id)
            && let Err(error) = provider.disconnect().await
        {
            tracing::warn!(integration = %id, %error, "the plugin could not disconnect; its state is wiped");
        }
        self.providers().forget(id).await?;
        let mut transaction = database::begin(self.pool()).await?;
        let news = store::disconnected(&mut transaction, id, self.now()).await?;
        wanted::forget(&mut transaction, id).await?;
        self.commit(transaction, "integration.disconnected", news).await?;
        Ok(())
    }

    /// Removes integrations whose first sign-in was begun more than an hour ago and never finished.
    /// Tells how many.
    pub async fn discard_abandoned(&self) -> Result<usize, ConnectError> {
        let patience = i64::try_from(ABANDONED.as_millis()).unwrap_or(i64::MAX);
        let time = self.now().saturating_sub(patience);
        let abandoned = store::abandoned(&mut *self.connection().await?, time).await?;
        for integration in &abandoned {
            self.discard(&integration.id).await?;
        }
        Ok(abandoned.len())
    }

    async fn note_connected(
        &self,
        id: &IntegrationId,
        description: &Description,
        values: &[Parameter],
        connection: &Connection,
    ) -> Result<(), ConnectError> {
        let mut transaction = database::begin(self.pool()).await?;
        // Another one may have been connected meanwhile.
        if let Err(error) = check_entitled(&mut transaction, id).await {
            drop(transaction);
            self.discard(id).await?;
            return Err(error);
        }
        if let Some(news) = store::signed_in(&mut transaction, id, &connection.account, self.now()).await? {
            store::claim_default(&mut transaction, id).await?;
            choice::keep(&mut transaction, id, description, values).await?;
            return Ok(self.commit(transaction, "integration.connected", news).await?);
        }
        drop(transaction);
        // It was disconnected while somebody signed in: nothing may stay of the new grant.
        self.providers().forget(id).await?;
        Err(ConnectError::Unknown(id.clone()))
    }

    async fn note_failed_sign_in(&self, id: &IntegrationId, error: &CallError) -> Result<(), ConnectError> {
        self.note(id, Question::SignIn, Err(error)).await?;
        self.discard(id).await
    }

    /// Leaves nothing of an integration that was never connected; one that was is left alone.
    async fn discard(&self, id: &IntegrationId) -> Result<(), ConnectError> {
        let never_connected = self
            .integration(id)
            .await?
            .is_some_and(|known| known.state == IntegrationState::Pending && known.last_success.is_none());
        if !never_connected {
            return Ok(());
        }
        // Secrets first: after a crash in between, the row is what finds the rest.
        self.providers().forget(id).await?;
        let mut transaction = database::begin(self.pool()).await?;
        store::remove_pending(&mut transaction, id).await?;
        database::commit(transaction, "integration.discarded").await?;
        Ok(())
    }
}

/// Whether an integration may be connected: it is the only one, or there may be several. One that is
/// connected already may stay whatever else is.
async fn check_entitled(
    connection: &mut database::Connection,
    id: &IntegrationId,
) -> Result<(), ConnectError> {
    let connected = store::load(connection, id)
        .await?
        .is_some_and(|known| !matches!(known.state, IntegrationState::Pending));
    if connected || entitlement::has(connection, Entitlement::MultipleIntegrations).await? {
        return Ok(());
    }
    match store::other(connection, id).await? {
        Some(existing) => Err(ConnectError::NotEntitled { existing }),
        None => Ok(()),
    }
}

fn new_id() -> IntegrationId {
    Uuid::new_v4().simple().to_string().parse().expect("32 hexadecimal digits are an integration id")
}

/// Whether the answers fit the questions. `again` means those that Reauthorize asks.
fn check_values(description: &Description, values: &[Parameter], again: bool) -> Result<(), ConnectError> {
    for field in &description.setup {
        let wrong = |problem: String| {
            Err(ConnectError::Setup { field: field.name.clone(), label: field.label.clone(), problem })
        };
        let value = values.iter().find(|value| value.name == field.name).map(|value| value.value.as_str());
        let asked = !again || field.asked_again;
        match (&field.kind, value.filter(|value| !value.is_empty())) {
            (SetupKind::Text(_) | SetupKind::Choice(_), None) if field.required && asked => {
                return wrong("fill this in".to_owned());
            }
            (SetupKind::Text(most), Some(text)) if text.chars().count() > *most as usize => {
                return wrong(format!("at most {most} characters are possible"));
            }
            (SetupKind::Choice(choices), Some(text)) if choices.iter().all(|choice| choice.value != text) => {
                return wrong("choose one of the values that are offered".to_owned());
            }
            (SetupKind::StaffField | SetupKind::Text(_) | SetupKind::Choice(_), _) => {}
        }
    }
    Ok(())
}
