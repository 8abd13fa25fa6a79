//! The audit log: who did what, to what, when, and how it ended.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use video_host::provider::{Parameter, SetupField, SetupKind};
use video_platform::{
    ActingError, Action, Actor, AuditEntry, AuditFilter, AuditOutcome, IntegrationId, MatchField,
    MeetingMethod, Role, Selection, Setup, StaffFilter, StaffMember,
};

use crate::script::{Stage, refused, request, scripted, service};

fn member(id: &str, role: Role) -> Actor {
    let (name, email, user_name) = (format!("Name of {id}"), String::new(), String::new());
    Actor::member(&StaffMember { id: id.to_owned(), name, email, user_name, role })
}

fn administrator() -> Actor {
    member("ada", Role::Administrator)
}

async fn log(stage: &Stage) -> anyhow::Result<Vec<AuditEntry>> {
    Ok(stage.platform.audit(&AuditFilter::default(), None, 500).await?.entries)
}

/// A row as one line, without its time.
fn line(row: &AuditEntry) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    format!(
        "{} {} {} {} [{} > {}] {}",
        row.actor.name(),
        row.action.word(),
        text(&row.subject),
        row.outcome.word(),
        text(&row.from),
        text(&row.to),
        text(&row.message),
    )
}

#[tokio::test]
async fn each_change_tells_who_what_to_what_when_and_from_what_to_what() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    let ada = stage.platform.acting_as(administrator());
    let began = stage.now();
    ada.enable_video("ann", false).await?;
    ada.rename_integration(&id, " Video of Contoso ").await?;
    ada.set_match_field(&id, MatchField::UserName).await?;
    ada.put_service(&service("advice", &[MeetingMethod::Phone])).await?;
    ada.assign("advice", "ann", false).await?;
    let filter = StaffFilter { search: "ann".to_owned(), enabled: Some(false), matched: None };
    ada.enable_video_for(&id, &Selection::Filter(filter), true).await?;
    ada.choose_integration("ann", Some(&id)).await?;
    let rows: Vec<_> = log(&stage).await?.iter().rev().map(line).collect();
    assert_eq!(
        rows,
        [
            "Name of ada video.enable ann done [on > off] -".to_owned(),
            format!("Name of ada integration.rename {id} done [Microsoft Teams > Video of Contoso] -"),
            format!("Name of ada integration.set-match-field {id} done [e-mail > user name] -"),
            "Name of ada service.put advice done [advice: In Person, Phone, Video Call > advice: Phone] -"
                .to_owned(),
            "Name of ada service.assign advice done [- > ann not assigned] -".to_owned(),
            format!(
                "Name of ada video.enable-many {id} done [- > on for all staff with video off found by `ann`: \
                 1 changed] -"
            ),
            format!("Name of ada video.choose-integration ann done [the default > {id}] -"),
        ]
    );
    for row in log(&stage).await? {
        assert!((began..=stage.now()).contains(&row.at));
        assert_eq!(row.actor, administrator());
    }
    Ok(())
}

#[tokio::test]
async fn what_did_not_work_is_in_the_log_with_its_reason() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    scripted(&stage.script.creates, [Err(refused("No policy allows it."))]);
    let error = stage.platform.acting_as(administrator()).book(&request("a", "ann")).await.unwrap_err();
    assert!(matches!(error, ActingError::Failed(_)), "{error}");
    let rows = log(&stage).await?;
    assert_eq!((rows.len(), rows[0].outcome), (1, AuditOutcome::Failed));
    assert_eq!(rows[0].message, Some(error.to_string()));
    Ok(())
}

