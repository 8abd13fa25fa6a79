//! Appointments that change hands, and what becomes of their meetings at Microsoft.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use end_to_end::{SESSION, setup_values};
use mock_graph::{Action, Fault, Operation, contoso};
use video_host::provider::{NextStep, Parameter};
use video_platform::{BookingError, IntegrationId, MatchField, Setup, Status};

use crate::stage::{HOUR, START, Stage, TEAMS, booking};

fn by(method: &str) -> Vec<Parameter> {
    let method = Parameter { name: "method".to_owned(), value: method.to_owned() };
    [setup_values(contoso::TENANT_ID), vec![method]].concat()
}

fn by_policy() -> Vec<Parameter> {
    by("access-policy")
}

/// An administrator consents to what was begun, and a policy covers all staff.
async fn consent(stage: &Stage, step: NextStep) -> Result<()> {
    let NextStep::Visit(url) = step else { bail!("an administrator has to consent") };
    let parameters = stage.world.sign_in(&url, contoso::ADMINISTRATOR).await?;
    stage.platform.finish_callback(SESSION, parameters).await?;
    let directory = stage.world.microsoft.directory();
    directory.grant_access_policy(contoso::CLIENT_ID, contoso::TENANT_ID, None)?;
    stage.world.advance(Duration::from_mins(31));
    Ok(())
}

/// An integration on which staff organise their own meetings, with the adviser and the administrator.
async fn where_staff_organise() -> Result<(Stage, IntegrationId)> {
    let stage = Stage::start().await?;
    let setup = Setup { match_field: MatchField::Email, values: by_policy() };
    let (id, step) = stage.platform.start_connect(TEAMS, setup, SESSION, contoso::REDIRECT_URI).await?;
    consent(&stage, step).await?;
    stage.import_and_match(&id).await?;
    stage.world.microsoft.journal().clear();
    Ok((stage, id))
}

fn operations(stage: &Stage) -> Vec<Operation> {
    let journal = stage.world.microsoft.journal();
    let requests = journal.requests();
    let operations = requests.iter().map(|request| request.operation);
    let operations = operations.filter(|operation| *operation != Operation::Token).collect();
    journal.clear();
    operations
}

#[tokio::test]
async fn the_service_accounts_meeting_stays_and_only_who_takes_part_changes() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let booked = stage.platform.book(&booking("a", "adele")).await?;
    operations(&stage);
    let done = stage.platform.reassign("a", "mod").await?;
    assert_eq!(operations(&stage), [Operation::UpdateMeeting], "one request");
    assert_eq!((done.link_changed, &done.appointment.link), (false, &booked.link));
    let [meeting] = &stage.world.microsoft.meetings()[..] else { bail!("not one meeting") };
    assert_eq!(Some(&meeting.id), booked.meeting_id.as_ref());
    let [host, customer] = &meeting.attendees[..] else { bail!("{meeting:?}") };
    assert_eq!(host.user_id.as_deref(), Some(contoso::ADMINISTRATOR_ID));
    assert_eq!(host.role.as_deref(), Some("coorganizer"));
    assert_eq!(customer.upn.as_deref(), Some("customer@example.com"));
    Ok(())
}

#[tokio::test]
async fn a_staff_members_own_meeting_is_replaced_by_one_of_the_other_and_deleted() -> Result<()> {
    let (stage, _) = where_staff_organise().await?;
    let booked = stage.platform.book(&booking("a", "adele")).await?;
    assert_eq!(booked.organizer_id.as_deref(), Some(contoso::ADVISER_ID));
    operations(&stage);
    let done = stage.platform.reassign("a", "mod").await?;
    assert_eq!(operations(&stage), [Operation::CreateMeeting, Operation::DeleteMeeting]);
    assert!(done.link_changed);
    assert_ne!(done.appointment.link, booked.link);
    assert!(done.appointment.note.is_some_and(|note| note.contains("link has changed")));
    let [meeting] = &stage.world.microsoft.meetings()[..] else { bail!("not one meeting") };
    assert_eq!(meeting.organizer, contoso::ADMINISTRATOR_ID);
    assert_eq!(Some(&meeting.join_web_url), done.appointment.link.as_ref());
    Ok(())
}

