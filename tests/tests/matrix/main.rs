//! Every call of the contract under every fault that the stand-in can make of each of its requests, for
//! both methods: what the caller is told, what the next call says, and how many meetings there are.
//!
//! What must hold always is in `laws`, and fails by itself. The words are in the snapshots, for people.

mod call;
mod fault;
mod laws;
mod stage;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use call::{Call, Given, Row, distinct};
use end_to_end::{INTEGRATION, Method};
use fault::Fault;
use laws::Ended;
use mock_graph::Operation;
use stage::{InForce, Stage};
use table::{Outcome, Part};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};
use video_host::{AuthorizationError, CallError, Failure};

/// Worlds at once: those whose callers run out of patience need no processor.
const WORLDS: usize = 12;

#[tokio::test]
async fn a_service_accounts_calls_leave_what_they_should_and_tell_the_truth_under_every_fault() -> Result<()>
{
    table(Method::ServiceAccount).await
}

#[tokio::test]
async fn calls_within_an_access_policy_leave_what_they_should_and_tell_the_truth_under_every_fault()
-> Result<()> {
    table(Method::AccessPolicy).await
}

/// All rows of a method, some worlds at a time, against the snapshots.
async fn table(method: Method) -> Result<()> {
    let places = Arc::new(Semaphore::new(WORLDS));
    // The stand-in's browser stays on its thread; the methods have one each.
    let here = LocalSet::new();
    let parts = here.run_until(async move {
        let mut worlds = JoinSet::new();
        for (place, call) in Call::ALL.into_iter().enumerate() {
            for impatient in [false, true] {
                let places = places.clone();
                worlds.spawn_local(async move {
                    let _place = places.acquire().await?;
                    let part = rows(method, call, impatient).await.context(call.name())?;
                    anyhow::Ok(((place, impatient), part))
                });
            }
        }
        let mut parts = BTreeMap::new();
        while let Some(part) = worlds.join_next().await {
            let (place, part) = part??;
            parts.insert(place, part);
        }
        anyhow::Ok(parts)
    });
    let mut parts = parts.await?.into_values();
    let (mut text, mut sentences) = (String::new(), BTreeSet::new());
    while let (Some(mut patient), Some(impatient)) = (parts.next(), parts.next()) {
        for ((_, rows), (_, more)) in patient.requests.iter_mut().zip(impatient.requests) {
            rows.extend(more);
        }
        sentences.extend(patient.sentences.iter().cloned().chain(impatient.sentences));
        text.push_str(&patient.shown());
        text.push('\n');
    }
    insta::assert_snapshot!(method.name(), text);
    let sentences: Vec<_> = sentences.into_iter().collect();
    insta::assert_snapshot!(format!("{}-sentences", method.name()), sentences.join("\n"));
    Ok(())
}

#[tokio::test]
async fn a_create_costs_one_call_to_microsoft_on_the_connection_that_is_open() -> Result<()> {
    for method in Method::ALL {
        let stage = Stage::connected(method, false).await?;
        let world = &stage.world;
        stage.teams.create_meeting(&stage::appointment("first")).await?;
        stage.received();
        let (traffic, opened) = (world.host.traffic(), world.microsoft.connections_opened());
        for n in 0..10 {
            stage.teams.create_meeting(&stage::appointment(&format!("a-{n}"))).await?;
            assert_eq!(stage.received(), [Operation::CreateMeeting], "{method:?}");
        }
        let now = world.host.traffic();
        assert_eq!(now.connections, traffic.connections, "{method:?}");
        assert!(now.bytes_out > traffic.bytes_out, "{method:?}");
        assert_eq!(world.microsoft.connections_opened(), opened, "{method:?}");
    }
    Ok(())
}

/// The rows of a call: those under faults that its caller sees the end of, or, of an impatient caller,
/// those that it does not.
async fn rows(method: Method, call: Call, impatient: bool) -> Result<Part> {
    let stage = Stage::connected(method, impatient).await?;
    // Without a fault: what the call gives, and by which requests.
    let mut row = Row::new(call, "without".to_owned());
    call.prepare(&stage, &mut row).await?;
    stage.received();
    let usual = call.make(&stage, &row).await.context("without a fault")?;
    let received = stage.received();
    let mut part = Part::default();
    let requests: Vec<_> = received.iter().map(|operation| format!("{operation:?}")).collect();
    part.heading = format!("{}: {} ({})", call.name(), usual.word(), requests.join(", "));
    let mut targets: Vec<_> = distinct(&received).into_iter().map(Some).collect();
    if targets.is_empty() {
        targets.push(None);
    }
    for target in targets {
        let mut rows = Vec::new();
        let faults = Fault::all(target.unwrap_or(Operation::Any));
        for fault in faults.into_iter().filter(|fault| fault.outlasts_the_caller() == impatient) {
            let row = Row::new(call, format!("row-{target:?}-{}", rows.len()).replace(['(', ')'], "-"));
            let at = || format!("{target:?}, {}", fault.name);
            let outcome =
                one(&stage, row, target, &fault, &usual, &mut part.sentences).await.with_context(at)?;
            rows.push((fault.name.clone(), outcome));
        }
        part.requests.push((target, rows));
    }
    Ok(part)
}