#[tokio::test]
async fn what_was_under_way_when_the_process_died_is_in_the_log() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    let held = stage.script.hold_creates();
    let platform = stage.platform.clone();
    let booking = tokio::spawn(async move {
        platform.acting_as(administrator()).book(&request("a", "ann")).await.map(drop).map_err(drop)
    });
    held.reached().await;
    booking.abort();
    assert!(booking.await.unwrap_err().is_cancelled());
    let restarted = stage.restarted().await?;
    let rows = restarted.audit(&AuditFilter::default(), None, 9).await?.entries;
    assert_eq!((rows.len(), rows[0].action, rows[0].outcome), (1, Action::Book, AuditOutcome::Begun));
    assert_eq!(rows[0].subject.as_deref(), Some("a"));
    Ok(())
}

#[tokio::test]
async fn nothing_is_done_that_cannot_be_logged() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    stage.lose("audit").await?;
    let ada = stage.platform.acting_as(administrator());
    assert!(matches!(ada.disconnect(&id).await, Err(ActingError::Audit(_))));
    assert!(matches!(ada.book(&request("a", "ann")).await, Err(ActingError::Audit(_))));
    let bob = stage.platform.acting_as(member("bob", Role::Staff));
    assert!(matches!(bob.disconnect(&id).await, Err(ActingError::Audit(_))));
    assert!(stage.script.take_calls().is_empty());
    assert!(stage.platform.integration(&id).await?.unwrap().state.is_live());
    assert_eq!(stage.platform.appointment("a").await?, None);
    Ok(())
}

#[tokio::test]
async fn pages_go_on_where_the_one_before_ended_while_rows_are_added_and_filters_hold_on_all()
-> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann", "bob"]).await?;
    let ada = stage.platform.acting_as(administrator());
    for turn in 0..7 {
        ada.enable_video(if turn % 2 == 0 { "ann" } else { "bob" }, turn % 3 == 0).await?;
    }
    let filter = AuditFilter { subject: Some("ann".to_owned()), ..AuditFilter::default() };
    let first = stage.platform.audit(&filter, None, 3).await?;
    ada.enable_video("ann", true).await?;
    let second = stage.platform.audit(&filter, first.next, 3).await?;
    let ids: Vec<_> = first.entries.iter().chain(&second.entries).map(|row| row.id).collect();
    assert_eq!(ids, [7, 5, 3, 1]);
    assert_eq!((first.next, second.next), (Some(3), None));

    stage.platform.acting_as(member("bob", Role::Staff)).enable_video("bob", true).await.unwrap_err();
    let count =
        async |filter: AuditFilter| anyhow::Ok(stage.platform.audit(&filter, None, 100).await?.entries.len());
    let all = AuditFilter::default;
    assert_eq!(count(AuditFilter { outcome: Some(AuditOutcome::Refused), ..all() }).await?, 1);
    assert_eq!(count(AuditFilter { actor: Some("bob".to_owned()), ..all() }).await?, 1);
    assert_eq!(count(AuditFilter { action: Some(Action::EnableVideo), ..all() }).await?, 9);
    assert_eq!(count(AuditFilter { action: Some(Action::Disconnect), ..all() }).await?, 0);
    assert_eq!(count(AuditFilter { until: Some(0), ..all() }).await?, 0);
    assert_eq!(count(AuditFilter { from: Some(0), ..all() }).await?, 9);
    Ok(())
}

/// Sessions, answers of sign-ins and what was typed: nothing of that is anybody's to read later.
const SECRETS: [&str; 4] = ["session-4711", "code-4711", "state-4711", "typed-4711"];

#[derive(Debug, Clone, Copy)]
enum Deed {
    Enable(bool),
    Rename,
    BadRename,
    Connect,
    Callback,
    Book(u8),
    Cancel(u8),
    Assign(bool),
    BadAssign,
    SignIn,
}

fn deed() -> impl Strategy<Value = (Deed, u8)> {
    let deed = prop_oneof![
        any::<bool>().prop_map(Deed::Enable),
        Just(Deed::Rename),
        Just(Deed::BadRename),
        Just(Deed::Connect),
        Just(Deed::Callback),
        (0..3_u8).prop_map(Deed::Book),
        (0..3_u8).prop_map(Deed::Cancel),
        any::<bool>().prop_map(Deed::Assign),
        Just(Deed::BadAssign),
        Just(Deed::SignIn),
    ];
    (deed, 0..5_u8)
}

