//! Who may what: every method of the front door, for everybody who may less.

use std::error::Error;
use std::fmt::Write as _;

use video_host::provider::Parameter;
use video_platform::{
    Acting, ActingError, Action, Actor, ActorKind, AuditFilter, AuditOutcome, BookingRequest, Channel,
    DashboardQuery, Entitlement, IntegrationId, JobId, MatchField, MeetingMethod, MeetingOptions, NotAllowed,
    ReconcileOptions, Role, ScheduleQuery, Selection, Setup, StaffFilter, StaffMember, StaffQuery, Way,
};

use crate::script::{Scripted, Stage, request, service};

fn record(id: &str, role: Role) -> StaffMember {
    let name = format!("{id} {}", role.label());
    StaffMember { id: id.to_owned(), name, email: String::new(), user_name: String::new(), role }
}

fn member(id: &str, role: Role) -> Actor {
    Actor::member(&record(id, role))
}

/// `ann` is staff, and so is `bob`.
fn actor(kind: ActorKind) -> Actor {
    match kind {
        ActorKind::Nobody => Actor::nobody(),
        ActorKind::Client => Actor::client("Clara Client"),
        ActorKind::Staff => member("ann", Role::Staff),
        ActorKind::Scheduler => member("sue", Role::Scheduler),
        ActorKind::Administrator => member("ada", Role::Administrator),
        ActorKind::System => Actor::system(),
    }
}

fn refusal<T, E: Error>(answer: Result<T, ActingError<E>>) -> Option<NotAllowed> {
    match answer {
        Err(ActingError::NotAllowed(refusal)) => Some(refusal),
        _ => None,
    }
}

fn setup() -> Setup {
    Setup { match_field: MatchField::Email, values: vec![] }
}

fn callback() -> Vec<Parameter> {
    vec![Parameter { name: "state".to_owned(), value: "of nobody".to_owned() }]
}

/// Calls every method that stands for an action, on what is `owner`'s where it is somebody's. The compiler
/// asks for the row of a new action.
async fn attempt(
    acting: &Acting<'_, Scripted>,
    action: Action,
    id: &IntegrationId,
    owner: &str,
) -> Vec<Option<NotAllowed>> {
    let filter = Selection::Filter(StaffFilter::default());
    let options = MeetingOptions::new();
    let advice = service("advice", &MeetingMethod::ALL);
    let schedule = ScheduleQuery { from: 0, until: 9_000, staff: Some(owner.to_owned()), limit: 9 };
    let booking = format!("of {owner}");
    let booking = booking.as_str();
    let job = JobId::from("of nobody".to_owned());
    match action {
        Action::SignIn => vec![refusal(acting.signed_in().await)],
        Action::SignOut => vec![refusal(acting.signed_out().await)],
        Action::SeeIntegrations => vec![
            refusal(acting.integrations().await),
            refusal(acting.integration(id).await),
            refusal(acting.choices(id).await),
            refusal(acting.meeting_options(id).await),
            refusal(acting.meetings_this_month(id).await),
            refusal(acting.events(0).await),
            refusal(acting.subscribe().await),
            refusal(acting.entitled(Entitlement::MultipleIntegrations).await),
        ],
        Action::Check => vec![refusal(acting.check(id).await)],
        Action::Connect => {
            vec![refusal(acting.start_connect("microsoft-teams", setup(), "s", "https://p").await)]
        }
        Action::Reauthorize => vec![refusal(acting.start_reauthorize(id, vec![], "s", "https://p").await)],
        Action::FinishSignIn => vec![refusal(acting.finish_callback("s", callback()).await)],
        Action::Disconnect => vec![refusal(acting.disconnect(id).await)],
        Action::SetDefault => vec![refusal(acting.set_default(id).await)],
        Action::Rename => vec![refusal(acting.rename_integration(id, "Another").await)],
        Action::SetMatchField => vec![refusal(acting.set_match_field(id, MatchField::UserName).await)],
        Action::SetMeetingOptions => vec![refusal(acting.set_meeting_options(id, &options).await)],
        Action::SetEntitlement => {
            vec![refusal(acting.set_entitlement(Entitlement::MultipleIntegrations, true).await)]
        }
        Action::SeeDashboard => vec![
            refusal(acting.dashboard(id, &DashboardQuery::default()).await),
            refusal(acting.matches(id, None, 9).await),
            refusal(acting.plan_rematch(id).await),
            refusal(acting.running_rematch(id).await),
            refusal(acting.rematch_progress(&job).await),
            refusal(acting.watch_rematch(&job).await),
        ],
        Action::EnableVideo => vec![refusal(acting.enable_video(owner, false).await)],
        Action::EnableVideoForMany => vec![refusal(acting.enable_video_for(id, &filter, false).await)],
        Action::ChooseIntegration => vec![refusal(acting.choose_integration(owner, Some(id)).await)],
        Action::CheckStaff => vec![refusal(acting.check_staff(owner).await)],
        Action::Rematch => vec![
            refusal(Box::pin(acting.rematch(id, |_| {})).await),
            refusal(acting.start_rematch(id).await),
            refusal(acting.start_rematch_by(id, Way::Keys).await),
        ],
        Action::CancelRematch => vec![refusal(acting.cancel_rematch(&job).await)],
        Action::RematchOne => vec![refusal(acting.rematch_one(owner).await)],
        Action::ImportStaff => {
            vec![refusal(acting.import_staff(&b"id,name,email,user_name\nnew,,,\n"[..]).await)]
        }
        Action::PutStaff => vec![refusal(acting.put_staff(record("new", Role::Staff)).await)],
        Action::ListStaff => vec![refusal(acting.staff_list(&StaffQuery::default()).await)],
        Action::SeeStaff => vec![
            refusal(acting.staff_member(owner).await),
            refusal(acting.video_settings(owner).await),
            refusal(acting.services_of(owner).await),
        ],
        Action::SeeServices => vec![
            refusal(acting.services().await),
            refusal(acting.service("advice").await),
            refusal(acting.staff_of_service("advice", None, 9).await),
            refusal(acting.check_booking("advice", owner, MeetingMethod::Phone).await),
        ],
        Action::PutService => vec![refusal(acting.put_service(&advice).await)],
        Action::Assign => vec![refusal(acting.assign("advice", owner, true).await)],
        Action::SeeAppointments => {
            vec![refusal(acting.appointment(booking).await), refusal(acting.schedule(&schedule).await)]
        }
        Action::SeeClient => vec![refusal(acting.appointments_of_client("clara@example.com", 9).await)],
        Action::Book => vec![refusal(acting.book(&request("another", owner)).await)],
        Action::Move => vec![refusal(acting.move_appointment(booking, 5_000, 6_000).await)],
        Action::Reassign => vec![refusal(acting.reassign(booking, "ann").await)],
        Action::Cancel => vec![refusal(acting.cancel(booking).await)],
        Action::Reconcile => vec![refusal(acting.reconcile(&ReconcileOptions::default(), |_| {}).await)],
        Action::ReadAudit => vec![refusal(acting.audit(&AuditFilter::default(), None, 9).await)],
    }
}