#[tokio::test]
async fn answers_that_are_lost_while_it_changes_hands_leave_one_meeting() -> Result<()> {
    let (stage, _) = where_staff_organise().await?;
    let faults = stage.world.microsoft.faults();
    stage.platform.book(&booking("a", "adele")).await?;
    let mut staff = ["mod", "adele"].into_iter().cycle();
    for operation in [Operation::CreateMeeting, Operation::DeleteMeeting] {
        for action in [Action::DropBefore, Action::DropAfter, Action::StatusAfter { status: 504 }] {
            let next = staff.next().context("staff without end")?;
            faults.inject(Fault::once(operation, action.clone()));
            match (operation, stage.platform.reassign("a", next).await) {
                (Operation::CreateMeeting, Err(BookingError::Waiting { .. })) => {
                    assert_eq!(stage.appointment("a").await?.status, Status::Reassigning);
                }
                // The appointment has its meeting; the one before is ended later.
                (Operation::DeleteMeeting, Ok(done)) => assert!(done.link_changed),
                other => bail!("{action:?}: {other:?}"),
            }
            let restarted = stage.restarted().await?;
            assert_eq!(restarted.resume().await?.finished, ["a"], "{operation:?} {action:?}");
            let now = stage.appointment("a").await?;
            assert_eq!((now.status, now.staff.as_str()), (Status::Booked, next));
            let [meeting] = &stage.world.microsoft.meetings()[..] else { bail!("{operation:?} {action:?}") };
            assert_eq!(Some(&meeting.join_web_url), now.link.as_ref());
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_booked_appointment_keeps_its_link_whoever_organises_from_now_on() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let booked = stage.platform.book(&booking("a", "adele")).await?;
    let step = stage.platform.start_reauthorize(&id, by_policy(), SESSION, contoso::REDIRECT_URI).await?;
    consent(&stage, step).await?;
    assert_eq!(stage.platform.book(&booking("a", "adele")).await?.link, booked.link);
    let moved = stage.platform.move_appointment("a", START + HOUR, START + 2 * HOUR).await?;
    assert_eq!((&moved.link, &moved.organizer_id), (&booked.link, &booked.organizer_id));
    // The meeting is still the service account's, which the policy covers.
    let done = stage.platform.reassign("a", "mod").await?;
    assert_eq!((done.link_changed, &done.appointment.link), (false, &booked.link));

    let own = stage.platform.book(&booking("b", "adele")).await?;
    assert_eq!(own.organizer_id.as_deref(), Some(contoso::ADVISER_ID));
    let back = by("service-account");
    let step = stage.platform.start_reauthorize(&id, back, SESSION, contoso::REDIRECT_URI).await?;
    let NextStep::Visit(url) = step else { bail!("the account has to sign in") };
    let parameters = stage.world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?;
    stage.platform.finish_callback(SESSION, parameters).await?;
    assert_eq!(stage.platform.book(&booking("b", "adele")).await?, own);
    let refused = stage.platform.move_appointment("b", START + HOUR, START + 2 * HOUR).await.err();
    assert!(matches!(refused, Some(BookingError::Refused { .. })), "{refused:?}");
    let now = stage.appointment("b").await?;
    assert_eq!((now.status, now.start, &now.link), (Status::Booked, START, &own.link));

    // Handed over it gets a meeting of the service account; the adviser's is beyond its reach.
    let done = stage.platform.reassign("b", "mod").await?;
    assert!(done.link_changed);
    assert_eq!(done.appointment.organizer_id.as_deref(), Some(contoso::SERVICE_ACCOUNT_ID));
    let note = done.appointment.note.context("what became of the other meeting is told")?;
    assert!(note.contains("could not be ended") && note.contains(contoso::ADVISER_ID), "{note}");
    Ok(())
}

#[tokio::test]
async fn a_moved_appointment_has_the_link_of_the_meeting_that_was_made_before_its_answer_was_lost()
-> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let faults = stage.world.microsoft.faults();
    faults.inject(Fault::once(Operation::CreateMeeting, Action::DropAfter));
    stage.platform.book(&booking("a", "adele")).await.err().context("the answer was lost")?;
    let [made] = &stage.world.microsoft.meetings()[..] else { bail!("not one meeting") };
    operations(&stage);
    let (start, end) = (START + 24 * HOUR, START + 25 * HOUR);
    let moved = stage.platform.move_appointment("a", start, end).await?;
    assert_eq!(operations(&stage), [Operation::CreateMeeting, Operation::UpdateMeeting]);
    assert_eq!((moved.status, moved.link.as_ref()), (Status::Booked, Some(&made.join_web_url)));
    let [meeting] = &stage.world.microsoft.meetings()[..] else { bail!("not one meeting") };
    assert_eq!((meeting.start.as_millisecond(), meeting.end.as_millisecond()), (start, end));
    assert_eq!(meeting.id, made.id);
    Ok(())
}
