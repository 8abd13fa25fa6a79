//! Connecting Contoso, with its service account.

use std::io;

use anyhow::{Context as _, Result, bail};
use mock_graph::contoso as registered;
use serde::Serialize;
use url::Url;
use video_host::provider::{NextStep, Parameter, SetupKind};
use video_platform::{
    ConnectError, Finished, Integration, IntegrationId, IntegrationState, MatchField, Setup,
};

use super::promise::Kept;
use super::stage::{SESSION, Stage};
use super::teller::Tell;
use super::times;
use crate::contoso;
use crate::screen::Screen;

/// An integration that is connected.
#[derive(Debug, Serialize)]
pub(super) struct Connected {
    #[serde(serialize_with = "as_text")]
    pub(super) integration: IntegrationId,
    pub(super) account: String,
    pub(super) account_id: String,
    account_name: String,
    tenant: String,
    signed_in_at: String,
    permissions: Vec<String>,
    warnings: Vec<String>,
    match_key: String,
    match_field: &'static str,
    standing: Standing,
    kept: Kept,
}

/// What an administrator reads of an integration.
#[derive(Debug, Serialize)]
pub(super) struct Standing {
    state: String,
    next_step: Option<String>,
    last_success: Option<String>,
    /// What was chosen at the setup, with what it means.
    choices: Vec<(String, String)>,
}

impl Standing {
    pub(super) async fn of(stage: &Stage, id: &IntegrationId) -> Result<Self> {
        let stored = integration(stage, id).await?;
        let advice = stored.advice();
        let choices = stage.platform.choices(id).await?;
        Ok(Self {
            state: advice.sentence,
            next_step: advice.instruction,
            last_success: stored.last_success.map(times::moment).transpose()?,
            choices: choices.into_iter().map(|choice| (choice.label, choice.meaning)).collect(),
        })
    }

    pub(super) fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        screen.fact("State", &self.state)?;
        if let Some(next_step) = &self.next_step {
            screen.fact("Next step", next_step)?;
        }
        if let Some(at) = &self.last_success {
            screen.fact("Last success", at)?;
        }
        Ok(())
    }
}

fn as_text<S: serde::Serializer>(id: &IntegrationId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

/// What the administrator answers to the plugin's question.
pub(super) fn tenant_value(stage: &Stage, tenant: &str) -> Vec<Parameter> {
    let asked = stage.plugin.description().setup.iter();
    asked
        .filter(|field| matches!(field.kind, SetupKind::Text(_)))
        .map(|field| Parameter { name: field.name.clone(), value: tenant.to_owned() })
        .collect()
}

/// Begins connecting a tenant, with the e-mail as the staff field that holds the key.
pub(super) async fn begin(stage: &Stage, tenant: &str) -> Result<(IntegrationId, NextStep), ConnectError> {
    let setup = Setup { match_field: MatchField::Email, values: tenant_value(stage, tenant) };
    let provider = &stage.plugin.description().id;
    stage.platform.start_connect(provider, setup, SESSION, registered::REDIRECT_URI).await
}

/// An integration, as the platform has it now.
pub(super) async fn integration(stage: &Stage, id: &IntegrationId) -> Result<Integration> {
    stage.platform.integration(id).await?.context("the integration is gone")
}

pub(super) async fn connect(stage: &Stage) -> Result<Connected> {
    let (_, step) = begin(stage, registered::TENANT_ID).await?;
    let NextStep::Visit(url) = step else { bail!("the plugin asks for no sign-in") };
    let parameters = stage.sign_in(&url, contoso::SERVICE_ACCOUNT).await?;
    let finished = stage.platform.finish_callback(SESSION, parameters).await?;
    let Finished::Connected { integration: id, connection } = finished else {
        bail!("the sign-in connected nothing")
    };

    let mut kept = Kept::default();
    let stored = integration(stage, &id).await?;
    let account = stored.account.context("the integration has no account")?;
    let person = stage.microsoft.directory().user(contoso::SERVICE_ACCOUNT).context("nobody signed in")?;
    kept.check(
        stored.state == IntegrationState::Connected && account.id == person.id,
        "The platform holds the object id of the account that signed in, not only its name.",
        format_args!("{:?} with {}, and {} signed in.", stored.state, account.id, person.id),
    )?;
    let meetings = stage.microsoft.meetings().len();
    kept.check(meetings == 0, "Connecting made no meeting.", format_args!("{meetings} were made."))?;
    Ok(Connected {
        account: account.user_name,
        account_id: account.id,
        account_name: account.display_name,
        tenant: account.tenant_id,
        signed_in_at: Url::parse(&url)?.host_str().unwrap_or_default().to_owned(),
        permissions: connection.scopes,
        warnings: connection.warnings,
        match_key: stage.plugin.description().match_key.clone(),
        match_field: stored.match_field.label(),
        standing: Standing::of(stage, &id).await?,
        integration: id,
        kept,
    })
}

impl Tell for Connected {
    fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        screen.fact(
            "Signed in",
            &format!("as {} ({}) at {}", self.account, self.account_name, self.signed_in_at),
        )?;
        screen.fact("Tenant", &self.tenant)?;
        screen.fact("Permissions", &self.permissions.join(", "))?;
        screen.fact("Staff field", &format!("the {} holds the {}", self.match_field, self.match_key))?;
        for (asked, meaning) in &self.standing.choices {
            screen.fact("Setup", &format!("{asked}: {meaning}"))?;
        }
        for warning in &self.warnings {
            screen.fact("Note", warning)?;
        }
        self.standing.tell(screen)
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}
