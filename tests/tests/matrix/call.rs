//! The calls of the contract that the table has: how each is prepared, made, and put into a word.

use anyhow::{Context as _, Result};
use end_to_end::INTEGRATION;
use mock_graph::{Operation, contoso};
use video_host::provider::{
    Cancellation, Connection, Look, MatchOutcome, Meeting, MeetingRequest, Parameter,
};
use video_host::store::Purpose;

use crate::stage::{Stage, adviser, appointment, moved};

/// One call of the contract. Another one is another variant here, and an arm in [`Call::prepare`],
/// [`Call::make`] and [`Call::leaves`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Create,
    /// Creating what exists, with other times.
    CreateMoved,
    Move,
    Cancel,
    /// Without the meeting's id.
    CancelByAppointment,
    Match,
    /// More than one request's filter takes.
    MatchMany,
    Check,
    CheckUser,
    FinishConnect,
    FinishReauthorize,
    Disconnect,
}

/// One row: the call, and what it is made with.
pub(crate) struct Row {
    pub(crate) call: Call,
    /// Both the appointment's id and the name of the row's own integration.
    pub(crate) id: String,
    /// The meeting that there was before.
    pub(crate) before: Option<Meeting>,
    callback: Vec<Parameter>,
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Given {
    Meeting(Meeting),
    Nothing,
    Outcomes(Vec<MatchOutcome>),
    Connection(Connection),
    Warnings(Vec<String>),
}

impl Call {
    pub(crate) const ALL: [Self; 12] = [
        Self::Create,
        Self::CreateMoved,
        Self::Move,
        Self::Cancel,
        Self::CancelByAppointment,
        Self::Match,
        Self::MatchMany,
        Self::Check,
        Self::CheckUser,
        Self::FinishConnect,
        Self::FinishReauthorize,
        Self::Disconnect,
    ];

    /// As the contract calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create-meeting",
            Self::CreateMoved => "create-meeting, of one that exists at another time",
            Self::Move => "update-meeting",
            Self::Cancel => "cancel-meeting",
            Self::CancelByAppointment => "cancel-meeting, without its id",
            Self::Match => "match-users, one key",
            Self::MatchMany => "match-users, a batch",
            Self::Check => "check",
            Self::CheckUser => "check-user",
            Self::FinishConnect => "finish-connect",
            Self::FinishReauthorize => "finish-reauthorize",
            Self::Disconnect => "disconnect",
        }
    }

    /// How many meetings its appointment has once it was made without a fault.
    pub(crate) fn leaves(self) -> usize {
        match self {
            Self::Create | Self::CreateMoved | Self::Move | Self::Disconnect => 1,
            Self::Cancel
            | Self::CancelByAppointment
            | Self::Match
            | Self::MatchMany
            | Self::Check
            | Self::CheckUser
            | Self::FinishConnect
            | Self::FinishReauthorize => 0,
        }
    }

    /// Brings about what the call begins with, before every time that it is made.
    pub(crate) async fn prepare(self, stage: &Stage, row: &mut Row) -> Result<()> {
        match self {
            Self::CreateMoved | Self::Move | Self::Cancel | Self::CancelByAppointment => {
                if row.before.is_none() {
                    row.before = Some(stage.teams.create_meeting(&appointment(&row.id)).await?);
                }
            }
            Self::FinishConnect => {
                row.callback = stage.world.signed_in(stage.method, &row.id, Purpose::Connect).await?;
            }
            Self::FinishReauthorize => {
                row.callback = stage.world.signed_in(stage.method, INTEGRATION, Purpose::Reauthorize).await?;
            }
            Self::Disconnect => {
                if row.before.is_none() {
                    stage.world.authorize_by(stage.method, &row.id, Purpose::Connect).await?;
                    let own = stage.own(&row.id)?;
                    row.before = Some(own.create_meeting(&appointment(&row.id)).await?);
                }
            }
            Self::Create | Self::Match | Self::MatchMany | Self::Check | Self::CheckUser => {}
        }
        Ok(())
    }

    /// Makes the call.
    pub(crate) async fn make(self, stage: &Stage, row: &Row) -> Result<Given> {
        let teams = &stage.teams;
        Ok(match self {
            Self::Create => Given::Meeting(teams.create_meeting(&appointment(&row.id)).await?),
            Self::CreateMoved => Given::Meeting(teams.create_meeting(&moved(appointment(&row.id))).await?),
            Self::Move => Given::Meeting(teams.update_meeting(&row.change()).await?),
            Self::Cancel => {
                let meeting_id = row.before.as_ref().map(|meeting| meeting.id.clone());
                teams.cancel_meeting(&row.cancellation(meeting_id)).await?;
                Given::Nothing
            }
            Self::CancelByAppointment => {
                teams.cancel_meeting(&row.cancellation(None)).await?;
                Given::Nothing
            }
            Self::Match => Given::Outcomes(teams.match_users(&keys(1), Look::Everywhere).await?),
            Self::MatchMany => Given::Outcomes(teams.match_users(&keys(17), Look::Everywhere).await?),
            Self::Check => Given::Connection(teams.check().await?),
            Self::CheckUser => Given::Warnings(teams.check_user(&adviser()).await?),
            Self::FinishConnect | Self::FinishReauthorize => {
                Given::Connection(stage.world.finish(row.callback.clone()).await?)
            }
            Self::Disconnect => {
                stage.own(&row.id)?.disconnect().await?;
                Given::Nothing
            }
        })
    }
}

