//! Settings → Video Calls: the integrations.

use tokio::sync::broadcast;
use video_host::provider::{NextStep, Parameter, SetupKind};

use super::{Acting, ActingError, nothing_new};
use crate::IntegrationId;
use crate::appointment::{
    ReconcileError, ReconcileMode, ReconcileOptions, ReconcileProgress, Reconciliation,
};
use crate::audit::Action;
use crate::audit::store::{Intent, Learned};
use crate::database::DatabaseError;
use crate::entitlement::Entitlement;
use crate::integration::{
    Checked, ConnectError, Finished, Integration, IntegrationEvent, MatchField, OrganizerMeetings, Setup,
    SetupChoice,
};
use crate::options::MeetingOptions;
use crate::provider::VideoProviders;

impl<V: VideoProviders> Acting<'_, V> {
    /// [`Platform::integrations`](crate::Platform::integrations), for administrators.
    pub async fn integrations(&self) -> Result<Vec<Integration>, ActingError<DatabaseError>> {
        self.look(Action::SeeIntegrations, None, None, self.platform.integrations()).await
    }

    /// [`Platform::integration`](crate::Platform::integration), for administrators.
    pub async fn integration(
        &self,
        id: &IntegrationId,
    ) -> Result<Option<Integration>, ActingError<DatabaseError>> {
        self.look(Action::SeeIntegrations, Some(id.as_str()), None, self.platform.integration(id)).await
    }

    /// [`Platform::choices`](crate::Platform::choices), for administrators.
    pub async fn choices(&self, id: &IntegrationId) -> Result<Vec<SetupChoice>, ActingError<DatabaseError>> {
        self.look(Action::SeeIntegrations, Some(id.as_str()), None, self.platform.choices(id)).await
    }

    /// [`Platform::meeting_options`](crate::Platform::meeting_options), for administrators.
    pub async fn meeting_options(
        &self,
        id: &IntegrationId,
    ) -> Result<MeetingOptions, ActingError<DatabaseError>> {
        self.look(Action::SeeIntegrations, Some(id.as_str()), None, self.platform.meeting_options(id)).await
    }

    /// [`Platform::meetings_this_month`](crate::Platform::meetings_this_month), for administrators.
    pub async fn meetings_this_month(
        &self,
        id: &IntegrationId,
    ) -> Result<Vec<OrganizerMeetings>, ActingError<DatabaseError>> {
        let work = self.platform.meetings_this_month(id);
        self.look(Action::SeeIntegrations, Some(id.as_str()), None, work).await
    }

    /// [`Platform::events`](crate::Platform::events), for administrators.
    pub async fn events(&self, after: i64) -> Result<Vec<IntegrationEvent>, ActingError<DatabaseError>> {
        self.look(Action::SeeIntegrations, None, None, self.platform.events(after)).await
    }

    /// [`Platform::events_of`](crate::Platform::events_of), for administrators.
    pub async fn events_of(
        &self,
        id: &IntegrationId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<IntegrationEvent>, ActingError<DatabaseError>> {
        let work = self.platform.events_of(id, before, limit);
        self.look(Action::SeeIntegrations, Some(id.as_str()), None, work).await
    }

    /// [`Platform::subscribe`](crate::Platform::subscribe), for administrators.
    pub async fn subscribe(
        &self,
    ) -> Result<broadcast::Receiver<IntegrationEvent>, ActingError<DatabaseError>> {
        let work = async { Ok(self.platform.subscribe()) };
        self.look(Action::SeeIntegrations, None, None, work).await
    }

    /// [`Platform::check`](crate::Platform::check), for administrators.
    pub async fn check(&self, id: &IntegrationId) -> Result<Checked, ActingError<ConnectError>> {
        self.look(Action::Check, Some(id.as_str()), None, self.platform.check(id)).await
    }

    /// [`Platform::entitled`](crate::Platform::entitled), for administrators.
    pub async fn entitled(&self, entitlement: Entitlement) -> Result<bool, ActingError<DatabaseError>> {
        self.look(Action::SeeIntegrations, None, None, self.platform.entitled(entitlement)).await
    }

    /// [`Platform::set_entitlement`](crate::Platform::set_entitlement), for the program itself.
    pub async fn set_entitlement(
        &self,
        entitlement: Entitlement,
        granted: bool,
    ) -> Result<(), ActingError<DatabaseError>> {
        let to = if granted { "granted" } else { "not granted" };
        let intent = Intent::to(Action::SetEntitlement).on(entitlement.word()).change(None, to);
        self.act(intent, None, self.platform.set_entitlement(entitlement, granted), nothing_new).await
    }

    /// [`Platform::start_connect`](crate::Platform::start_connect), for administrators.
    pub async fn start_connect(
        &self,
        provider: &str,
        setup: Setup,
        session: &str,
        redirect_uri: &str,
    ) -> Result<(IntegrationId, NextStep), ActingError<ConnectError>> {
        let told = format!(
            "{provider}; match field: {}{}",
            setup.match_field.label(),
            self.chosen(provider, &setup.values)
        );
        let intent = Intent::to(Action::Connect).change(None, told);
        let work = self.platform.start_connect(provider, setup, session, redirect_uri);
        let learned =
            |(id, _): &(IntegrationId, NextStep)| Learned { subject: Some(id.as_str().to_owned()), to: None };
        self.act(intent, None, work, learned).await
    }

    /// [`Platform::finish_callback`](crate::Platform::finish_callback), for administrators.
    pub async fn finish_callback(
        &self,
        session: &str,
        parameters: Vec<Parameter>,
    ) -> Result<Finished, ActingError<ConnectError>> {
        let learned = |finished: &Finished| {
            let (id, what, connection) = match finished {
                Finished::Connected { integration, connection } => (integration, "connected", connection),
                Finished::Reauthorized { integration, connection } => {
                    (integration, "reauthorized", connection)
                }
            };
            let to = format!("{what} as {}", connection.account.user_name);
            Learned { subject: Some(id.as_str().to_owned()), to: Some(to) }
        };
        let work = self.platform.finish_callback(session, parameters);
        self.act(Intent::to(Action::FinishSignIn), None, work, learned).await
    }

    /// [`Platform::start_reauthorize`](crate::Platform::start_reauthorize), for administrators.
    pub async fn start_reauthorize(
        &self,
        id: &IntegrationId,
        values: Vec<Parameter>,
        session: &str,
        redirect_uri: &str,
    ) -> Result<NextStep, ActingError<ConnectError>> {
        let intent = Intent::to(Action::Reauthorize).on(id.as_str());
        let work = self.platform.start_reauthorize(id, values, session, redirect_uri);
        self.act(intent, None, work, nothing_new).await
    }

    /// [`Platform::disconnect`](crate::Platform::disconnect), for administrators.
    pub async fn disconnect(&self, id: &IntegrationId) -> Result<(), ActingError<ConnectError>> {
        let before = self.known(id).await?.map(|known| known.display_name);
        let intent = Intent::to(Action::Disconnect).on(id.as_str()).change(before, "disconnected");
        self.act(intent, None, self.platform.disconnect(id), nothing_new).await
    }

    /// [`Platform::set_default`](crate::Platform::set_default), for administrators.
    pub async fn set_default(&self, id: &IntegrationId) -> Result<(), ActingError<ConnectError>> {
        let all = self.platform.integrations().await.map_err(ActingError::Audit)?;
        let before = all.iter().find(|one| one.is_default).map(|one| one.id.as_str().to_owned());
        let intent = Intent::to(Action::SetDefault).on(id.as_str()).change(before, id.as_str());
        self.act(intent, None, self.platform.set_default(id), nothing_new).await
    }

    /// [`Platform::rename_integration`](crate::Platform::rename_integration), for administrators.
    pub async fn rename_integration(
        &self,
        id: &IntegrationId,
        name: &str,
    ) -> Result<(), ActingError<ConnectError>> {
        let before = self.known(id).await?.map(|known| known.display_name);
        let intent = Intent::to(Action::Rename).on(id.as_str()).change(before, name.trim());
        self.act(intent, None, self.platform.rename_integration(id, name), nothing_new).await
    }

    /// [`Platform::set_match_field`](crate::Platform::set_match_field), for administrators.
    pub async fn set_match_field(
        &self,
        id: &IntegrationId,
        field: MatchField,
    ) -> Result<(), ActingError<ConnectError>> {
        let before = self.known(id).await?.map(|known| known.match_field.label().to_owned());
        let intent = Intent::to(Action::SetMatchField).on(id.as_str()).change(before, field.label());
        self.act(intent, None, self.platform.set_match_field(id, field), nothing_new).await
    }

    /// [`Platform::set_meeting_options`](crate::Platform::set_meeting_options), for administrators.
    pub async fn set_meeting_options(
        &self,
        id: &IntegrationId,
        options: &MeetingOptions,
    ) -> Result<(), ActingError<ConnectError>> {
        let listed = |options: &MeetingOptions| {
            options.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
        };
        let before = self.platform.meeting_options(id).await.map_err(ActingError::Audit)?;
        let intent = Intent::to(Action::SetMeetingOptions)
            .on(id.as_str())
            .change(Some(listed(&before)), listed(options));
        self.act(intent, None, self.platform.set_meeting_options(id, options), nothing_new).await
    }

    /// [`Platform::reconcile`](crate::Platform::reconcile), for administrators.
    pub async fn reconcile(
        &self,
        options: &ReconcileOptions,
        progress: impl FnMut(ReconcileProgress) + Send,
    ) -> Result<Reconciliation, ActingError<ReconcileError>> {
        let told = match options.mode {
            ReconcileMode::DryRun => "compare",
            ReconcileMode::Mend { recreate: false } => "mend",
            ReconcileMode::Mend { recreate: true } => "mend, and make lost meetings again",
        };
        let learned = |report: &Reconciliation| {
            let to = format!("{told}: {} compared, {} differ", report.compared, report.differences.len());
            Learned { subject: None, to: Some(to) }
        };
        let subject = options.integration.as_ref().map(|id| id.as_str().to_owned());
        let intent = Intent { subject, ..Intent::to(Action::Reconcile) }.change(None, told);
        self.act(intent, None, Box::pin(self.platform.reconcile(options, progress)), learned).await
    }

    /// How it is before somebody changes it.
    async fn known<E: std::error::Error>(
        &self,
        id: &IntegrationId,
    ) -> Result<Option<Integration>, ActingError<E>> {
        self.platform.integration(id).await.map_err(ActingError::Audit)
    }

    /// What was chosen among a provider's choices. What was typed stays out of the log, whatever it is.
    fn chosen(&self, provider: &str, values: &[Parameter]) -> String {
        let Some(description) = self.platform.providers().description(provider) else {
            return String::new();
        };
        let choices = description.setup.iter().filter(|field| matches!(field.kind, SetupKind::Choice(_)));
        let told = choices.filter_map(|field| {
            let value = values.iter().find(|value| value.name == field.name)?;
            Some(format!("; {}: {}", field.label, value.value))
        });
        told.collect()
    }
}
