//! Connecting, which asks nobody.

use anyhow::{Result, bail};
use end_to_end::{SESSION, appointment, contract_error};
use video_host::provider::{Capabilities, Error, InputProblem, Mismatch, Parameter, SignInProblem};
use video_host::store::Purpose;
use video_host::{AuthorizationError, CallError};

use crate::stage::{SERVER, Stage, begin, values};

fn refused<T: std::fmt::Debug>(ended: Result<T, AuthorizationError>) -> Result<Error> {
    match ended {
        Err(AuthorizationError::Call(CallError::Provider(error))) => Ok(error),
        other => bail!("{other:?}"),
    }
}

#[tokio::test]
async fn it_wants_nothing_of_the_operator_and_little_of_the_host() -> Result<()> {
    let stage = Stage::start().await?;
    let description = stage.jitsi.description();
    assert_eq!(description.id, "jitsi-meet");
    assert!(!description.capabilities.contains(Capabilities::MATCHING));
    assert!(description.api_origins.is_empty() && description.identity_origins.is_empty());
    let imports = &stage.jitsi.surface().imports;
    for lent in ["http", "credentials", "settings"] {
        assert!(!imports.iter().any(|name| name.contains(&format!("/{lent}@"))), "{imports:?}");
    }
    assert!(stage.jitsi.size() < plugin_artifacts::TEAMS.len() / 2, "{} bytes", stage.jitsi.size());
    Ok(())
}

#[tokio::test]
async fn it_is_connected_at_once_and_says_to_which_server() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.on("rooms")?;
    assert_eq!(contract_error(rooms.check().await)?, Error::NotConnected);
    let connection =
        begin(&stage.world.host, &rooms, Purpose::Connect, &[("domain", " https://Meet.Bank.Example/ ")])
            .await?;
    assert_eq!(connection.account.user_name, SERVER);
    assert!(connection.warnings.is_empty(), "{connection:?}");
    assert_eq!(rooms.check().await?, connection);
    stage.nothing_was_sent()
}

#[tokio::test]
async fn without_a_server_it_is_the_public_one_which_is_warned_of() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.on("rooms")?;
    let connection = begin(&stage.world.host, &rooms, Purpose::Connect, &[]).await?;
    assert!(connection.warnings[0].contains("public server"), "{connection:?}");
    let link = rooms.create_meeting(&appointment("a")).await?.join_url;
    assert!(link.starts_with("https://meet.jit.si/"), "{link}");
    Ok(())
}

#[tokio::test]
async fn what_is_no_server_is_refused_and_nothing_is_stored() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.on("rooms")?;
    for (field, value) in [
        ("domain", "javascript:alert(1)"),
        ("domain", "http://meet.bank.example"),
        ("domain", "meet.bank.example/evil?"),
        ("domain", "user@meet.bank.example"),
        ("prefix", "a/b"),
        ("prefix", "a#b"),
    ] {
        let error = refused(begin(&stage.world.host, &rooms, Purpose::Connect, &[(field, value)]).await)?;
        let Error::InvalidInput(input) = error else { bail!("{value}: {error:?}") };
        assert_eq!((input.field.as_str(), input.problem), (field, InputProblem::Malformed), "{value}");
    }
    assert!(stage.world.host.store().list(rooms.integration(), "", None).await?.keys.is_empty());
    Ok(())
}

#[tokio::test]
async fn connecting_again_keeps_every_room_and_another_server_is_refused() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.connected("rooms").await?;
    let before = rooms.create_meeting(&appointment("a")).await?;
    let host = &stage.world.host;
    let again = begin(host, &rooms, Purpose::Connect, &[("domain", SERVER), ("prefix", "other")]).await?;
    assert_eq!(again, rooms.check().await?);
    let error = refused(begin(host, &rooms, Purpose::Connect, &[("domain", "meet.example.org")]).await)?;
    let Error::AccountMismatch(mismatch) = error else { bail!("{error:?}") };
    assert_eq!(mismatch.mismatch, Mismatch::OtherTenant);
    assert_eq!(rooms.create_meeting(&appointment("a")).await?.join_url, before.join_url);
    Ok(())
}

#[tokio::test]
async fn two_who_connect_at_once_get_the_same_rooms() -> Result<()> {
    let stage = Stage::start().await?;
    let (other_host, other_jitsi) = stage.other_process().await?;
    let one = stage.on("rooms")?;
    let other = other_jitsi.on(one.integration());
    let answers = [("domain", SERVER)];
    let (first, second) = tokio::join!(
        begin(&stage.world.host, &one, Purpose::Connect, &answers),
        begin(&other_host, &other, Purpose::Connect, &answers)
    );
    assert_eq!(first?, second?);
    let meeting = appointment("a");
    let (first, second) = tokio::join!(one.create_meeting(&meeting), other.create_meeting(&meeting));
    let (first, second) = (first?, second?);
    assert_eq!((&first.id, &first.join_url), (&second.id, &second.join_url));
    assert!(first.created != second.created, "one of them made it");
    Ok(())
}

#[tokio::test]
async fn reauthorizing_has_nothing_to_do_and_does_it_only_where_it_is_connected() -> Result<()> {
    let stage = Stage::start().await?;
    let host = &stage.world.host;
    let error = refused(begin(host, &stage.on("rooms")?, Purpose::Reauthorize, &[]).await)?;
    assert_eq!(error, Error::NotConnected);
    let rooms = stage.connected("rooms").await?;
    assert_eq!(begin(host, &rooms, Purpose::Reauthorize, &[]).await?, rooms.check().await?);
    Ok(())
}

#[tokio::test]
async fn a_callback_to_a_provider_without_a_sign_in_connects_nothing() -> Result<()> {
    let stage = Stage::start().await?;
    let host = &stage.world.host;
    let integration = "rooms".parse()?;
    let purpose = Purpose::Connect;
    let patience = std::time::Duration::from_mins(1);
    let begun =
        host.store().begin_authorization(&integration, SESSION, purpose, &values(&[]), patience).await?;
    let parameters = vec![Parameter { name: "state".to_owned(), value: begun }];
    let callback = host.callback(SESSION, parameters).await?;
    let Error::SignInFailed(failed) = contract_error(host.finish(&stage.jitsi, callback).await)? else {
        bail!("a sign-in that failed")
    };
    assert_eq!(failed.problem, SignInProblem::NotOurs);
    assert_eq!(contract_error(stage.on("rooms")?.check().await)?, Error::NotConnected);
    Ok(())
}

#[tokio::test]
async fn disconnecting_forgets_everything_and_can_be_done_twice() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.connected("rooms").await?;
    let before = rooms.create_meeting(&appointment("a")).await?;
    rooms.disconnect().await?;
    rooms.disconnect().await?;
    assert!(stage.world.host.store().list(rooms.integration(), "", None).await?.keys.is_empty());
    assert_eq!(contract_error(rooms.create_meeting(&appointment("a")).await)?, Error::NotConnected);
    // Whoever had the old key cannot find the new rooms.
    stage.connected("rooms").await?;
    assert_ne!(rooms.create_meeting(&appointment("a")).await?.join_url, before.join_url);
    stage.nothing_was_sent()
}