impl Row {
    pub(crate) fn new(call: Call, id: String) -> Self {
        Self { call, id, before: None, callback: Vec::new() }
    }

    /// The move of the meeting that there was.
    pub(crate) fn change(&self) -> MeetingRequest {
        let before = self.before.as_ref();
        MeetingRequest {
            meeting_id: before.map(|meeting| meeting.id.clone()),
            organizer_id: before.map(|meeting| meeting.organizer_id.clone()),
            ..moved(appointment(&self.id))
        }
    }

    fn cancellation(&self, meeting_id: Option<String>) -> Cancellation {
        let organizer_id = self.before.as_ref().map(|meeting| meeting.organizer_id.clone());
        Cancellation { appointment_id: self.id.clone(), meeting_id, organizer_id, staff: Some(adviser()) }
    }
}

impl Given {
    /// In a few words.
    pub(crate) fn word(&self) -> String {
        let warned = |warnings: &[String]| match warnings.len() {
            0 => "ok".to_owned(),
            1 => "ok, 1 warning".to_owned(),
            more => format!("ok, {more} warnings"),
        };
        match self {
            Self::Meeting(meeting) if meeting.created => "made".to_owned(),
            Self::Meeting(_) => "the same meeting".to_owned(),
            Self::Nothing => "ok".to_owned(),
            Self::Outcomes(outcomes) => counted(outcomes),
            Self::Connection(connection) => warned(&connection.warnings),
            Self::Warnings(warnings) => warned(warnings),
        }
    }
}

/// The adviser, and others whom nobody knows.
fn keys(count: usize) -> Vec<String> {
    let unknown = (1..count).map(|n| format!("nobody-{n}@contoso.com"));
    std::iter::once(contoso::ADVISER.to_owned()).chain(unknown).collect()
}

/// The outcomes of the adviser's key and of the others'.
fn counted(outcomes: &[MatchOutcome]) -> String {
    let mut words = Vec::<(String, usize)>::new();
    for outcome in outcomes {
        let word = match outcome {
            MatchOutcome::Matched(_) => "matched".to_owned(),
            MatchOutcome::NotFound => "not found".to_owned(),
            MatchOutcome::RetryLater(ms) => format!("unknown for {ms}ms"),
            MatchOutcome::AliasOf(_) => "an alias".to_owned(),
            MatchOutcome::Guest(_) => "a guest".to_owned(),
            MatchOutcome::Disabled(_) => "disabled".to_owned(),
            MatchOutcome::Unlicensed(_) => "unlicensed".to_owned(),
            MatchOutcome::Ambiguous(_) => "ambiguous".to_owned(),
        };
        match words.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => words.push((word, 1)),
        }
    }
    let words: Vec<_> = words.into_iter().map(|(word, count)| format!("{count} {word}")).collect();
    words.join(", ")
}

/// The requests of a call, each operation once; of a batch, its items too.
pub(crate) fn distinct(received: &[Operation]) -> Vec<Operation> {
    let mut distinct = Vec::new();
    for operation in received {
        if !distinct.contains(operation) {
            distinct.push(*operation);
        }
        if *operation == Operation::Batch && !distinct.contains(&Operation::BatchItem) {
            distinct.push(Operation::BatchItem);
        }
    }
    distinct
}

/// The connection of an integration, which has to work.
pub(crate) async fn checked(stage: &Stage, integration: &str) -> Result<Connection> {
    stage.own(integration)?.check().await.context("the connection works")
}