/// One row of the table.
async fn one(
    stage: &Stage,
    mut row: Row,
    target: Option<Operation>,
    fault: &Fault,
    usual: &Given,
    sentences: &mut BTreeSet<String>,
) -> Result<Outcome> {
    let call = row.call;
    call.prepare(stage, &mut row).await?;
    stage.received();
    let meets = target.unwrap_or(Operation::Any);
    let in_force = stage.inject(meets, fault);
    let first = call.make(stage, &row).await;
    ensure!(in_force.applied() == target.is_some(), "the fault met no request, or one too many");
    let error = first.as_ref().err().map(call_error).transpose()?;
    let in_doubt = error.is_some_and(CallError::may_have_taken_effect);
    let told = match (&first, error) {
        (Ok(given), _) => given.word(),
        (Err(_), Some(CallError::Failed { failure, .. })) => match failure {
            Failure::Deadline(_) => "the call's deadline".to_owned(),
            other => bail!("the plugin failed: {other}"),
        },
        (Err(_), _) => String::new(),
    };
    if let Some(error) = error {
        sentences.insert(without_identifiers(&error.to_string()));
    }
    let ended = Ended { given: first.as_ref().ok(), in_doubt };
    laws::after_the_fault(stage, &row, meets, fault, &ended).await?;
    let told = if told.is_empty() { stage.world.told(first)? } else { told };
    let existed = stage.meetings(&row.id);

    // The next call, whatever became of the first; one that was held up is still on its way.
    if !matches!(in_force, InForce::Held(_)) {
        stage.world.microsoft.faults().clear();
    }
    call.prepare(stage, &mut row).await?;
    let second = call.make(stage, &row).await.context("without the fault")?;
    laws::after_the_repetition(stage, &row, existed.first(), &second).await?;
    let as_usual = matches!(second, Given::Meeting(_)) || second.word() == usual.word();
    ensure!(as_usual, "without the fault it gives {second:?}");

    drop(in_force);
    stage.world.microsoft.faults().clear();
    stage.all_answered().await;
    laws::after_the_latecomer(stage, &row, meets)?;
    if call == Call::Create {
        let Given::Meeting(third) = call.make(stage, &row).await? else { bail!("no meeting") };
        let Given::Meeting(second) = &second else { bail!("no meeting") };
        ensure!((&third.id, &third.join_url) == (&second.id, &second.join_url), "another meeting");
    }
    if call == Call::FinishReauthorize {
        let connection = call::checked(stage, INTEGRATION).await?;
        ensure!(connection == stage.connection, "another connection than before");
    }
    Ok(Outcome { told, after: existed.len(), then: second.word(), left: stage.meetings(&row.id).len() })
}

/// The host's error of a call, or of the end of a sign-in.
fn call_error(error: &anyhow::Error) -> Result<&CallError> {
    match error.downcast_ref::<AuthorizationError>() {
        Some(AuthorizationError::Call(error)) => Ok(error),
        Some(other) => bail!("{other}"),
        None => error.downcast_ref().with_context(|| format!("no error of a call: {error:#}")),
    }
}

/// A sentence with `…` for every identifier, which is another every time, and for what the network said of
/// a connection that ended, which depends on when it did.
fn without_identifiers(sentence: &str) -> String {
    const ENDED: &str = "ended before its answer (";
    if let Some((sentence, _)) = sentence.split_once(ENDED) {
        return format!("{sentence}{ENDED}…).");
    }
    let shown = |word: &str| {
        let core = word.trim_matches(|character: char| !character.is_ascii_alphanumeric());
        if core.len() == 36 && core.matches('-').count() == 4 {
            word.replace(core, "…")
        } else {
            word.to_owned()
        }
    };
    sentence.split(' ').map(shown).collect::<Vec<_>>().join(" ")
}
