//! A connected world to hold meetings in.

use anyhow::{Context, Result, bail};
use end_to_end::{World, WorldOptions, contract_error};
use mock_graph::{Action, Config, Fault, Operation, Recorded, StoredMeeting, contoso};
use serde_json::{Value, json};
use video_host::provider::{
    Attendee, AttendeeRole, Cancellation, Error, Meeting, MeetingRequest, Outage, User,
};
use video_host::{CallError, Provider};

/// 2026-12-01T09:00:00Z.
pub(crate) const START: i64 = 1_796_115_600_000;
pub(crate) const MINUTE: i64 = 60_000;

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) teams: Provider,
}

impl Stage {
    pub(crate) async fn start() -> Result<Self> {
        let (world, teams) = World::connected(WorldOptions::default()).await?;
        Ok(Self { world, teams })
    }

    /// In a tenant whose policy makes new meetings otherwise than Contoso's.
    pub(crate) async fn with_policy(meeting_settings: Value) -> Result<Self> {
        let meeting_settings = meeting_settings.as_object().cloned().context("no object")?;
        let microsoft = Config { meeting_settings, ..Config::default() };
        let (world, teams) = World::connected(WorldOptions { microsoft, ..WorldOptions::default() }).await?;
        Ok(Self { world, teams })
    }

    pub(crate) async fn create(&self, request: &MeetingRequest) -> Result<Meeting> {
        Ok(self.teams.create_meeting(request).await?)
    }

    pub(crate) async fn update(&self, request: &MeetingRequest) -> Result<Meeting> {
        Ok(self.teams.update_meeting(request).await?)
    }

    pub(crate) async fn cancel(&self, appointment: &str, meeting: Option<&str>) -> Result<(), CallError> {
        let cancellation = Cancellation {
            appointment_id: appointment.to_owned(),
            meeting_id: meeting.map(str::to_owned),
            organizer_id: None,
            staff: None,
        };
        self.teams.cancel_meeting(&cancellation).await
    }

    pub(crate) async fn create_in_vain(&self, request: &MeetingRequest) -> Result<Error> {
        contract_error(self.teams.create_meeting(request).await)
    }

    pub(crate) async fn update_in_vain(&self, request: &MeetingRequest) -> Result<Error> {
        contract_error(self.teams.update_meeting(request).await)
    }

    pub(crate) fn inject(&self, operation: Operation, action: Action) {
        self.world.microsoft.faults().inject(Fault::once(operation, action));
    }

    /// What the stand-in received since this was asked last.
    pub(crate) fn received(&self) -> Vec<Recorded> {
        let journal = self.world.microsoft.journal();
        let received = journal.requests();
        journal.clear();
        received
    }

    /// The operations of it.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        self.received().iter().map(|request| request.operation).collect()
    }

    /// The one meeting that there is at Microsoft.
    pub(crate) fn stored(&self) -> Result<StoredMeeting> {
        match <[_; 1]>::try_from(self.world.microsoft.meetings()) {
            Ok([meeting]) => Ok(meeting),
            Err(meetings) => bail!("not one meeting: {meetings:?}"),
        }
    }
}

pub(crate) fn body(request: &Recorded) -> Result<Value> {
    serde_json::from_str(&request.body).context("no JSON")
}

/// An hour of advice, with the adviser and a customer.
pub(crate) fn appointment(id: &str) -> MeetingRequest {
    MeetingRequest {
        appointment_id: id.to_owned(),
        meeting_id: None,
        organizer_id: None,
        staff: Some(User {
            id: contoso::ADVISER_ID.to_owned(),
            key: contoso::ADVISER.to_owned(),
            display_name: "Adele Vance".to_owned(),
        }),
        subject: "Mortgage advice".to_owned(),
        start: START,
        end: START + 60 * MINUTE,
        attendees: vec![customer(Some("customer@example.com"))],
        options: Vec::new(),
    }
}

/// The same, half an hour later and a quarter longer.
pub(crate) fn moved(request: &MeetingRequest) -> MeetingRequest {
    MeetingRequest { start: request.start + 30 * MINUTE, end: request.end + 45 * MINUTE, ..request.clone() }
}

pub(crate) fn customer(address: Option<&str>) -> Attendee {
    Attendee {
        name: "A Customer".to_owned(),
        address: address.map(str::to_owned),
        user_id: None,
        role: AttendeeRole::Attendee,
    }
}

/// The same, as it is sent.
pub(crate) fn customer_json(address: &str) -> Value {
    json!({ "upn": address, "role": "attendee", "identity": { "user": { "displayName": "A Customer" } } })
}

/// The meeting's times at Microsoft.
pub(crate) fn times(meeting: &StoredMeeting) -> (i64, i64) {
    (meeting.start.as_millisecond(), meeting.end.as_millisecond())
}

/// Asserts that an error is an outage, and gives what it says.
pub(crate) fn outage(error: Error) -> Result<Outage> {
    match error {
        Error::Unavailable(outage) => Ok(outage),
        other => bail!("no outage: {other:?}"),
    }
}
