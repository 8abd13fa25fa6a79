//! The identity platform: sign-in, consent, tokens and their errors.

mod client;

use std::time::Duration;

use anyhow::{Context as _, Result};
use client::*;
use http::StatusCode;
use mock_graph::{
    Action, Config, Consent, Fault, MockGraph, Operation, Organisation, SignIn, SignInError, User, contoso,
};

async fn refresh(mock: &MockGraph, refresh_token: &str) -> Result<Answer> {
    let parameters = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    token(mock, contoso::TENANT_ID, &parameters).await
}

async fn refresh_token(mock: &MockGraph) -> Result<String> {
    let answer = signed_in(mock).await?;
    Ok(answer["refresh_token"].as_str().context("a refresh token")?.to_owned())
}

async fn refused(mock: &MockGraph, url: &str, username: &str) -> Result<u32> {
    match mock.sign_in(url, SignIn::accepting(username)).await {
        Err(SignInError::Refused { code, .. }) => Ok(code),
        other => anyhow::bail!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_sign_in_with_consent_gives_a_code_and_the_state_back() -> Result<()> {
    let mock = start().await?;
    let script = SignIn::accepting(contoso::SERVICE_ACCOUNT);
    let url = mock.sign_in(&authorize_url(contoso::TENANT_ID, &[]), script).await?;
    assert!(url.starts_with(contoso::REDIRECT_URI));
    assert_eq!(parameter(&url, "state").as_deref(), Some("the-state"));
    let code = parameter(&url, "code").context("a code")?;
    let answer = token(&mock, contoso::TENANT_ID, &redemption(&code)).await?.json();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 3_600);
    for name in ["access_token", "refresh_token", "id_token"] {
        let secret = answer[name].as_str().context(name)?.to_owned();
        assert!(mock.issued_secrets().contains(&secret), "{name} is not noted");
    }
    assert!(mock.issued_secrets().contains(&VERIFIER.to_owned()));
    assert!(mock.issued_secrets().contains(&contoso::CLIENT_SECRET.to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_refresh_token_comes_only_with_offline_access_and_an_id_token_only_with_openid() -> Result<()> {
    let mock = start().await?;
    let url = authorize_url(contoso::TENANT_ID, &[("scope", "User.Read")]);
    let back = mock.sign_in(&url, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
    let code = parameter(&back, "code").context("a code")?;
    let mut parameters = redemption(&code).to_vec();
    parameters.push(("client_info", "1"));
    let answer = token(&mock, contoso::TENANT_ID, &parameters).await?.json();
    assert!(answer["refresh_token"].is_null());
    assert!(answer["id_token"].is_null());
    assert_eq!(answer["scope"], "User.Read");
    assert!(answer["client_info"].is_string());
    Ok(())
}

#[tokio::test]
async fn cancelling_the_consent_comes_back_as_access_denied() -> Result<()> {
    let mock = start().await?;
    let script = SignIn { consent: Consent::Decline, ..SignIn::accepting(contoso::SERVICE_ACCOUNT) };
    let url = mock.sign_in(&authorize_url(contoso::TENANT_ID, &[]), script).await?;
    assert_eq!(parameter(&url, "error").as_deref(), Some("access_denied"));
    let description = parameter(&url, "error_description").context("a description")?;
    assert!(description.starts_with("AADSTS65004: "), "{description}");
    assert_eq!(parameter(&url, "state").as_deref(), Some("the-state"));
    Ok(())
}

#[tokio::test]
async fn what_must_not_be_redirected_ends_on_an_error_page() -> Result<()> {
    let mock = start().await?;
    let account = contoso::SERVICE_ACCOUNT;
    let unknown = "11111111-2222-3333-4444-555555555555";
    let wrong_uri = [("redirect_uri", "https://scheduling.example/integrations/callback/")];
    for (url, code) in [
        (authorize_url(unknown, &[]), 90002),
        (authorize_url("nowhere.example", &[]), 90002),
        (authorize_url("not%20a%20tenant", &[]), 900_023),
        (authorize_url(contoso::DOMAIN, &wrong_uri), 50011),
        (authorize_url(contoso::DOMAIN, &[("client_id", unknown)]), 700_016),
    ] {
        assert_eq!(refused(&mock, &url, account).await?, code, "{url}");
    }
    Ok(())
}

#[tokio::test]
async fn accounts_that_cannot_sign_in_are_told_why_on_the_page() -> Result<()> {
    let mock = start().await?;
    mock.directory().add_organisation(Organisation {
        tenant_id: "aaaabbbb-0000-cccc-1111-dddd2222eeee".to_owned(),
        domains: vec!["fabrikam.example".to_owned()],
        display_name: "Fabrikam".to_owned(),
        users: vec![User::member(
            "00000000-0000-0000-0000-00000000000a",
            "ann@fabrikam.example",
            "Ann Other",
        )],
        ..contoso::organisation()
    });
    let url = authorize_url(contoso::TENANT_ID, &[]);
    assert_eq!(refused(&mock, &url, "someone@outlook.com").await?, 50020);
    assert_eq!(refused(&mock, &url, "ann@fabrikam.example").await?, 50020);
    assert_eq!(refused(&mock, &url, "nobody@contoso.com").await?, 50034);
    let wrong = SignIn { password: "guess".to_owned(), ..SignIn::accepting(contoso::ADVISER) };
    let wrong = mock.sign_in(&url, wrong).await;
    assert!(matches!(wrong, Err(SignInError::Refused { code: 50126, .. })), "{wrong:?}");
    mock.directory().block_by_conditional_access(contoso::ADVISER, true)?;
    assert_eq!(refused(&mock, &url, contoso::ADVISER).await?, 53003);
    mock.directory().set_enabled(contoso::ADVISER, false)?;
    assert_eq!(refused(&mock, &url, contoso::ADVISER).await?, 50057);
    // At /common the account's own tenant signs it in.
    let url = authorize_url("common", &[]);
    let back = mock.sign_in(&url, SignIn::accepting("ann@fabrikam.example")).await?;
    assert!(parameter(&back, "code").is_some());
    Ok(())
}

#[tokio::test]
async fn a_code_is_redeemed_once_with_its_verifier_on_its_tenant_path() -> Result<()> {
    let mock = start().await?;
    let issued = code(&mock, contoso::TENANT_ID).await?;
    let mut wrong = redemption(&issued);
    wrong[3].1 = "another-verifier-another-verifier-another-verifier";
    assert_eq!(token(&mock, contoso::TENANT_ID, &wrong).await?.code(), "501481");
    assert_eq!(token(&mock, "common", &redemption(&issued)).await?.code(), "700005");
    // The same tenant by its domain is the same path.
    let answer = token(&mock, contoso::DOMAIN, &redemption(&issued)).await?;
    assert_eq!(answer.status, StatusCode::OK);
    let again = token(&mock, contoso::TENANT_ID, &redemption(&issued)).await?;
    assert_eq!((again.status, again.code()), (StatusCode::BAD_REQUEST, "54005".to_owned()));
    assert_eq!(again.json()["error"], "invalid_grant");

    let late = code(&mock, contoso::TENANT_ID).await?;
    mock.clock().advance(Duration::from_mins(10));
    assert_eq!(token(&mock, contoso::TENANT_ID, &redemption(&late)).await?.code(), "70008");
    Ok(())
}

#[tokio::test]
async fn a_used_refresh_token_keeps_working_beside_the_new_one() -> Result<()> {
    let mock = start().await?;
    let old = refresh_token(&mock).await?;
    let new = refresh(&mock, &old).await?.json();
    assert_ne!(new["refresh_token"], old.as_str());
    assert_eq!(refresh(&mock, &old).await?.status, StatusCode::OK);
    mock.faults().inject(Fault::once(Operation::Token, Action::OmitRefreshToken));
    let omitted = refresh(&mock, &old).await?;
    assert_eq!(omitted.status, StatusCode::OK);
    assert!(omitted.json()["refresh_token"].is_null());
    Ok(())
}

#[tokio::test]
async fn the_state_of_an_account_decides_what_its_refresh_gets() -> Result<()> {
    let mock = start().await?;
    let directory = mock.directory();
    let account = contoso::SERVICE_ACCOUNT;
    let token = refresh_token(&mock).await?;

    directory.require_mfa(account)?;
    let mfa = refresh(&mock, &token).await?;
    assert_eq!(mfa.code(), "50076");
    assert_eq!(mfa.json()["suberror"], "basic_action");
    // Signing in again performs the second factor.
    let token = refresh_token(&mock).await?;
    assert_eq!(refresh(&mock, &token).await?.status, StatusCode::OK);

    directory.require_mfa_enrolment(account)?;
    assert_eq!(refresh(&mock, &token).await?.code(), "50079");
    let token = refresh_token(&mock).await?;

    directory.block_by_conditional_access(account, true)?;
    assert_eq!(refresh(&mock, &token).await?.code(), "53003");
    directory.block_by_conditional_access(account, false)?;

    directory.set_enabled(account, false)?;
    assert_eq!(refresh(&mock, &token).await?.code(), "50057");
    directory.set_enabled(account, true)?;

    directory.withdraw_consent(contoso::CLIENT_ID, contoso::TENANT_ID)?;
    let withdrawn = refresh(&mock, &token).await?;
    assert_eq!(withdrawn.code(), "65001");
    assert_eq!(withdrawn.json()["suberror"], "consent_required");
    let token = refresh_token(&mock).await?;

    directory.set_sign_in_frequency(contoso::TENANT_ID, Some(Duration::from_hours(1)))?;
    mock.clock().advance(Duration::from_hours(2));
    assert_eq!(refresh(&mock, &token).await?.code(), "70043");
    directory.set_sign_in_frequency(contoso::TENANT_ID, None)?;

    mock.clock().advance(Duration::from_hours(90 * 24));
    assert_eq!(refresh(&mock, &token).await?.code(), "700082");

    let token = refresh_token(&mock).await?;
    directory.revoke_sessions(account)?;
    let revoked = refresh(&mock, &token).await?;
    assert_eq!(revoked.code(), "50173");
    assert_eq!(revoked.json()["suberror"], "bad_token");
    assert_eq!(refresh(&mock, "made-up").await?.code(), "70000");
    Ok(())
}

#[tokio::test]
async fn a_clients_own_mistakes_are_told_from_a_dead_grant() -> Result<()> {
    let mock = start().await?;
    let grant = [("grant_type", "refresh_token"), ("refresh_token", "any")];
    let wrong = [("client_secret", "wrong"), grant[0], grant[1]];
    let answer = token(&mock, contoso::TENANT_ID, &wrong).await?;
    assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, "7000215".to_owned()));
    assert_eq!(answer.json()["error"], "invalid_client");
    let none = [("client_secret", ""), grant[0], grant[1]];
    assert_eq!(token(&mock, contoso::TENANT_ID, &none).await?.code(), "7000218");
    mock.directory().expire_secrets(contoso::CLIENT_ID)?;
    assert_eq!(token(&mock, contoso::TENANT_ID, &grant).await?.code(), "7000222");
    mock.directory().update_application(contoso::CLIENT_ID, |app| app.public_client = true)?;
    assert_eq!(token(&mock, contoso::TENANT_ID, &grant).await?.code(), "700025");
    let unknown = token(&mock, "11111111-2222-3333-4444-555555555555", &grant).await?;
    assert_eq!(unknown.json()["error"], "invalid_request");
    assert_eq!(unknown.code(), "90002");
    Ok(())
}

#[tokio::test]
async fn errors_of_the_pages_can_be_asked_for_too() -> Result<()> {
    let mock = start().await?;
    let url = authorize_url(contoso::TENANT_ID, &[]);
    for code in [50020, 50011, 700_016] {
        mock.faults().inject(Fault::once(Operation::Authorize, Action::Aadsts(code)));
        assert_eq!(refused(&mock, &url, contoso::SERVICE_ACCOUNT).await?, code);
    }
    for code in [90094, 65004] {
        mock.faults().inject(Fault::once(Operation::SignIn, Action::Aadsts(code)));
        let back = mock.sign_in(&url, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
        assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
        let description = parameter(&back, "error_description").unwrap_or_default();
        assert!(description.contains(&code.to_string()), "{description}");
    }
    Ok(())
}

#[tokio::test]
async fn a_permission_only_administrators_may_grant_is_refused_to_others() -> Result<()> {
    let mock = start().await?;
    let url = authorize_url(contoso::TENANT_ID, &[("scope", "openid User.Read.All")]);
    let back = mock.sign_in(&url, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
    let description = parameter(&back, "error_description").unwrap_or_default();
    assert!(description.starts_with("AADSTS90094"), "{description}");
    let everyone =
        SignIn { consent: Consent::AcceptForOrganisation, ..SignIn::accepting(contoso::ADMINISTRATOR) };
    assert!(parameter(&mock.sign_in(&url, everyone).await?, "code").is_some());
    let back = mock.sign_in(&url, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
    assert!(parameter(&back, "code").is_some());
    Ok(())
}

#[tokio::test]
async fn admin_consent_redirects_with_admin_consent_true_even_when_it_failed() -> Result<()> {
    let mock = start().await?;
    let url = format!(
        "https://{LOGIN}/{}/v2.0/adminconsent?client_id={}&redirect_uri={}&state=s\
         &scope=https://graph.microsoft.com/.default",
        contoso::TENANT_ID,
        contoso::CLIENT_ID,
        contoso::REDIRECT_URI
    );
    let decline = SignIn { consent: Consent::Decline, ..SignIn::accepting(contoso::ADMINISTRATOR) };
    let back = mock.sign_in(&url, decline).await?;
    assert_eq!(parameter(&back, "admin_consent").as_deref(), Some("True"));
    assert_eq!(parameter(&back, "error").as_deref(), Some("consent_required"));
    let back = mock.sign_in(&url, SignIn::accepting(contoso::ADVISER)).await?;
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    let back = mock.sign_in(&url, SignIn::accepting(contoso::ADMINISTRATOR)).await?;
    assert_eq!(parameter(&back, "error"), None);
    assert_eq!(parameter(&back, "tenant").as_deref(), Some(contoso::TENANT_ID));
    Ok(())
}

#[tokio::test]
async fn discovery_names_endpoints_under_the_host_that_was_asked() -> Result<()> {
    let mock = start().await?;
    let port = mock.addr().port();
    let host = format!("localhost:{port}");
    let path = "v2.0/.well-known/openid-configuration";
    let mut sender = connect(&mock, "localhost", true).await?;
    let url = format!("https://{host}/{}/{path}", contoso::DOMAIN);
    let document = sender.send("GET", &url, &[], "").await?.json();
    assert_eq!(document["issuer"], format!("https://{host}/{}/v2.0", contoso::TENANT_ID));
    let keys = document["jwks_uri"].as_str().context("a URL")?;
    let keys = sender.send("GET", keys, &[], "").await?.json();
    assert_eq!(keys["keys"][0]["kty"], "RSA");
    let common = send(&mock, "GET", &format!("https://{LOGIN}/common/{path}"), &[], "").await?;
    assert_eq!(common.json()["issuer"], format!("https://{LOGIN}/{{tenantid}}/v2.0"));
    let unknown = format!("https://{LOGIN}/nowhere.example/{path}");
    let unknown = send(&mock, "GET", &unknown, &[], "").await?;
    assert_eq!(unknown.json()["error"], "invalid_tenant");
    Ok(())
}

#[tokio::test]
async fn a_single_page_applications_refresh_token_ends_after_a_day() -> Result<()> {
    let mut config = Config::default();
    for uri in config.applications.iter_mut().flat_map(|app| &mut app.redirect_uris) {
        uri.single_page = true;
    }
    let mock = MockGraph::start(config).await?;
    let first = refresh_token(&mock).await?;
    mock.clock().advance(Duration::from_hours(13));
    let second = refresh(&mock, &first).await?.json();
    mock.clock().advance(Duration::from_hours(13));
    let second = second["refresh_token"].as_str().context("a refresh token")?;
    assert_eq!(refresh(&mock, second).await?.code(), "700084");
    Ok(())
}
