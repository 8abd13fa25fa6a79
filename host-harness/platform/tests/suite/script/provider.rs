//! How the script answers what the platform asks.

use std::sync::atomic::Ordering;

use video_host::provider::{
    Cancellation, Connection, Description, DirectoryPage, Error, Look, LookUpOutcome, MatchOutcome, Meeting,
    MeetingReference, MeetingRequest, NextStep, Parameter, User,
};
use video_host::store::{CallbackError, Purpose, StoreError};
use video_host::{AuthorizationError, CallError};
use video_platform::{Answered, IntegrationId, VideoProvider, VideoProviders};

use super::{Scripted, Working, answer, connection, next, refused, wait_if_held};

impl VideoProvider for Working {
    fn description(&self) -> &Description {
        &self.description
    }

    async fn check(&self) -> Result<Connection, CallError> {
        self.script.call("check");
        answer(next(&self.script.connections).unwrap_or_else(|| Ok(connection())))
    }

    async fn check_user(&self, user: &User) -> Result<Vec<String>, CallError> {
        self.script.call(format!("check user {}", user.id));
        answer(next(&self.script.user_checks).unwrap_or_else(|| Ok(vec![])))
    }

    async fn match_users(&self, keys: &[String], look: Look) -> Result<Vec<MatchOutcome>, CallError> {
        let by = if look == Look::Addresses { "match by address" } else { "match" };
        self.script.call(format!("{by} {}", keys.join(" ")));
        if let Some(line) = next(&self.script.matches) {
            return answer(line);
        }
        let outcomes = self.script.outcomes_of(keys, look);
        wait_if_held(&self.script.held_answers).await;
        Ok(outcomes)
    }

    async fn list_users(&self, cursor: Option<&str>) -> Result<DirectoryPage, CallError> {
        self.script.call(format!("list {}", cursor.unwrap_or("from the start")));
        let page = next(&self.script.pages).unwrap_or(Ok(DirectoryPage { entries: vec![], next: None }));
        wait_if_held(&self.script.held_answers).await;
        answer(page)
    }

    async fn directory_size(&self) -> Result<Option<u64>, CallError> {
        self.script.call("count");
        Ok(*self.script.size.lock().unwrap())
    }

    async fn create_meeting(&self, request: &MeetingRequest) -> Result<Meeting, CallError> {
        self.script.call(format!("create {}", request.appointment_id));
        wait_if_held(&self.script.held_creates).await;
        let answered = next(&self.script.creates).unwrap_or(Ok(()));
        if let Err(error @ Error::Refused(_)) = answered {
            return answer(Err(error));
        }
        self.script.with_options_of(request);
        // What is lost on the way has taken effect all the same.
        let meeting = self.script.meeting(request);
        wait_if_held(&self.script.held_answers).await;
        answer(answered.map(|()| meeting))
    }

    async fn update_meeting(&self, request: &MeetingRequest) -> Result<Meeting, CallError> {
        self.script.call(format!("update {} {}", request.appointment_id, request.start));
        answer(next(&self.script.updates).unwrap_or(Ok(())).and_then(|()| {
            self.script.with_options_of(request);
            self.script.changed(request)
        }))
    }

    async fn cancel_meeting(&self, cancellation: &Cancellation) -> Result<(), CallError> {
        let meeting = cancellation.meeting_id.as_deref().unwrap_or("?");
        let organizer = cancellation.organizer_id.as_deref().unwrap_or("?");
        self.script.call(format!("cancel {} {meeting} of {organizer}", cancellation.appointment_id));
        let answered = next(&self.script.cancels).unwrap_or(Ok(()));
        if answered.is_ok() {
            let key =
                (cancellation.appointment_id.clone(), self.script.organizer(cancellation.staff.as_ref()));
            self.script.meetings.lock().unwrap().retain(|known, meeting| match &cancellation.meeting_id {
                Some(id) => meeting.id != *id,
                None => *known != key,
            });
        }
        answer(answered)
    }

    async fn look_up_meetings(
        &self,
        references: &[MeetingReference],
    ) -> Result<Vec<LookUpOutcome>, CallError> {
        let asked: Vec<_> =
            references.iter().map(|it| it.meeting_id.clone().unwrap_or_else(|| "?".to_owned())).collect();
        self.script.call(format!("look up {}", asked.join(", ")));
        if let Some(line) = next(&self.script.look_ups) {
            return answer(line);
        }
        let outcomes = self.script.states(&asked);
        wait_if_held(&self.script.held_answers).await;
        Ok(outcomes)
    }

    async fn disconnect(&self) -> Result<(), CallError> {
        self.script.call("disconnect");
        Ok(())
    }
}

impl VideoProviders for Scripted {
    type Provider = Working;
    type Callback = ();

    fn description(&self, provider: &str) -> Option<Description> {
        let description = self.0.description.lock().unwrap().clone();
        (description.id == provider).then_some(description)
    }

    fn on(&self, provider: &str, integration: &IntegrationId) -> Option<Working> {
        let description = self.description(provider)?;
        Some(Working { script: self.0.clone(), description, integration: integration.clone() })
    }

    async fn begin(
        &self,
        provider: &Working,
        purpose: Purpose,
        _session: &str,
        values: &[Parameter],
        _redirect_uri: &str,
    ) -> Result<NextStep, AuthorizationError> {
        let state = provider.script.states.fetch_add(1, Ordering::SeqCst).to_string();
        let entry = (provider.integration.clone(), purpose, values.to_vec());
        provider.script.callbacks.lock().unwrap().insert(state.clone(), entry);
        if values.iter().any(|value| value.value == "refuse") {
            return Err(CallError::Provider(refused("No.")).into());
        }
        Ok(NextStep::Visit(state))
    }

    async fn callback(&self, _: &str, parameters: Vec<Parameter>) -> Result<Answered<()>, CallbackError> {
        let state = parameters.iter().find(|parameter| parameter.name == "state").unwrap();
        let found = self.0.callbacks.lock().unwrap().remove(&state.value);
        let (integration, purpose, values) = found.ok_or(CallbackError::Unknown)?;
        Ok(Answered { integration, purpose, values, callback: () })
    }

    async fn finish(&self, provider: &Working, (): ()) -> Result<Connection, CallError> {
        answer(next(&provider.script.connections).unwrap_or_else(|| Ok(connection())))
    }

    async fn forget(&self, _: &IntegrationId) -> Result<(), StoreError> {
        self.0.call("forget");
        Ok(())
    }
}
