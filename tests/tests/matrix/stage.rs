//! A connected world for the rows of one call, and what the rows ask of it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use end_to_end::{INTEGRATION, Method, World, WorldOptions};
use mock_graph::{Config, Held, Injected, Operation, StoredMeeting, contoso};
use video_host::provider::{Attendee, AttendeeRole, Connection, MeetingRequest, User};
use video_host::store::Purpose;
use video_host::{Manifest, Provider};

use crate::fault::Fault;

/// 2026-12-01T09:00:00Z.
const START: i64 = 1_796_115_600_000;
const HOUR: i64 = 3_600_000;
/// For the rows in which a caller is to run out of patience.
const IMPATIENT: Duration = Duration::from_secs(5);

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) teams: Provider,
    pub(crate) method: Method,
    /// What the connection is, when nothing is wrong with it.
    pub(crate) connection: Connection,
}

/// A fault in force.
pub(crate) enum InForce {
    Counted(Injected),
    Held(Held),
}

impl InForce {
    /// Whether a request met it.
    pub(crate) fn applied(&self) -> bool {
        match self {
            Self::Counted(injected) => injected.applied() > 0,
            Self::Held(held) => held.is_reached(),
        }
    }
}

impl Stage {
    /// Connected and allowed to; its callers give up soon if they are `impatient`.
    pub(crate) async fn connected(method: Method, impatient: bool) -> Result<Self> {
        let microsoft = Config { policy_delay: Duration::ZERO, ..Config::default() };
        let change = move |manifest: &mut Manifest| {
            if impatient {
                manifest.limits.deadline = IMPATIENT;
            }
        };
        let options = WorldOptions { microsoft, manifest: Some(Box::new(change)), ..WorldOptions::default() };
        let world = World::with(options).await?;
        world.authorize_by(method, INTEGRATION, Purpose::Connect).await?;
        method.prepare(&world.microsoft)?;
        let teams = world.teams_on(INTEGRATION)?;
        let connection = teams.check().await?;
        Ok(Self { world, teams, method, connection })
    }

    /// Has the next request of an operation meet the fault.
    pub(crate) fn inject(&self, operation: Operation, fault: &Fault) -> InForce {
        let faults = self.world.microsoft.faults();
        match fault.action {
            mock_graph::Action::Hold { before } => InForce::Held(faults.hold(operation, before)),
            ref action => InForce::Counted(faults.inject(mock_graph::Fault::once(operation, action.clone()))),
        }
    }

    /// What Microsoft has for an appointment.
    pub(crate) fn meetings(&self, appointment: &str) -> Vec<StoredMeeting> {
        let of_it = |meeting: &StoredMeeting| meeting.external_id.as_deref() == Some(appointment);
        self.world.microsoft.meetings().into_iter().filter(of_it).collect()
    }

    /// The operations that the stand-in received since this was asked last.
    pub(crate) fn received(&self) -> Vec<Operation> {
        let journal = self.world.microsoft.journal();
        let received = journal.requests();
        journal.clear();
        received.iter().map(|request| request.operation).collect()
    }

    /// Resolves once every request received was answered, or would have been.
    pub(crate) async fn all_answered(&self) {
        let journal = self.world.microsoft.journal();
        while journal.requests().iter().any(|request| request.answer.is_none()) {
            tokio::task::yield_now().await;
        }
    }

    /// The row's own integration, where a row needs one.
    pub(crate) fn own(&self, integration: &str) -> Result<Provider> {
        self.world.teams_on(integration).context("an integration's name")
    }
}

/// The staff member of all appointments here.
pub(crate) fn adviser() -> User {
    User {
        id: contoso::ADVISER_ID.to_owned(),
        key: contoso::ADVISER.to_owned(),
        display_name: "Adele Vance".to_owned(),
    }
}

/// An hour of advice.
pub(crate) fn appointment(id: &str) -> MeetingRequest {
    MeetingRequest {
        staff: Some(adviser()),
        start: START,
        end: START + HOUR,
        attendees: vec![Attendee {
            name: "A Customer".to_owned(),
            address: Some("customer@example.com".to_owned()),
            user_id: None,
            role: AttendeeRole::Attendee,
        }],
        ..end_to_end::appointment(id)
    }
}

/// The same a day later.
pub(crate) fn moved(request: MeetingRequest) -> MeetingRequest {
    MeetingRequest { start: request.start + 24 * HOUR, end: request.end + 24 * HOUR, ..request }
}
