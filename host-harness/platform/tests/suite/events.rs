//! What is told about integrations, and how often.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::TryRecvError;
use video_host::provider::{Error, GrantProblem};
use video_platform::{Cause, IntegrationChange as Change, QuotaLevel, StateKind};

use crate::script::{Stage, dead, misconfigured, outage, request, scripted};

fn state(from: StateKind, to: StateKind, cause: Option<Cause>) -> Change {
    Change::State { from, to, cause }
}

#[tokio::test]
async fn each_change_is_told_once_with_what_to_do_and_can_be_read_again() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let mut told = stage.platform.subscribe();
    let id = stage.connect().await?;
    let fail = async |error: Error| {
        for _ in 0..3 {
            scripted(&stage.script.connections, [Err(error.clone())]);
            stage.platform.check(&id).await.unwrap_err();
        }
    };
    fail(outage()).await;
    fail(misconfigured("The client id is wrong.")).await;
    fail(dead()).await;
    stage.platform.check(&id).await?;
    stage.platform.check(&id).await?;
    stage.platform.disconnect(&id).await?;
    stage.platform.disconnect(&id).await?;

    let events = stage.platform.events(0).await?;
    let changes: Vec<_> = events.iter().map(|event| event.change.clone()).collect();
    let [_, _, misconfigured, died, ..] = &events[..] else { anyhow::bail!("{events:?}") };
    let Change::State { cause: unknown_client, .. } = misconfigured.change else {
        anyhow::bail!("{events:?}")
    };
    assert!(matches!(unknown_client, Some(Cause::Misconfiguration(_))));
    let password = Some(Cause::Grant(GrantProblem::PasswordChanged));
    assert_eq!(
        changes,
        [
            state(StateKind::Pending, StateKind::Connected, None),
            Change::Unavailable { until: None },
            state(StateKind::Connected, StateKind::Misconfigured, unknown_client),
            state(StateKind::Misconfigured, StateKind::NeedsReauthorization, password),
            // The grant was refused, so somebody answered.
            Change::Available,
            state(StateKind::NeedsReauthorization, StateKind::Connected, None),
            state(StateKind::Connected, StateKind::Disconnected, None),
        ]
    );
    assert!(died.message.contains("Reauthorize with the connected account"), "{}", died.message);
    assert!(events.windows(2).all(|pair| pair[0].id < pair[1].id && pair[0].at <= pair[1].at));
    for event in &events {
        assert_eq!(&told.try_recv()?, event);
        assert_eq!(event.integration, id);
    }
    assert_eq!(told.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(stage.platform.events(events[4].id).await?, events[5..]);
    assert_eq!(stage.restarted().await?.events(0).await?, events);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_failures_of_eight_tasks_on_two_hosts_are_one_event() -> anyhow::Result<()> {
    let stage = Arc::new(Stage::new().await?);
    let id = stage.connect().await?;
    let hosts = [stage.platform.clone(), stage.restarted().await?];
    let before = stage.platform.events(0).await?.len();
    scripted(&stage.script.connections, (0..104).map(|_| Err(dead())));
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (platform, id) = (hosts[task % 2].clone(), id.clone());
            tokio::spawn(async move {
                for _ in 0..13 {
                    platform.check(&id).await.unwrap_err();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    assert_eq!(stage.platform.events(0).await?.len(), before + 1);
    Ok(())
}

#[tokio::test]
async fn a_quota_is_told_of_near_the_limit_and_at_it_once_a_month() -> anyhow::Result<()> {
    // The script's provider documents ten meetings a month.
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    let before = stage.platform.events(0).await?.len();
    for n in 0..12 {
        stage.platform.book(&request(&format!("a-{n}"), "ann")).await?;
        // Cancelled or booked again, it was made once.
        stage.platform.book(&request(&format!("a-{n}"), "ann")).await?;
        stage.platform.cancel(&format!("a-{n}")).await?;
    }
    let events = stage.platform.events(0).await?.split_off(before);
    let told: Vec<_> = events
        .iter()
        .map(|event| match &event.change {
            Change::Quota { organizer, meetings, limit, level, .. } => {
                (&**organizer, *meetings, *limit, *level)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [("oid-1", 8, 10, QuotaLevel::Near), ("oid-1", 10, 10, QuotaLevel::Reached)]);

    let checked = stage.platform.check(&id).await?;
    let [busiest] = &checked.meetings[..] else { anyhow::bail!("{checked:?}") };
    assert_eq!((busiest.meetings, busiest.limit), (12, Some(10)));
    assert_eq!(busiest.user_name.as_deref(), Some("video@contoso.com"));
    assert_eq!(
        busiest.warning().as_deref(),
        Some(
            "video@contoso.com has organized 12 meetings this month, and the provider documents no more than \
             10 for one organizer: it may refuse any further one until the month is over. Give staff another \
             organizer now."
        )
    );

    stage.clock.advance(Duration::from_hours(24 * 31));
    assert!(stage.platform.check(&id).await?.meetings.is_empty(), "another month");
    for n in 0..8 {
        stage.platform.book(&request(&format!("b-{n}"), "ann")).await?;
    }
    assert_eq!(stage.platform.events(events[1].id).await?.len(), 1, "and it is told of again");
    Ok(())
}

#[tokio::test]
async fn a_meeting_whose_answer_was_lost_is_counted_once() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    scripted(&stage.script.creates, [Err(outage()), Err(outage())]);
    for _ in 0..2 {
        stage.platform.book(&request("a", "ann")).await.unwrap_err();
    }
    assert!(stage.platform.meetings_this_month(&id).await?.is_empty());
    stage.platform.resume().await?;
    stage.platform.resume().await?;
    stage.platform.move_appointment("a", 5_000, 6_000).await?;
    let counted = stage.platform.meetings_this_month(&id).await?;
    assert_eq!(counted.iter().map(|it| it.meetings).collect::<Vec<_>>(), [1]);
    assert_eq!(counted[0].warning(), None);
    Ok(())
}

#[tokio::test]
async fn what_one_host_notes_is_told_on_another_once_and_in_its_order() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let other = stage.restarted().await?;
    let (mut here, mut there) = (stage.platform.subscribe(), other.subscribe());
    let id = stage.connect().await?;
    scripted(&stage.script.connections, [Err(dead())]);
    other.check(&id).await.unwrap_err();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let following = async { other.follow_events(async { drop(stopped.await) }).await };
    let listening = async {
        let told = (there.recv().await?, there.recv().await?);
        drop(stop);
        anyhow::Ok(told)
    };
    let ((), told) = tokio::join!(following, listening);
    let (own, others) = told?;
    // Its own at once, and the other host's when it looks.
    assert_eq!(own.change, state(StateKind::Connected, StateKind::NeedsReauthorization, died(&own)));
    assert_eq!(others.change, state(StateKind::Pending, StateKind::Connected, None));
    assert!(matches!(there.try_recv(), Err(TryRecvError::Empty)), "each is told once");
    assert_eq!(here.try_recv()?, others);
    assert!(matches!(here.try_recv(), Err(TryRecvError::Empty)), "nobody follows here");
    Ok(())
}

fn died(event: &video_platform::IntegrationEvent) -> Option<Cause> {
    match event.change {
        Change::State { cause, .. } => cause,
        _ => None,
    }
}
