//! What a callback counts for: once, in time, in the session that began, for the sign-in it belongs to.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use end_to_end::{SESSION, World, parameters};
use mock_graph::{Action, Consent, Fault, Operation, SignIn, contoso};
use url::Url;
use video_host::AuthorizationError;
use video_host::provider::Parameter;
use video_host::store::{CallbackError, Purpose};

/// Begins connecting Contoso, signs in, and gives the callback's parameters.
async fn signed_in(world: &World) -> Result<Vec<Parameter>> {
    let url = world.begin("contoso", Purpose::Connect, contoso::TENANT_ID).await?;
    world.sign_in(&url, contoso::SERVICE_ACCOUNT).await
}

/// A callback as the browser would bring it, with the `state` of a sign-in that is under way.
async fn callback_with(world: &World, pairs: &[(&str, &str)]) -> Result<Vec<Parameter>> {
    let url = world.begin("contoso", Purpose::Connect, contoso::TENANT_ID).await?;
    let state = parameters(&url)?.into_iter().find(|it| it.name == "state").context("a state")?;
    let parameter =
        |(name, value): &(&str, &str)| Parameter { name: (*name).to_owned(), value: (*value).to_owned() };
    Ok(pairs.iter().map(parameter).chain([state]).collect())
}

/// Why the host did not even hand a callback to the plugin; its message is a sentence.
fn turned_away<T>(outcome: Result<T, impl Into<AuthorizationError>>) -> Result<CallbackError> {
    match outcome.map_err(Into::into) {
        Err(AuthorizationError::Callback(error)) => {
            let sentence = error.to_string();
            assert!(sentence.starts_with("This sign-in ") && sentence.ends_with('.'), "{sentence}");
            Ok(error)
        }
        Err(error) => Err(error.into()),
        Ok(_) => bail!("the callback was accepted"),
    }
}

#[tokio::test]
async fn a_callback_of_another_session_is_refused_and_stays_good_for_the_right_one() -> Result<()> {
    let world = World::start().await?;
    let parameters = signed_in(&world).await?;
    let kept = world.kept("contoso").await?;
    let foreign = turned_away(world.host.callback("another session", parameters.clone()).await)?;
    assert!(matches!(foreign, CallbackError::ForeignSession), "{foreign:?}");
    assert_eq!(world.microsoft.journal().count(Operation::Token), 0);
    assert_eq!(world.kept("contoso").await?, kept);
    assert_eq!(world.told(world.teams_on("contoso")?.check().await)?, "not-connected");

    world.finish(parameters).await?;
    world.teams_on("contoso")?.check().await?;
    Ok(())
}

#[tokio::test]
async fn a_callback_counts_once_whatever_came_of_it() -> Result<()> {
    let world = World::start().await?;
    let succeeded = signed_in(&world).await?;
    world.finish(succeeded.clone()).await?;
    let failed = callback_with(&world, &[("error", "access_denied")]).await?;
    assert_eq!(world.told(world.finish(failed.clone()).await)?, "sign-in-failed Cancelled");
    let (kept, tokens) = (world.kept("contoso").await?, world.microsoft.journal().count(Operation::Token));
    for parameters in [succeeded, failed] {
        let again = turned_away(world.finish(parameters).await)?;
        assert!(matches!(again, CallbackError::Replayed), "{again:?}");
    }
    assert_eq!(world.microsoft.journal().count(Operation::Token), tokens);
    assert_eq!(world.kept("contoso").await?, kept);
    world.teams_on("contoso")?.check().await?;
    Ok(())
}

#[tokio::test]
async fn of_two_callbacks_at_once_one_counts() -> Result<()> {
    let world = World::start().await?;
    let parameters = signed_in(&world).await?;
    let (one, other) = tokio::join!(world.finish(parameters.clone()), world.finish(parameters.clone()));
    let (good, bad) = if one.is_ok() { (one, other) } else { (other, one) };
    assert_eq!(good?.account.id, contoso::SERVICE_ACCOUNT_ID);
    let replayed = turned_away(bad)?;
    assert!(matches!(replayed, CallbackError::Replayed), "{replayed:?}");
    assert_eq!(world.microsoft.journal().count(Operation::Token), 1, "the code was redeemed once");
    Ok(())
}

