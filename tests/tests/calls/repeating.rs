//! What is repeated, what is not, and when.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use end_to_end::{appointment, listen};
use mock_graph::{Action, Operation, contoso};
use tracing_subscriber::fmt::MakeWriter;
use video_host::provider::{Error, Look, MeetingRequest};

use crate::stage::{Stage, apart, overloaded};

#[tokio::test]
async fn nobody_is_asked_before_a_retry_after_has_ended() -> Result<()> {
    let stage = Stage::start().await?;
    for (n, (action, wait)) in [
        (Action::throttled("2"), 2_000),
        (Action::throttled("2.128"), 2_128),
        (Action::throttled("0.0005"), 1),
        (overloaded("3"), 3_000),
        (overloaded("1.75"), 1_750),
    ]
    .into_iter()
    .enumerate()
    {
        stage.once(Operation::CreateMeeting, action.clone());
        stage.create(&format!("a-{n}")).await?;
        let received = stage.received(Operation::CreateMeeting);
        assert_eq!(received.len(), 2, "{action:?}");
        assert!(apart(&received) >= wait, "{action:?}: after {} ms", apart(&received));
    }
    Ok(())
}

#[tokio::test]
async fn nor_is_the_token_endpoint() -> Result<()> {
    let stage = Stage::start().await?;
    for (n, (action, wait)) in
        [(Action::throttled("2.0005"), 2_001), (overloaded("4"), 4_000)].iter().enumerate()
    {
        stage.world.advance(Duration::from_mins(61));
        stage.once(Operation::Token, action.clone());
        stage.create(&format!("a-{n}")).await?;
        let journal = stage.world.microsoft.journal();
        assert_eq!(journal.count(Operation::CreateMeeting), 1);
        let received = stage.received(Operation::Token);
        assert_eq!(received.len(), 2, "{action:?}");
        assert!(apart(&received) >= *wait, "{action:?}: after {} ms", apart(&received));
    }
    Ok(())
}

#[tokio::test]
async fn every_operation_outlives_a_fault_that_passes_and_has_its_effect_once() -> Result<()> {
    let stage = Stage::start().await?;
    let faults = || [Action::DropBefore, Action::DropAfter, Action::status(503), Action::throttled("1")];
    for (n, action) in faults().into_iter().enumerate() {
        let id = format!("a-{n}");
        stage.once(Operation::CreateMeeting, action.clone());
        let made = stage.create(&id).await?;
        assert_eq!(stage.world.microsoft.meetings().len(), 1, "{action:?}");

        stage.once(Operation::UpdateMeeting, action.clone());
        let known = appointment(&id);
        let moved = MeetingRequest {
            meeting_id: Some(made.id.clone()),
            start: known.start + 60_000,
            end: known.end + 60_000,
            ..known
        };
        assert_eq!(stage.teams.update_meeting(&moved).await?.join_url, made.join_url, "{action:?}");

        stage.once(Operation::GetUser, action.clone());
        assert_eq!(stage.teams.match_users(&[contoso::ADVISER.to_owned()], Look::Everywhere).await?.len(), 1);
        stage.once(Operation::Me, action.clone());
        stage.teams.check().await?;

        stage.once(Operation::DeleteMeeting, action.clone());
        let cancellation = video_host::provider::Cancellation {
            appointment_id: id,
            meeting_id: Some(made.id),
            organizer_id: None,
            staff: None,
        };
        stage.teams.cancel_meeting(&cancellation).await?;
        assert!(stage.world.microsoft.meetings().is_empty(), "{action:?}");
    }
    assert_eq!(stage.world.host.call_counts().retries, 20);
    Ok(())
}

#[tokio::test]
async fn what_does_not_pass_is_asked_once() -> Result<()> {
    let stage = Stage::start().await?;
    for action in [Action::status(403), Action::status(400)] {
        stage.always(Operation::CreateMeeting, action.clone());
        stage.create_in_vain("a").await?;
        assert_eq!(stage.received(Operation::CreateMeeting).len(), 1, "{action:?}");
        stage.world.microsoft.faults().clear();
    }
    stage.world.advance(Duration::from_mins(61));
    stage.always(Operation::Token, Action::Aadsts(50_173));
    let error = stage.create_in_vain("a").await?;
    assert!(matches!(error, Error::NeedsReauthorization(_)), "{error:?}");
    assert_eq!(stage.received(Operation::Token).len(), 1);
    assert_eq!(stage.world.host.call_counts().retries, 0);
    Ok(())
}

#[tokio::test]
async fn a_wait_that_would_not_end_before_the_callers_deadline_is_not_begun() -> Result<()> {
    let stage = Stage::start().await?;
    stage.once(Operation::CreateMeeting, Action::throttled("20"));
    let impatient = stage.teams.clone().within(Duration::from_secs(20));
    let before = stage.world.host.clock().elapsed();
    let error = end_to_end::contract_error(impatient.create_meeting(&appointment("a")).await)?;
    assert_eq!(error, Error::Throttled(Some(20_000)));
    assert!(stage.world.host.clock().elapsed().saturating_sub(before) < Duration::from_secs(20), "it waited");
    assert_eq!(stage.received(Operation::CreateMeeting).len(), 1);
    assert_eq!(stage.world.host.call_counts().given_up, 1);

    // With more time it is.
    stage.world.advance(Duration::from_secs(20));
    stage.once(Operation::CreateMeeting, Action::throttled("20"));
    stage.create("a").await?;
    assert_eq!(stage.received(Operation::CreateMeeting).len(), 2);
    Ok(())
}

#[tokio::test]
async fn attempts_come_to_an_end() -> Result<()> {
    let stage = Stage::start().await?;
    stage.always(Operation::CreateMeeting, Action::status(500));
    let error = stage.create_in_vain("a").await?;
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert_eq!(stage.received(Operation::CreateMeeting).len(), 5);
    Ok(())
}

#[tokio::test]
async fn an_attempt_that_may_have_taken_effect_is_not_forgotten_over_one_that_did_not() -> Result<()> {
    let stage = Stage::start().await?;
    stage.once(Operation::CreateMeeting, Action::DropAfter);
    stage.once(Operation::CreateMeeting, Action::throttled("60"));
    let Error::Unavailable(outage) = stage.create_in_vain("a").await? else { bail!("no outage") };
    assert_eq!((outage.may_have_taken_effect, outage.retry_after), (true, Some(60_000)));
    assert_eq!(stage.world.microsoft.meetings().len(), 1);
    Ok(())
}

/// What is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_repeated_call_is_told_with_its_attempt_its_wait_and_its_reason() -> Result<()> {
    let stage = Stage::start().await?;
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
    let logged = listen(subscriber);
    stage.once(Operation::CreateMeeting, Action::throttled("2"));
    stage.create("a").await?;
    drop(logged);
    let text = String::from_utf8_lossy(&lines.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned();
    let told: Vec<_> = text.lines().filter(|line| line.contains("a call is tried again")).collect();
    let [line] = told[..] else { bail!("not told once: {text}") };
    for part in ["create-meeting", "integration=contoso", "attempt=1", "wait_ms=2", "reason=\"throttled\""] {
        assert!(line.contains(part), "{part} in {line}");
    }
    let counts = stage.world.host.call_counts();
    assert_eq!((counts.retries, counts.given_up, counts.circuits_opened), (1, 0, 1));
    assert!(counts.waited_ms >= 2_000);
    Ok(())
}