/// Ann and Bob, each with an appointment.
async fn set() -> anyhow::Result<(Stage, IntegrationId)> {
    let (stage, id) = Stage::with_staff(&["ann", "bob"]).await?;
    for staff in ["ann", "bob"] {
        stage.platform.book(&request(&format!("of {staff}"), staff)).await?;
    }
    stage.script.take_calls();
    Ok((stage, id))
}

/// All that could have been changed.
async fn everything(stage: &Stage, id: &IntegrationId) -> anyhow::Result<String> {
    let platform = &stage.platform;
    let mut told = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        platform.integrations().await?,
        platform.meeting_options(id).await?,
        platform.services().await?,
        platform.dashboard(id, &DashboardQuery::default()).await?,
        platform.entitled(Entitlement::MultipleIntegrations).await?,
    );
    for staff in ["ann", "bob"] {
        let services = platform.services_of(staff).await?;
        let appointments = platform.appointments_of(staff, 0, i64::MAX).await?;
        write!(told, "{services:?} {appointments:?}")?;
    }
    Ok(told)
}

#[tokio::test]
async fn whoever_may_less_than_an_action_needs_is_refused_by_each_of_its_methods_and_that_is_logged()
-> anyhow::Result<()> {
    let (stage, id) = set().await?;
    let before = everything(&stage, &id).await?;
    let mut tried = 0;
    for &action in Action::ALL {
        for kind in ActorKind::ALL.into_iter().filter(|kind| *kind < action.needs()) {
            let acting = stage.platform.acting_as(actor(kind));
            assert!(!acting.allows(action));
            let answers = Box::pin(attempt(&acting, action, &id, "ann")).await;
            let filter = AuditFilter { action: Some(action), ..AuditFilter::default() };
            let log = stage.platform.audit(&filter, None, 100).await?.entries;
            for (place, answer) in answers.iter().enumerate() {
                let refusal = answer.as_ref().unwrap_or_else(|| panic!("{kind:?} may {action:?} ({place})"));
                assert_eq!((refusal.action, refusal.needs), (action, action.needs()));
                let row = &log[place];
                assert_eq!(row.outcome, AuditOutcome::Refused, "{action:?} by {kind:?}");
                assert_eq!((row.actor.clone(), row.action), (actor(kind), action));
                assert_eq!(row.message, Some(refusal.to_string()));
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
    assert!(stage.script.take_calls().is_empty(), "no provider is asked for who may not");
    assert_eq!(everything(&stage, &id).await?, before);
    Ok(())
}

#[tokio::test]
async fn the_least_who_may_are_never_refused_what_is_their_own() -> anyhow::Result<()> {
    for &action in Action::ALL {
        let (stage, id) = set().await?;
        let acting = stage.platform.acting_as(actor(action.needs()));
        let answers = Box::pin(attempt(&acting, action, &id, "ann")).await;
        assert!(answers.iter().all(Option::is_none), "{action:?}: {answers:?}");
    }
    Ok(())
}

#[tokio::test]
async fn staff_are_refused_what_is_somebody_elses_and_schedulers_are_not() -> anyhow::Result<()> {
    let own = [Action::SeeStaff, Action::SeeAppointments, Action::Book, Action::Move, Action::Cancel];
    let (stage, id) = set().await?;
    let before = everything(&stage, &id).await?;
    for action in own {
        let ann = stage.platform.acting_as(actor(ActorKind::Staff));
        let answers = Box::pin(attempt(&ann, action, &id, "bob")).await;
        assert!(answers.iter().all(Option::is_some), "{action:?}");
    }
    let ann = stage.platform.acting_as(actor(ActorKind::Staff));
    let everybody = ScheduleQuery { from: 0, until: 9_000, staff: None, limit: 9 };
    assert!(refusal(ann.schedule(&everybody).await).is_some());
    // Whether there is such an appointment is nothing that she is told.
    assert!(refusal(ann.cancel("of nobody").await).is_some());
    assert_eq!(everything(&stage, &id).await?, before);
    for action in own {
        let sue = stage.platform.acting_as(actor(ActorKind::Scheduler));
        let answers = Box::pin(attempt(&sue, action, &id, "bob")).await;
        assert!(answers.iter().all(Option::is_none), "{action:?}");
    }
    Ok(())
}

#[tokio::test]
async fn clients_book_in_the_client_view_only_and_see_no_addresses_of_staff() -> anyhow::Result<()> {
    let (stage, _) = set().await?;
    let clara = stage.platform.acting_as(actor(ActorKind::Client));
    for channel in [Channel::Schedule, Channel::ContactCenter] {
        let asked = BookingRequest { channel, ..request("c", "ann") };
        assert!(refusal(clara.book(&asked).await).is_some(), "{channel:?}");
    }
    assert!(clara.book(&request("c", "ann")).await?.link.is_some());
    // Sent twice, it is the same appointment; under somebody else's id it is nobody's to see.
    assert!(clara.book(&request("c", "ann")).await?.link.is_some());
    let other = BookingRequest { client_email: "mallory@example.com".to_owned(), ..request("c", "ann") };
    assert!(refusal(clara.book(&other).await).is_some());
    let offered = clara.staff_of_service("advice", None, 9).await?;
    assert_eq!(offered.len(), 2);
    assert!(offered.iter().all(|one| one.email.is_empty() && one.user_name.is_empty()));
    Ok(())
}

#[tokio::test]
async fn a_role_that_was_taken_away_is_gone_with_the_next_request() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let import = async |role: &str| {
        let file = format!("id,name,email,user_name,role\nada,Ada,,,{role}\n");
        stage.platform.import_staff(file.as_bytes()).await
    };
    for (role, kind) in [
        ("administrator", ActorKind::Administrator),
        ("scheduler", ActorKind::Scheduler),
        ("staff", ActorKind::Staff),
    ] {
        import(role).await?;
        assert_eq!(stage.platform.actor("ada").await?.unwrap().kind(), kind);
    }
    assert_eq!(stage.platform.actor("nobody").await?, None);
    Ok(())
}

#[test]
fn a_refusal_tells_the_rule_who_it_met_and_whom_to_ask() {
    let told =
        |action: Action, kind| NotAllowed { action, needs: action.needs(), actor: actor(kind) }.to_string();
    assert_eq!(
        told(Action::Disconnect, ActorKind::Scheduler),
        "Only administrators see and change settings, and sue scheduler is a scheduler. Ask an administrator."
    );
    assert_eq!(
        told(Action::ReadAudit, ActorKind::Nobody),
        "Only administrators read the audit log. Sign in first."
    );
    assert_eq!(
        told(Action::Cancel, ActorKind::Staff),
        "Staff see and change what is their own, and schedulers everybody's, and ann staff member is a staff \
         member. Ask a scheduler."
    );
    assert_eq!(
        told(Action::SetEntitlement, ActorKind::Administrator),
        "Only the platform's operator changes what the organisation is entitled to, and ada administrator is \
         an administrator. Ask the operator."
    );
}
