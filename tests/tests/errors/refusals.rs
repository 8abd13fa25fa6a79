//! Graph saying no, or nothing: what it means to the caller, whether the request may have had an effect,
//! and that asking again is right.

use std::time::Duration;

use anyhow::Result;
use end_to_end::{World, WorldOptions, appointment};
use mock_graph::{Action, Fault, Operation, contoso};
use video_host::Manifest;
use video_host::provider::Cancellation;

/// One answer to a read and to a write.
struct Row {
    action: Action,
    read: &'static str,
    write: &'static str,
    /// Whether the write had an effect all the same.
    made: bool,
}

fn row(action: Action, read: &'static str, write: &'static str) -> Row {
    let made = matches!(
        action,
        Action::DropAfter
            | Action::Truncate
            | Action::Malformed
            | Action::Oversized(_)
            | Action::StatusAfter { .. }
    );
    Row { action, read, write, made }
}

fn rows() -> Vec<Row> {
    let later = |status, after: &str| Action::Status { status, retry_after: Some(after.to_owned()) };
    let date = "Wed, 21 Oct 2026 07:28:00 GMT";
    let (down, doubt) = ("unavailable", "unavailable in-doubt");
    vec![
        row(Action::throttled("7"), "throttled 7000ms", "throttled 7000ms"),
        row(Action::throttled("2.128"), "throttled 2128ms", "throttled 2128ms"),
        row(Action::throttled("0.0001"), "throttled 1ms", "throttled 1ms"),
        row(Action::status(429), "throttled", "throttled"),
        row(Action::throttled("soon"), "throttled", "throttled"),
        row(Action::throttled(date), "throttled", "throttled"),
        row(later(503, "3"), "unavailable 3000ms", "unavailable in-doubt 3000ms"),
        row(Action::status(503), down, doubt),
        row(Action::status(500), down, doubt),
        row(Action::status(502), down, doubt),
        row(Action::status(504), down, doubt),
        row(Action::status(408), down, doubt),
        row(Action::StatusAfter { status: 504 }, down, doubt),
        row(Action::StatusAfter { status: 500 }, down, doubt),
        row(Action::DropBefore, down, doubt),
        row(Action::DropAfter, down, doubt),
        row(Action::Truncate, down, doubt),
        row(Action::Malformed, down, doubt),
        row(Action::Oversized(9 << 20), down, doubt),
        row(Action::status(403), "refused Permission", "refused Permission"),
        row(Action::status(404), "needs-reauthorization AccountDisabled", "refused Other"),
        row(Action::status(400), "internal", "internal"),
        row(Action::status(302), "internal", "internal"),
    ]
}

#[tokio::test]
async fn what_graph_says_to_a_read_is_told_and_changes_nothing() -> Result<()> {
    let world = World::start().await?;
    let connection = world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    let kept = world.kept("contoso").await?;
    for row in rows() {
        let shown = format!("{:?}", row.action);
        world.microsoft.journal().clear();
        world.microsoft.faults().inject(Fault::once(Operation::Me, row.action));
        assert_eq!(world.told(teams.check().await)?, row.read, "{shown}");
        assert_eq!(world.microsoft.journal().count(Operation::Me), 1, "the plugin repeats nothing: {shown}");
        assert_eq!(teams.check().await?, connection, "{shown}");
        assert_eq!(world.kept("contoso").await?, kept, "{shown}");
    }
    Ok(())
}

#[tokio::test]
async fn what_graph_says_to_a_write_tells_whether_it_may_have_had_an_effect() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    for (number, row) in rows().into_iter().enumerate() {
        let shown = format!("{:?}", row.action);
        let before = world.microsoft.meetings().len();
        let request = appointment(&format!("appointment-{number}"));
        world.microsoft.journal().clear();
        world.microsoft.faults().inject(Fault::once(Operation::CreateMeeting, row.action));
        let ended = teams.create_meeting(&request).await;
        let in_doubt = ended.as_ref().is_err_and(video_host::CallError::may_have_taken_effect);
        assert_eq!(world.told(ended)?, row.write, "{shown}");
        assert_eq!(in_doubt, row.write.contains("in-doubt"), "{shown}");
        assert_eq!(world.microsoft.journal().count(Operation::Any), 1, "nothing is repeated: {shown}");
        let made = world.microsoft.meetings().len() > before;
        assert_eq!(made, row.made, "{shown}");
        assert!(in_doubt || !made, "a meeting that nobody has to know of: {shown}");

        let meeting = teams.create_meeting(&request).await?;
        assert_eq!(meeting.created, !made, "{shown}");
        assert_eq!(world.microsoft.meetings().len(), before + 1, "one meeting, whatever was lost: {shown}");
    }
    Ok(())
}

#[tokio::test]
async fn a_meeting_that_graph_does_not_have_is_not_found() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    let meeting = teams.create_meeting(&appointment("appointment-1")).await?;
    let cancellation = Cancellation {
        appointment_id: "appointment-1".to_owned(),
        meeting_id: Some(meeting.id.clone()),
        organizer_id: None,
        staff: None,
    };
    teams.cancel_meeting(&cancellation).await?;
    let mut moved = appointment("appointment-1");
    moved.meeting_id = Some(meeting.id.clone());
    assert_eq!(world.told(teams.update_meeting(&moved).await)?, "not-found");
    // To end what is gone succeeds.
    teams.cancel_meeting(&cancellation).await?;
    Ok(())
}

#[tokio::test]
async fn an_account_that_lost_its_licence_is_refused_until_it_has_one() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    world.microsoft.directory().set_teams_licence(contoso::SERVICE_ACCOUNT, false)?;
    assert_eq!(world.told(teams.create_meeting(&appointment("a-1")).await)?, "refused Other");
    assert_eq!(world.told(teams.check().await)?, "refused Licence");
    world.microsoft.directory().set_teams_licence(contoso::SERVICE_ACCOUNT, true)?;
    teams.create_meeting(&appointment("a-1")).await?;
    teams.check().await?;
    Ok(())
}

#[tokio::test]
async fn a_call_that_runs_out_of_time_may_have_had_its_effect() -> Result<()> {
    let options = WorldOptions {
        manifest: Some(Box::new(|manifest: &mut Manifest| {
            manifest.limits.deadline = Duration::from_secs(1);
        })),
        ..WorldOptions::default()
    };
    let world = World::with(options).await?;
    world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    let held = world.microsoft.faults().hold(Operation::CreateMeeting, false);
    let Err(error) = teams.create_meeting(&appointment("a-1")).await else {
        anyhow::bail!("the answer was held back");
    };
    assert!(error.may_have_taken_effect(), "{error}");
    assert_eq!(world.microsoft.meetings().len(), 1);
    held.release();
    assert!(!teams.create_meeting(&appointment("a-1")).await?.created);
    assert_eq!(world.microsoft.meetings().len(), 1);
    Ok(())
}