#[tokio::test]
async fn a_callback_that_comes_after_a_quarter_of_an_hour_is_refused() -> Result<()> {
    let world = World::start().await?;
    let parameters = signed_in(&world).await?;
    world.advance(Duration::from_secs(15 * 60 + 1));
    let late = turned_away(world.finish(parameters).await)?;
    assert!(matches!(late, CallbackError::Expired), "{late:?}");
    assert_eq!(world.microsoft.journal().count(Operation::Token), 0);
    assert_eq!(world.told(world.teams_on("contoso")?.check().await)?, "not-connected");
    assert!(world.kept("contoso").await?.credentials.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_callback_without_a_state_that_was_given_out_is_refused() -> Result<()> {
    let world = World::start().await?;
    let good = signed_in(&world).await?;
    let stateless: Vec<_> = good.iter().filter(|it| it.name != "state").cloned().collect();
    let state = |value: &str| Parameter { name: "state".to_owned(), value: value.to_owned() };
    let with = |value: &str| stateless.iter().cloned().chain([state(value)]).collect::<Vec<_>>();
    let twice = good.iter().cloned().chain([state("x")]).collect();
    for parameters in [stateless.clone(), with(""), with("x"), with(&"A".repeat(43)), twice, Vec::new()] {
        let unknown = turned_away(world.host.callback(SESSION, parameters).await)?;
        assert!(matches!(unknown, CallbackError::Unknown), "{unknown:?}");
    }
    assert_eq!(world.microsoft.journal().count(Operation::Token), 0);
    world.finish(good).await?;
    Ok(())
}

#[tokio::test]
async fn an_administrator_who_declines_stores_nothing() -> Result<()> {
    let world = World::start().await?;
    let url = world.begin("contoso", Purpose::Connect, contoso::TENANT_ID).await?;
    let declining = SignIn { consent: Consent::Decline, ..SignIn::accepting(contoso::SERVICE_ACCOUNT) };
    let callback = parameters(&world.microsoft.sign_in(&url, declining).await?)?;
    assert_eq!(world.told(world.finish(callback).await)?, "sign-in-failed Cancelled");
    assert_eq!(world.microsoft.journal().count(Operation::Token), 0);
    assert!(world.kept("contoso").await?.is_nothing());
    Ok(())
}

#[tokio::test]
async fn where_administrators_consent_an_administrator_has_to_approve_first() -> Result<()> {
    let world = World::start().await?;
    world.microsoft.directory().require_admin_consent(contoso::TENANT_ID, true)?;
    let waiting = signed_in(&world).await?;
    assert_eq!(world.told(world.finish(waiting).await)?, "sign-in-failed ApprovalRequired");
    assert!(world.kept("contoso").await?.is_nothing());

    world.microsoft.directory().grant_consent(contoso::CLIENT_ID, contoso::TENANT_ID)?;
    world.connect("contoso").await?;
    Ok(())
}

#[tokio::test]
async fn an_error_on_microsofts_pages_comes_back_as_what_it_means() -> Result<()> {
    let world = World::start().await?;
    for (code, expected) in [
        (65_004, "sign-in-failed Cancelled"),
        (90_094, "sign-in-failed ApprovalRequired"),
        (16_000, "sign-in-failed Refused"),
        (50_058, "sign-in-failed Refused"),
        (70_011, "sign-in-failed Refused"),
        (90_033, "unavailable"),
    ] {
        world.microsoft.faults().inject(Fault::once(Operation::SignIn, Action::Aadsts(code)));
        let callback = signed_in(&world).await?;
        assert_eq!(world.told(world.finish(callback).await)?, expected, "AADSTS{code}");
    }
    assert_eq!(world.microsoft.journal().count(Operation::Token), 0);
    assert!(world.kept("contoso").await?.is_nothing());
    Ok(())
}

#[tokio::test]
async fn an_answer_without_a_code_redeems_nothing() -> Result<()> {
    let world = World::start().await?;
    let long = "x".repeat(20_000);
    for (pairs, expected) in [
        (vec![], "sign-in-failed NotOurs"),
        (vec![("code", "")], "sign-in-failed NotOurs"),
        (vec![("error", "access_denied"), ("code", "1.good")], "sign-in-failed Cancelled"),
        (vec![("error", "consent_required")], "sign-in-failed ApprovalRequired"),
        (vec![("error", "server_error")], "unavailable"),
        (vec![("error", "temporarily_unavailable")], "unavailable"),
        (vec![("error", "unauthorized_client")], "misconfigured UnknownClient"),
        (vec![("error", "<script>\u{7}"), ("error_description", "x")], "sign-in-failed Refused"),
        (vec![("error", long.as_str()), ("error_description", &long)], "sign-in-failed Refused"),
    ] {
        let callback = callback_with(&world, &pairs).await?;
        assert_eq!(world.told(world.finish(callback).await)?, expected, "{pairs:?}");
    }
    assert_eq!(world.microsoft.journal().count(Operation::Token), 0);
    assert!(world.kept("contoso").await?.is_nothing());
    Ok(())
}

#[tokio::test]
async fn a_sign_in_whose_address_was_tampered_with_is_not_ours() -> Result<()> {
    let world = World::start().await?;
    let challenge = "A".repeat(43);
    for (name, value) in [
        ("nonce", Some("another")),
        ("nonce", None),
        ("code_challenge", Some(challenge.as_str())),
        ("code_challenge", None),
        ("code_challenge_method", Some("plain")),
    ] {
        let url = world.begin("contoso", Purpose::Connect, contoso::TENANT_ID).await?;
        let mut changed = Url::parse(&url)?;
        let others: Vec<_> = changed.query_pairs().into_owned().filter(|(it, _)| it != name).collect();
        changed.query_pairs_mut().clear().extend_pairs(others);
        if let Some(value) = value {
            changed.query_pairs_mut().append_pair(name, value);
        }
        let callback = world.sign_in(changed.as_str(), contoso::SERVICE_ACCOUNT).await?;
        assert_eq!(world.told(world.finish(callback).await)?, "sign-in-failed NotOurs", "{name}");
        assert!(world.kept("contoso").await?.is_nothing(), "{name}");
    }
    // Where every organisation may sign in, the code is of no use at the tenant's token endpoint.
    let url = world.begin("contoso", Purpose::Connect, contoso::TENANT_ID).await?;
    let callback = world.sign_in(&url.replace(contoso::TENANT_ID, "organizations"), contoso::ADVISER).await?;
    assert_eq!(world.told(world.finish(callback).await)?, "sign-in-failed NotOurs");
    assert!(world.kept("contoso").await?.is_nothing());
    Ok(())
}

#[tokio::test]
async fn the_code_of_another_sign_in_is_not_ours() -> Result<()> {
    let world = World::start().await?;
    let theirs = signed_in(&world).await?;
    let code = theirs.iter().find(|it| it.name == "code").context("a code")?.value.clone();
    let injected = callback_with(&world, &[("code", &code)]).await?;
    assert_eq!(world.told(world.finish(injected).await)?, "sign-in-failed NotOurs");
    assert!(world.kept("contoso").await?.credentials.is_empty());

    // The code itself is untouched by that, and of no use any more once it was redeemed.
    world.finish(theirs).await?;
    let kept = world.kept("contoso").await?;
    let injected = callback_with(&world, &[("code", &code)]).await?;
    assert_eq!(world.told(world.finish(injected).await)?, "sign-in-failed Expired");
    assert_eq!(world.kept("contoso").await?, kept);
    Ok(())
}