fn who(number: u8) -> Actor {
    match number {
        0 => administrator(),
        1 => member("sue", Role::Scheduler),
        2 => member("ann", Role::Staff),
        3 => Actor::client("Clara"),
        _ => Actor::nobody(),
    }
}

fn outcome<T, E: std::error::Error>(answer: Result<T, ActingError<E>>) -> AuditOutcome {
    match answer {
        Ok(_) => AuditOutcome::Done,
        Err(ActingError::NotAllowed(_)) => AuditOutcome::Refused,
        Err(ActingError::Failed(_)) => AuditOutcome::Failed,
        Err(ActingError::Audit(error)) => panic!("{error}"),
    }
}

async fn go(stage: &Stage, id: &IntegrationId, deed: Deed, actor: Actor) -> (Action, AuditOutcome) {
    let acting = stage.platform.acting_as(actor);
    let parameter = |name: &str, value: &str| Parameter { name: name.to_owned(), value: value.to_owned() };
    match deed {
        Deed::Enable(on) => (Action::EnableVideo, outcome(acting.enable_video("ann", on).await)),
        Deed::Rename => (Action::Rename, outcome(acting.rename_integration(id, "Another").await)),
        Deed::BadRename => (Action::Rename, outcome(acting.rename_integration(id, " ").await)),
        Deed::Connect => {
            let setup =
                Setup { match_field: MatchField::Email, values: vec![parameter("field", SECRETS[3])] };
            let answer = acting.start_connect("microsoft-teams", setup, SECRETS[0], "https://p").await;
            (Action::Connect, outcome(answer))
        }
        Deed::Callback => {
            let parameters = vec![parameter("state", SECRETS[2]), parameter("code", SECRETS[1])];
            (Action::FinishSignIn, outcome(acting.finish_callback(SECRETS[0], parameters).await))
        }
        Deed::Book(number) => {
            (Action::Book, outcome(acting.book(&request(&format!("a{number}"), "ann")).await))
        }
        Deed::Cancel(number) => (Action::Cancel, outcome(acting.cancel(&format!("a{number}")).await)),
        Deed::Assign(on) => (Action::Assign, outcome(acting.assign("advice", "ann", on).await)),
        Deed::BadAssign => (Action::Assign, outcome(acting.assign("no such", "ann", true).await)),
        Deed::SignIn => (Action::SignIn, outcome(acting.signed_in().await)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_do_each_deed_has_one_row_with_who_and_how_it_ended_and_no_secret(
        deeds in prop::collection::vec(deed(), 1..20)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (stage, id) = Stage::with_staff(&["ann"]).await.unwrap();
            stage.script.description.lock().unwrap().setup = vec![SetupField {
                name: "field".to_owned(),
                label: "Field".to_owned(),
                help: String::new(),
                required: true,
                asked_again: true,
                kind: SetupKind::Text(100),
            }];
            let mut expected = Vec::new();
            for (deed, number) in deeds {
                let (action, outcome) = go(&stage, &id, deed, who(number)).await;
                expected.push((who(number), action, outcome));
            }
            let mut rows = log(&stage).await.unwrap();
            rows.reverse();
            let told: Vec<_> =
                rows.iter().map(|row| (row.actor.clone(), row.action, row.outcome)).collect();
            prop_assert_eq!(told, expected);
            prop_assert!(rows.is_sorted_by(|one, next| one.id < next.id && one.at <= next.at));
            let dump = format!("{rows:?}");
            prop_assert!(SECRETS.iter().all(|secret| !dump.contains(secret)), "{}", dump);
            for row in &rows {
                let told = row.message.as_ref().is_some_and(|message| !message.is_empty());
                prop_assert_eq!(told, row.outcome != AuditOutcome::Done);
            }
            Ok::<_, TestCaseError>(())
        })?;
    }
}
