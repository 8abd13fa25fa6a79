//! A host with evil plugins, and a call of each function that they export.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use end_to_end::{SESSION, World, appointment, manifest, parameters};
use video_host::provider::{
    Cancellation, JoinableMeeting, Look, MeetingReference, NextStep, Parameter, Participant, ParticipantRole,
    User,
};
use video_host::store::{Integration, Purpose};
use video_host::{AuthorizationError, CallError, Failure, Host, Limits, LoadError, Manifest, Plugin};

/// Every function of the contract but `describe`, which is called at load.
pub(crate) const EXPORTS: [&str; 15] = [
    "begin-connect",
    "finish-connect",
    "check",
    "check-user",
    "match-users",
    "list-users",
    "directory-size",
    "create-meeting",
    "update-meeting",
    "cancel-meeting",
    "look-up-meetings",
    "begin-reauthorize",
    "finish-reauthorize",
    "disconnect",
    "join-link",
];

/// Functions that return nothing that could be garbage, but for an error.
pub(crate) const SILENT: [&str; 3] = ["directory-size", "cancel-meeting", "disconnect"];

/// Short, so that a test of a limit is quick; far longer than a call takes that keeps to them.
pub(crate) fn limits() -> Limits {
    Limits {
        memory: 4 << 20,
        processor_time: Duration::from_millis(60),
        deadline: Duration::from_secs(20),
        requests: 3,
        ..Limits::default()
    }
}

/// What the evil plugin is granted, and what it does wrong in which function.
pub(crate) fn told_to(deeds: &[(&str, &str)], limits: Limits) -> Result<Manifest> {
    let mut manifest = Manifest { limits, ..manifest()? };
    manifest.settings.extend(deeds.iter().map(|(export, deed)| ((*export).to_owned(), (*deed).to_owned())));
    Ok(manifest)
}

/// The evil plugin, told to do this in these functions.
pub(crate) async fn evil(host: &Host, deeds: &[(&str, &str)], limits: Limits) -> Result<Plugin> {
    Ok(host.load(plugin_artifacts::EVIL, &told_to(deeds, limits)?).await?)
}

/// Why the evil plugin is not loaded if it does this when it describes itself.
pub(crate) async fn refusal(host: &Host, deed: &str) -> Result<LoadError> {
    match host.load(plugin_artifacts::EVIL, &told_to(&[("describe", deed)], limits())?).await {
        Ok(plugin) => bail!("{deed}: {plugin:?} was loaded"),
        Err(error) => Ok(error),
    }
}

/// Calls a function of the contract, whatever it returns.
pub(crate) async fn call(
    host: &Host,
    plugin: &Plugin,
    integration: &str,
    export: &str,
) -> Result<Result<(), CallError>> {
    let provider = plugin.on(&integration.parse::<Integration>()?);
    let user = || User { id: "1".to_owned(), key: "k".to_owned(), display_name: String::new() };
    let reference = || MeetingReference {
        appointment_id: "a".to_owned(),
        meeting_id: None,
        organizer_id: None,
        staff: None,
    };
    let cancellation: Cancellation = reference();
    Ok(match export {
        "begin-connect" => begin(host, plugin, integration, Purpose::Connect).await?.map(drop),
        "begin-reauthorize" => begin(host, plugin, integration, Purpose::Reauthorize).await?.map(drop),
        "finish-connect" => finish(host, plugin, integration, Purpose::Connect).await?,
        "finish-reauthorize" => finish(host, plugin, integration, Purpose::Reauthorize).await?,
        "check" => provider.check().await.map(drop),
        "check-user" => provider.check_user(&user()).await.map(drop),
        "match-users" => provider.match_users(&["a".to_owned()], Look::Everywhere).await.map(drop),
        "list-users" => provider.list_users(None).await.map(drop),
        "directory-size" => provider.directory_size().await.map(drop),
        "create-meeting" => provider.create_meeting(&appointment("a")).await.map(drop),
        "update-meeting" => provider.update_meeting(&appointment("a")).await.map(drop),
        "cancel-meeting" => provider.cancel_meeting(&cancellation).await,
        "look-up-meetings" => provider.look_up_meetings(&[reference()]).await.map(drop),
        "disconnect" => provider.disconnect().await,
        "join-link" => provider.join_link(&joinable("https://rooms.example/1"), &GUEST).await.map(drop),
        other => bail!("the contract has no {other}"),
    })
}

/// Whoever comes.
pub(crate) const GUEST: Participant =
    Participant { role: ParticipantRole::Guest, display_name: String::new() };

/// A meeting with this link, to be joined.
pub(crate) fn joinable(join_url: &str) -> JoinableMeeting {
    JoinableMeeting {
        appointment_id: "a".to_owned(),
        meeting_id: "1".to_owned(),
        join_url: join_url.to_owned(),
        organizer_id: None,
        start: 0,
        end: 1,
    }
}

/// Begins a sign-in, and gives the parameters with which the browser would come back at once.
async fn begin(
    host: &Host,
    plugin: &Plugin,
    integration: &str,
    purpose: Purpose,
) -> Result<Result<Vec<Parameter>, CallError>> {
    let provider = plugin.on(&integration.parse()?);
    let page = "https://login.microsoftonline.com/";
    match host.begin(&provider, purpose, SESSION, Vec::new(), page).await {
        Ok(NextStep::Visit(url)) => Ok(Ok(parameters(&url)?)),
        Ok(NextStep::Connected(_)) => Ok(Ok(Vec::new())),
        Err(AuthorizationError::Call(error)) => Ok(Err(error)),
        Err(error) => Err(error.into()),
    }
}

async fn finish(
    host: &Host,
    plugin: &Plugin,
    integration: &str,
    purpose: Purpose,
) -> Result<Result<(), CallError>> {
    let back = begin(host, plugin, integration, purpose).await?.context("it begins like any other")?;
    let callback = host.callback(SESSION, back).await?;
    Ok(host.finish(plugin, callback).await.map(drop))
}

/// Does this evil in a function, and tells what the call failed with.
pub(crate) async fn failure(host: &Host, export: &str, deed: &str, limits: Limits) -> Result<Failure> {
    let plugin = evil(host, &[(export, deed)], limits).await?;
    match call(host, &plugin, "evil", export).await? {
        Err(CallError::Failed { plugin, function, failure }) => {
            assert_eq!((plugin.as_str(), function), ("evil", export));
            Ok(failure)
        }
        other => bail!("{deed} in {export}: {other:?}"),
    }
}

/// What `create-meeting` of this appointment came to, which the plugin lived to tell.
pub(crate) async fn told(plugin: &Plugin, integration: &str, id: &str) -> Result<String> {
    Ok(plugin.on(&integration.parse()?).create_meeting(&appointment(id)).await.context(id.to_owned())?.id)
}

/// The host still works, for evil plugins too.
pub(crate) async fn still_works(world: &World) -> Result<()> {
    let plugin = evil(&world.host, &[], limits()).await?;
    assert_eq!(told(&plugin, "evil", "good").await?, "done");
    Ok(())
}
