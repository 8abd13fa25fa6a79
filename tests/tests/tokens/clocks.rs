//! The host's clock and Microsoft's differ by five minutes, either way.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use end_to_end::{World, WorldOptions, appointment, contract_error};
use mock_graph::{Certificate, Operation, contoso};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use video_host::provider::Error;
use video_host::vault::{ClientCertificate, ClientKeys};

const OFF: Duration = Duration::from_mins(5);

/// Moves one of the two clocks.
type Skew = fn(&World, Duration);

const SKEWS: [(&str, Skew); 2] = [
    ("the host is ahead", |world, by| world.clock.advance(by)),
    ("the host is behind", |world, by| world.microsoft.clock().advance(by)),
];

/// A world that shows Microsoft a certificate instead of a secret.
async fn with_certificate() -> Result<World> {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
    let certificate = CertificateParams::new(Vec::new())?.self_signed(&key)?;
    let client = ClientCertificate::from_pem(key.serialize_pem().as_bytes(), certificate.pem().as_bytes())?;
    let options = WorldOptions {
        manifest: Some(Box::new(move |manifest| {
            manifest.settings.insert("client-authentication".to_owned(), "assertion".to_owned());
            manifest.client = Arc::new(ClientKeys { secret: None, certificate: Some(client) });
        })),
        ..WorldOptions::default()
    };
    let world = World::with(options).await?;
    world.microsoft.directory().update_application(contoso::CLIENT_ID, |application| {
        application.secrets.clear();
        application.certificates = vec![Certificate { der: certificate.der().to_vec() }];
    })?;
    Ok(world)
}

/// Connects, books, and goes on after the first token has ended; nothing is asked for twice.
async fn works(world: &World, skew: &str) -> Result<()> {
    let connection = world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    teams.create_meeting(&appointment("before")).await?;
    world.advance(Duration::from_hours(1));
    world.microsoft.journal().clear();
    assert_eq!(teams.check().await?, connection, "{skew}");
    teams.create_meeting(&appointment("after")).await?;
    assert_eq!(world.microsoft.journal().count(Operation::Token), 1, "{skew}");
    let answers: Vec<_> =
        world.microsoft.journal().requests().into_iter().filter_map(|it| it.answer?.status).collect();
    assert!(answers.iter().all(|status| *status < 400), "{skew}: {answers:?}");
    Ok(())
}

#[tokio::test]
async fn a_clock_that_is_five_minutes_off_harms_nothing() -> Result<()> {
    for (name, skew) in SKEWS {
        let world = World::start().await?;
        skew(&world, OFF);
        works(&world, name).await?;
    }
    Ok(())
}

#[tokio::test]
async fn client_assertions_are_accepted_from_a_clock_that_is_five_minutes_off() -> Result<()> {
    for (name, skew) in SKEWS {
        let world = with_certificate().await?;
        skew(&world, OFF);
        works(&world, name).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_clock_that_steps_by_five_minutes_while_connected_harms_nothing() -> Result<()> {
    for (name, skew) in SKEWS {
        let world = World::start().await?;
        let connection = world.connect("contoso").await?;
        skew(&world, OFF);
        for _ in 0..10 {
            assert_eq!(world.teams_on("contoso")?.check().await?, connection, "{name}");
            world.advance(Duration::from_mins(20));
        }
        assert_eq!(world.microsoft.journal().count(Operation::Authorize), 1, "nobody signed in again");
    }
    Ok(())
}

#[tokio::test]
async fn a_clock_that_is_far_off_is_for_the_operator_to_mend_and_costs_no_grant() -> Result<()> {
    let world = with_certificate().await?;
    let connection = world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    world.clock.advance(Duration::from_hours(2));
    let error = contract_error(teams.check().await)?;
    assert!(matches!(error, Error::Misconfigured(_)), "{error:?}");
    world.microsoft.clock().advance(Duration::from_hours(2));
    assert_eq!(teams.check().await?, connection);
    Ok(())
}
