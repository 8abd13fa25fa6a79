//! A plugin that does everything wrong, and a host that minds none of it. The suite `hostile` has the same for
//! every function of the contract, and for all of it at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use end_to_end::{SESSION, World, listen, manifest};
use tracing::field::Field;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context as LayerContext, Layer, SubscriberExt};
use video_host::egress::Grant;
use video_host::provider::{Look, LookUpOutcome, MeetingReference, MeetingRequest};
use video_host::store::Purpose;
use video_host::{AuthorizationError, CallError, Failure, Limits, LoadError, Manifest, Plugin};

/// Short, so that a test of a limit is quick; far longer than a call takes that keeps to them.
fn limits() -> Limits {
    Limits {
        memory: 4 << 20,
        processor_time: Duration::from_millis(300),
        deadline: Duration::from_secs(20),
        requests: 3,
        ..Limits::default()
    }
}

async fn evil(world: &World) -> Result<Plugin> {
    let manifest = Manifest { limits: limits(), ..manifest()? };
    Ok(world.host.load(plugin_artifacts::EVIL, &manifest).await?)
}

fn appointment(id: &str) -> MeetingRequest {
    MeetingRequest {
        appointment_id: id.to_owned(),
        meeting_id: None,
        organizer_id: None,
        staff: None,
        subject: String::new(),
        start: 0,
        end: 1,
        attendees: Vec::new(),
        options: Vec::new(),
    }
}

/// What `create-meeting` of this appointment fails with.
async fn failure(plugin: &Plugin, id: &str) -> Result<Failure> {
    match plugin.on(&"evil".parse()?).create_meeting(&appointment(id)).await {
        Err(CallError::Failed { plugin, function, failure }) => {
            assert_eq!((plugin.as_str(), function), ("evil", "create-meeting"));
            Ok(failure)
        }
        other => bail!("{id}: {other:?}"),
    }
}

/// What an evil came to that the plugin lived to tell.
async fn told(plugin: &Plugin, id: &str) -> Result<String> {
    Ok(plugin.on(&"evil".parse()?).create_meeting(&appointment(id)).await?.id)
}

#[tokio::test]
async fn a_plugin_that_never_ends_is_stopped_and_starves_nobody() -> Result<()> {
    let world = World::start().await?;
    let evil = evil(&world).await?;
    world.connect("contoso").await?;
    let spinning = tokio::spawn({
        let evil = evil.clone();
        async move { failure(&evil, "spin").await }
    });
    // One thread runs both: the good plugin gets its turns while the evil one spins.
    world.teams_on("contoso")?.check().await?;
    assert_eq!(spinning.await??, Failure::ProcessorTime(300));
    Ok(())
}

#[tokio::test]
async fn the_most_memory_that_a_plugin_took_is_known_and_never_over_its_limit() -> Result<()> {
    let world = World::start().await?;
    let evil = evil(&world).await?;
    let before = evil.most_memory();
    assert!((1..2 << 20).contains(&before), "it has described itself: {before}");
    assert_eq!(failure(&evil, "grow").await?, Failure::Memory(4 << 20));
    let after = evil.most_memory();
    assert!((3 << 20..=4 << 20).contains(&after), "{after}");
    Ok(())
}

#[tokio::test]
async fn a_plugin_that_crashes_says_where_and_the_next_call_works() -> Result<()> {
    let world = World::start().await?;
    let evil = evil(&world).await?;
    let Failure::Trapped(text) = failure(&evil, "trap").await? else { bail!("not a trap") };
    assert!(text.contains("the evil plugin panics on purpose"), "{text}");
    assert!(text.contains("create_meeting"), "the guest's functions have names: {text}");
    assert!(matches!(failure(&evil, "recurse").await?, Failure::Trapped(_)));
    assert_eq!(told(&evil, "good").await?, "done");
    Ok(())
}

