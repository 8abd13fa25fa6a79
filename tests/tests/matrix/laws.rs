//! What holds for every call under every fault, whatever the table says in detail.

use anyhow::{Context as _, Result, ensure};
use end_to_end::INTEGRATION;
use mock_graph::{Operation, StoredMeeting};
use video_host::provider::{MatchOutcome, MeetingRequest};

use crate::call::{Call, Given, Row, checked};
use crate::fault::Fault;
use crate::stage::{Stage, appointment, moved};

/// What a call came to, as its caller can tell.
pub(crate) struct Ended<'a> {
    pub(crate) given: Option<&'a Given>,
    /// Whether it may have had an effect, as the caller was told. Only of an error.
    pub(crate) in_doubt: bool,
}

/// After the call that met the fault.
pub(crate) async fn after_the_fault(
    stage: &Stage,
    row: &Row,
    target: Operation,
    fault: &Fault,
    ended: &Ended<'_>,
) -> Result<()> {
    let meetings = stage.meetings(&row.id);
    ensure!(meetings.len() <= 1, "{} meetings", meetings.len());
    let untouched = ended.given.is_none() && !ended.in_doubt;
    match row.call {
        Call::Create => {
            ensure!(!untouched || meetings.is_empty(), "a meeting that nobody has to know of");
            ensure!(ended.given.is_none() || meetings.len() == 1, "told of a meeting that is not there");
        }
        Call::CreateMoved | Call::Move => {
            let meeting = one(&meetings)?;
            let (old, new) = (appointment(&row.id), moved(appointment(&row.id)));
            ensure!(is_at(meeting, &old) || is_at(meeting, &new), "at neither time: {meeting:?}");
            ensure!(!untouched || is_at(meeting, &old), "told that nothing happened, and it was moved");
            ensure!(ended.given.is_none() || is_at(meeting, &new), "told that it is moved, and it is not");
        }
        Call::Cancel | Call::CancelByAppointment => {
            ensure!(!untouched || meetings.len() == 1, "told that nothing happened, and it is gone");
            let lied_to = fault.denies_existence() && target == Operation::DeleteMeeting;
            ensure!(
                ended.given.is_none() || meetings.is_empty() || lied_to,
                "told that it is gone, and it is there"
            );
        }
        Call::Match | Call::MatchMany => {
            if let Some(Given::Outcomes(outcomes)) = ended.given {
                let first = outcomes.first().context("an outcome for each key")?;
                ensure!(
                    !matches!(first, MatchOutcome::NotFound) || fault.denies_existence(),
                    "a user who exists was told to be nobody"
                );
            }
        }
        Call::FinishConnect if ended.given.is_none() => {
            let connection = stage.own(&row.id)?.check().await;
            ensure!(connection.is_err(), "a sign-in that failed left a connection");
        }
        // The old grant is used until the new one is stored.
        Call::FinishReauthorize => {
            ensure!(checked(stage, INTEGRATION).await? == stage.connection, "another connection than before");
        }
        Call::Disconnect => {
            ensure!(ended.given.is_some(), "disconnecting needs nobody");
        }
        Call::FinishConnect | Call::Check | Call::CheckUser => {}
    }
    Ok(())
}

/// After the same call once more, without the fault.
pub(crate) async fn after_the_repetition(
    stage: &Stage,
    row: &Row,
    existed: Option<&StoredMeeting>,
    given: &Given,
) -> Result<()> {
    let meetings = stage.meetings(&row.id);
    ensure!(meetings.len() == row.call.leaves(), "{} meetings in the end", meetings.len());
    match (row.call, given) {
        (Call::Create | Call::CreateMoved | Call::Move, Given::Meeting(told)) => {
            let meeting = one(&meetings)?;
            ensure!(told.join_url == meeting.join_web_url, "told of another link than the meeting's");
            ensure!(told.created == existed.is_none(), "told the wrong thing about who made it");
            if let Some(existed) = existed {
                ensure!(existed.join_web_url == told.join_url, "another link than the first");
            }
            if let Some(before) = &row.before {
                ensure!(before.join_url == told.join_url, "a moved meeting has another link");
            }
            let wanted =
                if row.call == Call::Create { appointment(&row.id) } else { moved(appointment(&row.id)) };
            ensure!(is_at(meeting, &wanted), "not at its time");
        }
        (Call::FinishConnect, Given::Connection(connection)) => {
            ensure!(checked(stage, &row.id).await?.account == connection.account, "another account");
        }
        (Call::FinishReauthorize | Call::Check, Given::Connection(connection)) => {
            ensure!(*connection == stage.connection, "another connection than before");
        }
        (Call::Disconnect, Given::Nothing) => {
            ensure!(stage.world.kept(&row.id).await?.is_nothing(), "something is kept");
        }
        (
            Call::Cancel | Call::CancelByAppointment | Call::Match | Call::MatchMany | Call::CheckUser,
            Given::Nothing | Given::Outcomes(_) | Given::Warnings(_),
        ) => {}
        (call, given) => anyhow::bail!("{} does not give {given:?}", call.name()),
    }
    Ok(())
}

/// After a request arrived that was held up until it was repeated, and so overtaken by its repetition.
pub(crate) fn after_the_latecomer(stage: &Stage, row: &Row, target: Operation) -> Result<()> {
    let meetings = stage.meetings(&row.id);
    // Graph finds a meeting by its appointment only by making it if there is none.
    let made_again = row.call == Call::CancelByAppointment && target == Operation::CreateMeeting;
    let wanted = if made_again { 0..=1 } else { row.call.leaves()..=row.call.leaves() };
    ensure!(wanted.contains(&meetings.len()), "{} meetings after a latecomer", meetings.len());
    if matches!(row.call, Call::CreateMoved | Call::Move) {
        ensure!(is_at(one(&meetings)?, &moved(appointment(&row.id))), "a latecomer moved it back");
    }
    Ok(())
}

fn one(meetings: &[StoredMeeting]) -> Result<&StoredMeeting> {
    match meetings {
        [meeting] => Ok(meeting),
        _ => anyhow::bail!("{} meetings", meetings.len()),
    }
}

fn is_at(meeting: &StoredMeeting, request: &MeetingRequest) -> bool {
    (meeting.start.as_millisecond(), meeting.end.as_millisecond()) == (request.start, request.end)
}
