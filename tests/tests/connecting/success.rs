//! Sign-ins that end in a connection.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use end_to_end::{World, form};
use mock_graph::{Action, Fault, Operation, contoso};
use video_host::Memory;
use video_host::store::Purpose;

/// What the plugin may ask for: nothing more than it needs.
const SCOPE: &str = "openid profile offline_access User.Read User.ReadBasic.All OnlineMeetings.ReadWrite";

#[tokio::test]
async fn an_administrator_connects_the_service_account() -> Result<()> {
    let world = World::start().await?;
    let connection = world.connect("contoso").await?;
    assert_eq!(connection.account.id, contoso::SERVICE_ACCOUNT_ID);
    assert_eq!(connection.account.tenant_id, contoso::TENANT_ID);
    assert_eq!(connection.account.user_name, contoso::SERVICE_ACCOUNT);
    assert!(connection.warnings.is_empty(), "{:?}", connection.warnings);
    assert!(world.microsoft.meetings().is_empty(), "connecting leaves no meeting behind");
    assert_eq!(world.teams_on("contoso")?.check().await?, connection);
    Ok(())
}

#[tokio::test]
async fn connecting_asks_microsoft_only_who_signed_in() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    let asked: Vec<_> = world.microsoft.journal().requests().iter().map(|it| it.operation).collect();
    let expected = [
        Operation::Discovery,
        Operation::Authorize,
        Operation::SignIn,
        Operation::Consent,
        Operation::Token,
        Operation::Me,
        Operation::Licence,
    ];
    assert_eq!(asked, expected, "in this order, and no more");
    Ok(())
}

#[tokio::test]
async fn every_sign_in_has_a_state_a_nonce_and_a_proof_key_of_its_own() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    world.authorize("contoso", Purpose::Reauthorize, contoso::SERVICE_ACCOUNT).await?;
    world.authorize("contoso", Purpose::Connect, contoso::SERVICE_ACCOUNT).await?;
    world.connect("another").await?;

    let journal = world.microsoft.journal();
    let (asked, redeemed) = (journal.of(Operation::Authorize), journal.of(Operation::Token));
    assert_eq!((asked.len(), redeemed.len()), (4, 4));
    let mut seen = BTreeSet::new();
    for (asked, redeemed) in asked.iter().zip(&redeemed) {
        assert_eq!(asked.host, "login.microsoftonline.com");
        assert_eq!(redeemed.host, asked.host);
        let tenant = format!("/{}/oauth2/v2.0/", contoso::TENANT_ID);
        assert!(asked.path_and_query.starts_with(&format!("{tenant}authorize?")));
        assert_eq!(redeemed.path_and_query, format!("{tenant}token"), "redeemed where it was issued");

        let (asked, redeemed) = (form(&asked.path_and_query), form(&redeemed.body));
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["response_mode"], "query");
        assert_eq!(asked["scope"], SCOPE);
        assert_eq!(asked["redirect_uri"], contoso::REDIRECT_URI);
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(redeemed["grant_type"], "authorization_code");
        assert_eq!(redeemed["redirect_uri"], contoso::REDIRECT_URI);
        assert_eq!(redeemed["client_id"], contoso::CLIENT_ID);

        let verifier = &redeemed["code_verifier"];
        assert_eq!(hex(&asked["code_challenge"])?, video_host::sha256(verifier.as_bytes()));
        for secret in [&asked["state"], &asked["nonce"], &asked["code_challenge"], verifier] {
            assert!(secret.len() >= 43, "{secret} can be guessed");
            assert!(seen.insert(secret.clone()), "{secret} was used before");
        }
    }
    Ok(())
}

/// A digest in hexadecimal digits, from base64url.
fn hex(digest: &str) -> Result<String> {
    URL_SAFE_NO_PAD.decode(digest)?.iter().try_fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}")?;
        Ok(hex)
    })
}