#[tokio::test]
async fn an_answer_that_breaks_the_contract_is_not_handed_on() -> Result<()> {
    let world = World::start().await?;
    let evil = evil(&world).await?;
    for id in
        ["link:javascript", "link:http", "link:user", "link:long", "link:none", "error:long", "error:control"]
    {
        let failed = failure(&evil, id).await?;
        assert!(matches!(failed, Failure::BrokeContract(_)), "{id}: {failed}");
    }
    let keys = ["a".to_owned(), "b".to_owned()];
    let few = evil.on(&"evil".parse()?).match_users(&keys, Look::Everywhere).await;
    let Err(CallError::Failed { failure: Failure::BrokeContract(rule), .. }) = few else { bail!("{few:?}") };
    assert!(rule.contains("1 outcomes for 2 keys"), "{rule}");
    for (cursor, told) in
        [(None, "a page of users has 1001 elements"), (Some("nobody"), "a user's id is empty")]
    {
        let page = evil.on(&"evil".parse()?).list_users(cursor).await;
        let Err(CallError::Failed { failure: Failure::BrokeContract(rule), .. }) = page else {
            bail!("{page:?}")
        };
        assert!(rule.contains(told), "{rule}");
    }
    Ok(())
}

#[tokio::test]
async fn an_administrator_is_sent_to_granted_identity_origins_only() -> Result<()> {
    let world = World::start().await?;
    let provider = evil(&world).await?.on(&"evil".parse()?);
    for page in [
        "https://login.microsoftonline.com.evil.example/",
        "https://graph.microsoft.com/",
        "http://login.microsoftonline.com/",
        "javascript:alert(1)",
    ] {
        let sent = world.host.begin(&provider, Purpose::Connect, SESSION, Vec::new(), page).await;
        let Err(AuthorizationError::Call(CallError::Failed { failure, .. })) = sent else {
            bail!("{page}: {sent:?}")
        };
        assert!(matches!(failure, Failure::BrokeContract(_)), "{page}: {failure}");
    }
    let good = "https://login.microsoftonline.com/";
    world.host.begin(&provider, Purpose::Connect, SESSION, Vec::new(), good).await?;
    Ok(())
}

#[tokio::test]
async fn a_limit_that_no_host_can_keep_is_refused_at_load() -> Result<()> {
    let world = World::start().await?;
    let limits = Limits { memory: 1 << 40, ..Limits::default() };
    let loaded = world.host.load(plugin_artifacts::EVIL, &Manifest { limits, ..manifest()? }).await;
    assert!(matches!(loaded, Err(LoadError::Limits(_))), "{loaded:?}");
    let nothing = Manifest { grant: Grant::default(), ..manifest()? };
    let loaded = world.host.load(plugin_artifacts::EVIL, &nothing).await;
    assert!(matches!(loaded, Err(LoadError::NotGranted(_))), "{loaded:?}");
    Ok(())
}

/// Lines that came from plugins.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _context: LayerContext<'_, S>) {
        if event.metadata().target() == "video_host::plugin" {
            event.record(&mut |field: &Field, value: &dyn std::fmt::Debug| {
                if field.name() == "message" {
                    self.0.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{value:?}"));
                }
            });
        }
    }
}

#[tokio::test]
async fn a_plugin_that_floods_the_log_is_cut_short_and_forges_no_lines() -> Result<()> {
    let lines = Lines::default();
    let _logged = listen(tracing_subscriber::registry().with(lines.clone()));
    let world = World::start().await?;
    assert_eq!(told(&evil(&world).await?, "flood the log").await?, "done");

    let lines = lines.0.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(lines.len(), 101, "a hundred of its own, and one that tells of the others");
    assert_eq!(lines[0], "line 0\u{fffd}forged");
    assert!(lines[100].contains("dropped"), "{}", lines[100]);
    Ok(())
}

#[tokio::test]
async fn what_a_plugin_looks_up_is_checked_like_what_it_makes() -> Result<()> {
    let world = World::start().await?;
    let evil = evil(&world).await?.on(&"evil".parse()?);
    let reference = |evil: &str| MeetingReference {
        appointment_id: "a".to_owned(),
        meeting_id: Some(evil.to_owned()),
        organizer_id: None,
        staff: None,
    };
    for (asked, says) in [
        (vec![reference("link")], "not an https link"),
        (vec![reference("subject")], "the subject has 2000 bytes"),
        (vec![reference("reason")], "control character"),
        (vec![reference("good"), reference("good")], "1 outcomes for 2 meetings"),
    ] {
        match evil.look_up_meetings(&asked).await {
            Err(CallError::Failed { failure: Failure::BrokeContract(rule), .. }) => {
                assert!(rule.contains(says), "{rule}");
            }
            other => bail!("{says}: {other:?}"),
        }
    }
    assert_eq!(evil.look_up_meetings(&[reference("good")]).await?, [LookUpOutcome::Gone]);
    Ok(())
}