#[tokio::test]
async fn tenant_and_object_id_are_kept_and_no_authorization_code_or_verifier() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    let kept = world.kept("contoso").await?;
    assert_eq!(kept.names(), ["connection", "account"], "one record and one credential");
    let record: serde_json::Value = serde_json::from_slice(&kept.storage["connection"])?;
    assert_eq!(record["tenant"], contoso::TENANT_ID);
    assert_eq!(record["oid"], contoso::SERVICE_ACCOUNT_ID);
    for secret in world.microsoft.issued_secrets() {
        assert!(!record.to_string().contains(&secret), "{secret} is kept in the clear");
    }
    Ok(())
}

#[tokio::test]
async fn the_tenant_id_may_be_written_in_capitals_and_with_blanks_around_it() -> Result<()> {
    let world = World::start().await?;
    let typed = format!("  {}\n", contoso::TENANT_ID.to_uppercase());
    let url = world.begin("contoso", Purpose::Connect, &typed).await?;
    let parameters = world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?;
    let connection = world.finish(parameters).await?;
    assert_eq!(connection.account.tenant_id, contoso::TENANT_ID);
    Ok(())
}

#[tokio::test]
async fn the_connection_is_there_after_a_restart() -> Result<()> {
    let world = World::start().await?;
    let connection = world.connect("contoso").await?;
    let data = world.data.path();
    let host = World::host(data, &world.microsoft, world.clock.clone(), Memory::Pooled).await?;
    let teams = host.load(plugin_artifacts::TEAMS, &end_to_end::manifest()?).await?;
    assert_eq!(teams.on(&"contoso".parse()?).check().await?, connection);
    Ok(())
}

#[tokio::test]
async fn sign_ins_begun_at_once_are_ended_each_for_itself() -> Result<()> {
    let world = World::start().await?;
    let mut begun = Vec::new();
    for integration in ["contoso", "contoso", "another"] {
        let url = world.begin(integration, Purpose::Connect, contoso::TENANT_ID).await?;
        begun.push(world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?);
    }
    // In another order than they began.
    let (last, first) = (begun.pop().context("three")?, begun.remove(0));
    world.finish(last).await?;
    assert!(world.teams_on("contoso")?.check().await.is_err(), "the other integration was connected");
    world.finish(begun.remove(0)).await?;
    world.finish(first).await?;
    for integration in ["contoso", "another"] {
        assert_eq!(world.kept(integration).await?.names(), ["connection", "account"]);
        world.teams_on(integration)?.check().await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_account_without_a_licence_for_teams_is_connected_with_a_warning() -> Result<()> {
    let world = World::start().await?;
    world.microsoft.directory().set_teams_licence(contoso::SERVICE_ACCOUNT, false)?;
    let connection = world.connect("contoso").await?;
    assert!(connection.warnings.iter().any(|it| it.contains("licence")), "{:?}", connection.warnings);
    Ok(())
}

#[tokio::test]
async fn a_grant_that_cannot_be_renewed_is_connected_with_a_warning_and_ends_as_a_dead_one() -> Result<()> {
    let world = World::start().await?;
    world.microsoft.faults().inject(Fault::once(Operation::Token, Action::OmitRefreshToken));
    let connection = world.connect("contoso").await?;
    assert!(connection.warnings.iter().any(|it| it.contains("refresh token")), "{:?}", connection.warnings);
    let teams = world.teams_on("contoso")?;
    teams.check().await?;
    world.advance(Duration::from_hours(1));
    assert!(world.told(teams.check().await)?.starts_with("needs-reauthorization"));
    world.authorize("contoso", Purpose::Reauthorize, contoso::SERVICE_ACCOUNT).await?;
    teams.check().await?;
    Ok(())
}

#[tokio::test]
async fn not_knowing_whether_there_is_a_licence_keeps_nobody_from_connecting() -> Result<()> {
    for action in [Action::status(403), Action::status(500), Action::DropAfter, Action::Malformed] {
        let world = World::start().await?;
        world.microsoft.faults().inject(Fault::always(Operation::Licence, action));
        assert!(world.connect("contoso").await?.warnings.is_empty());
    }
    Ok(())
}
