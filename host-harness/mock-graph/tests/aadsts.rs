//! The table of token-endpoint and sign-in errors, line by line: how the directory has to be for
//! Microsoft to answer so, and that the stand-in then answers so.

mod client;

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use client::*;
use http::StatusCode;
use mock_graph::{
    Action, Config, Consent, Fault, InteractionRefusal, MockGraph, Operation, RedirectUri, SignIn,
    SignInError, contoso,
};
use serde_json::Value;

const ACCOUNT: &str = contoso::SERVICE_ACCOUNT;
/// Today's replies name the application or the URI in the middle of the documented sentence.
const NAMES_THE_CASE: [u64; 2] = [7_000_222, 50011];
const NOBODY: &str = "11111111-2222-3333-4444-555555555555";

/// One error, as it came.
#[derive(Debug)]
struct Seen {
    /// None on a page.
    status: Option<u16>,
    /// None on a page: the application is told nothing.
    error: Option<String>,
    suberror: Option<String>,
    description: String,
}

fn table() -> Result<Vec<Value>> {
    let table: Value = serde_json::from_str(include_str!("../data/errors.json"))?;
    Ok(table["rows"].as_array().context("rows")?.clone())
}

fn told(answer: &Answer) -> Seen {
    let body = answer.json();
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    Seen {
        status: Some(answer.status.as_u16()),
        error: text("error"),
        suberror: text("suberror"),
        description: text("error_description").unwrap_or_default(),
    }
}

/// How a run of the sign-in pages ended.
async fn shown(mock: &MockGraph, url: &str, script: SignIn) -> Result<Seen> {
    match mock.sign_in(url, script).await {
        Ok(back) => Ok(Seen {
            status: Some(302),
            error: parameter(&back, "error"),
            suberror: None,
            description: parameter(&back, "error_description").context("no error came back")?,
        }),
        Err(SignInError::Refused { page, .. }) => {
            let alert = page.split("role=\"alert\">").nth(1).and_then(|rest| rest.split('<').next());
            let description = alert.context("an alert")?.replace("&#39;", "'");
            Ok(Seen { status: None, error: None, suberror: None, description })
        }
        Err(other) => Err(other.into()),
    }
}

async fn begin(mock: &MockGraph, tenant: &str, change: &[(&str, &str)]) -> Result<Seen> {
    shown(mock, &authorize_url(tenant, change), SignIn::accepting(ACCOUNT)).await
}

async fn redeem(mock: &MockGraph, tenant: &str, change: &[(&str, &str)]) -> Result<Seen> {
    let code = code(mock, contoso::TENANT_ID).await?;
    let given = redemption(&code);
    let kept = given.iter().filter(|(name, _)| !change.iter().any(|(changed, _)| changed == name));
    let parameters: Vec<_> = kept.chain(change).copied().collect();
    Ok(told(&token(mock, tenant, &parameters).await?))
}

async fn refresh(mock: &MockGraph, refresh_token: &str, change: &[(&str, &str)]) -> Result<Seen> {
    let mut parameters = vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    parameters.extend(change);
    Ok(told(&token(mock, contoso::TENANT_ID, &parameters).await?))
}

/// A refresh after something happened to a grant that had worked.
async fn after(mock: &MockGraph, happens: impl FnOnce(&MockGraph) -> Result<()>) -> Result<Seen> {
    let token = signed_in(mock).await?["refresh_token"].as_str().context("a refresh token")?.to_owned();
    let fine = refresh(mock, &token, &[]).await?;
    ensure!(fine.status == Some(200), "the grant was to work first: {fine:?}");
    happens(mock)?;
    refresh(mock, &token, &[]).await
}

/// Both ways in which `happens` is answered that a person has to do something about.
async fn interaction(happens: fn(&MockGraph) -> Result<()>) -> Result<Vec<Seen>> {
    let mut seen = Vec::new();
    for refusal in [InteractionRefusal::InvalidGrant, InteractionRefusal::InteractionRequired] {
        let mock = start_with(|config| config.interaction_refusal = refusal).await?;
        seen.push(after(&mock, happens).await?);
    }
    Ok(seen)
}

/// The error where only a fault can bring it about, under each name that it has.
async fn fault(operation: Operation, code: u32, errors: &[&str]) -> Result<Vec<Seen>> {
    let mock = start().await?;
    let mut seen = Vec::new();
    for error in errors {
        let action = Action::AadstsAs { code, error: (*error).to_owned() };
        mock.faults().inject(Fault::once(operation, action));
        seen.push(match operation {
            Operation::Token => refresh(&mock, "any", &[]).await?,
            _ => begin(&mock, contoso::TENANT_ID, &[]).await?,
        });
    }
    Ok(seen)
}

/// What a grant can die of.
async fn dead_grant(mock: &MockGraph, code: u64) -> Result<Vec<Seen>> {
    let application = contoso::CLIENT_ID;
    let one = match code {
        50173 => after(mock, |it| Ok(it.directory().revoke_sessions(ACCOUNT)?)).await?,
        700_082 => {
            after(mock, |it| {
                it.clock().advance(Duration::from_hours(90 * 24));
                Ok(())
            })
            .await?
        }
        70008 => {
            let late = client::code(mock, contoso::TENANT_ID).await?;
            mock.clock().advance(Duration::from_mins(10));
            told(&token(mock, contoso::TENANT_ID, &redemption(&late)).await?)
        }
        70043 => {
            let often = Some(Duration::from_hours(1));
            after(mock, |it| {
                it.clock().advance(Duration::from_hours(2));
                Ok(it.directory().set_sign_in_frequency(contoso::TENANT_ID, often)?)
            })
            .await?
        }
        700_084 => {
            mock.directory().update_application(application, |it| {
                it.redirect_uris =
                    vec![RedirectUri { single_page: true, ..RedirectUri::web(contoso::REDIRECT_URI) }];
            })?;
            after(mock, |it| {
                it.clock().advance(Duration::from_hours(24));
                Ok(())
            })
            .await?
        }
        70000 => refresh(mock, "made-up", &[]).await?,
        50076 => return interaction(|it| Ok(it.directory().require_mfa(ACCOUNT)?)).await,
        50079 => return interaction(|it| Ok(it.directory().require_mfa_enrolment(ACCOUNT)?)).await,
        53003 => {
            return interaction(|it| Ok(it.directory().block_by_conditional_access(ACCOUNT, true)?)).await;
        }
        65001 => {
            after(mock, |it| Ok(it.directory().withdraw_consent(application, contoso::TENANT_ID)?)).await?
        }
        50034 => after(mock, |it| Ok(it.directory().remove_user(ACCOUNT)?)).await?,
        50057 => after(mock, |it| Ok(it.directory().set_enabled(ACCOUNT, false)?)).await?,
        50196 => {
            let strict = start_with(|config| config.loop_limit = Some(1)).await?;
            let mut seen = fault(Operation::Token, 50196, &["temporarily_unavailable"]).await?;
            seen.push(after(&strict, |_| Ok(())).await?);
            return Ok(seen);
        }
        other => bail!("nothing brings AADSTS{other} about"),
    };
    Ok(vec![one])
}

/// What the operator's registration can be wrong about.
async fn wrong_client(mock: &MockGraph, code: u64) -> Result<Vec<Seen>> {
    let application = contoso::CLIENT_ID;
    let directory = mock.directory();
    let one = match code {
        7_000_215 => refresh(mock, "any", &[("client_secret", "wrong")]).await?,
        7_000_222 => {
            directory.expire_secrets(application)?;
            refresh(mock, "any", &[]).await?
        }
        7_000_218 => {
            let mut seen = fault(Operation::Token, 7_000_218, &["invalid_request"]).await?;
            seen.push(refresh(mock, "any", &[("client_secret", "")]).await?);
            return Ok(seen);
        }
        700_025 => {
            directory.update_application(application, |it| it.public_client = true)?;
            refresh(mock, "any", &[]).await?
        }
        700_027 => {
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            let forged = [
                ("client_secret", ""),
                ("client_assertion_type", kind),
                ("client_assertion", "eyJhbGciOiJub25lIn0.e30.c2lnbmVk"),
            ];
            refresh(mock, "any", &forged).await?
        }
        700_016 => after(mock, |it| Ok(it.directory().uninstall(application, contoso::TENANT_ID)?)).await?,
        50194 => {
            directory.update_application(application, |it| it.multitenant = false)?;
            redeem(mock, "common", &[]).await?
        }
        other => bail!("nothing brings AADSTS{other} about"),
    };
    Ok(vec![one])
}

/// What a request can be wrong about, and how a person's sign-in can end.
async fn wrong_request(mock: &MockGraph, code: u64) -> Result<Vec<Seen>> {
    let tenant = contoso::TENANT_ID;
    let one = match code {
        54005 => {
            let once = client::code(mock, tenant).await?;
            ensure!(token(mock, tenant, &redemption(&once)).await?.status == StatusCode::OK);
            told(&token(mock, tenant, &redemption(&once)).await?)
        }
        501_481 => redeem(mock, tenant, &[("code_verifier", "another")]).await?,
        700_005 => redeem(mock, "common", &[]).await?,
        65004 => {
            let declining = |user| SignIn { consent: Consent::Decline, ..SignIn::accepting(user) };
            let url = format!(
                "https://{LOGIN}/{tenant}/v2.0/adminconsent?client_id={}&redirect_uri={}",
                contoso::CLIENT_ID,
                contoso::REDIRECT_URI
            );
            let by_user = shown(mock, &authorize_url(tenant, &[]), declining(ACCOUNT)).await?;
            return Ok(vec![by_user, shown(mock, &url, declining(contoso::ADMINISTRATOR)).await?]);
        }
        90094 => {
            mock.directory().require_admin_consent(tenant, true)?;
            begin(mock, tenant, &[]).await?
        }
        90002 => {
            let discovery = format!("https://{LOGIN}/{NOBODY}/v2.0/.well-known/openid-configuration");
            let discovered = told(&send(mock, "GET", &discovery, &[], "").await?);
            return Ok(vec![discovered, redeem(mock, NOBODY, &[]).await?]);
        }
        900_023 => redeem(mock, "not%20a%20tenant", &[]).await?,
        50020 => shown(mock, &authorize_url(tenant, &[]), SignIn::accepting("someone@outlook.com")).await?,
        16000 => return fault(Operation::Authorize, 16000, &["interaction_required"]).await,
        9_002_313 => {
            let url = format!("https://{LOGIN}/{tenant}/oauth2/v2.0/token");
            told(&send(mock, "POST", &url, &[("content-type", "application/json")], "{}").await?)
        }
        70011 => redeem(mock, tenant, &[("scope", "openid Meetings.All")]).await?,
        50011 => begin(mock, tenant, &[("redirect_uri", "https://elsewhere.example/")]).await?,
        other => bail!("nothing brings AADSTS{other} about"),
    };
    Ok(vec![one])
}

async fn brought_about(code: u64) -> Result<Vec<Seen>> {
    let mock = MockGraph::start(Config::default()).await?;
    match code {
        50173 | 700_082 | 70008 | 70043 | 700_084 | 70000 | 50076 | 50079 | 53003 | 65001 | 50034 | 50057
        | 50196 => dead_grant(&mock, code).await,
        7_000_215 | 7_000_222 | 7_000_218 | 700_025 | 700_027 | 700_016 | 50194 => {
            wrong_client(&mock, code).await
        }
        _ => wrong_request(&mock, code).await,
    }
}

/// The names of errors in a cell that is written for people, such as `invalid_grant or …`.
fn names(cell: &str) -> Vec<String> {
    let words = cell.split(|c: char| !c.is_ascii_lowercase() && c != '_');
    let mut names: Vec<String> = words.filter(|word| word.contains('_')).map(str::to_owned).collect();
    names.sort();
    names
}

fn is_guid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

/// `AADSTS<code>: <text> Trace ID: <guid> Correlation ID: <guid> Timestamp: <YYYY-MM-DD HH:MM:SSZ>`.
fn has_the_format(description: &str, code: u64) -> bool {
    let parts = description.strip_prefix(&format!("AADSTS{code}: ")).and_then(|rest| {
        let (text, rest) = rest.split_once(" Trace ID: ")?;
        let (trace, rest) = rest.split_once(" Correlation ID: ")?;
        let (correlation, timestamp) = rest.split_once(" Timestamp: ")?;
        Some((text, trace, correlation, timestamp))
    });
    let Some((text, trace, correlation, timestamp)) = parts else { return false };
    let digits = timestamp.replace(|c: char| c.is_ascii_digit(), "0");
    text.ends_with('.') && is_guid(trace) && is_guid(correlation) && digits == "0000-00-00 00:00:00Z"
}

#[tokio::test]
async fn every_line_of_the_table_is_answered_when_things_are_so() -> Result<()> {
    let rows = table()?;
    assert!(rows.len() >= 32, "{}", rows.len());
    for row in rows {
        let code = row["code"].as_u64().context("a code")?;
        let seen = brought_about(code).await.with_context(|| format!("AADSTS{code}"))?;
        let mut errors: Vec<String> = seen.iter().filter_map(|seen| seen.error.clone()).collect();
        errors.sort();
        assert_eq!(errors, names(row["error"].as_str().unwrap_or_default()), "AADSTS{code}");
        for seen in &seen {
            // A page's own status is no client's business; a redirect without one in the table is one.
            let expected = row["http"].as_u64().or(seen.status.filter(|it| *it == 302).map(u64::from));
            assert_eq!(seen.status.map(u64::from), expected, "AADSTS{code}");
            let suberror = row["suberror"].as_str().and_then(|cell| cell.split(' ').next());
            assert_eq!(seen.suberror.as_deref(), suberror, "AADSTS{code}");
            assert!(has_the_format(&seen.description, code), "{}", seen.description);
            // The meaning's names are placeholders, and some lines are cut short.
            let meaning = row["meaning"].as_str().unwrap_or_default();
            let meaning = meaning.split('{').next().unwrap_or_default().trim_end_matches(['\'', ' ']);
            let meaning = meaning.trim_start_matches("The ");
            let as_documented = seen.description.contains(meaning) || NAMES_THE_CASE.contains(&code);
            assert!(as_documented, "{meaning:?} is not in {:?}", seen.description);
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_line_of_the_table_can_be_asked_for_as_a_fault() -> Result<()> {
    let mock = start().await?;
    for row in table()? {
        let code = u32::try_from(row["code"].as_u64().context("a code")?)?;
        if row["http"].as_u64().is_none_or(|status| status == 302) {
            mock.faults().inject(Fault::once(Operation::Authorize, Action::Aadsts(code)));
            let seen = begin(&mock, contoso::TENANT_ID, &[]).await?;
            assert!(has_the_format(&seen.description, code.into()), "{}", seen.description);
            continue;
        }
        mock.faults().inject(Fault::once(Operation::Token, Action::Aadsts(code)));
        let seen = refresh(&mock, "any", &[]).await?;
        assert_eq!(seen.status.map(u64::from), row["http"].as_u64(), "AADSTS{code}");
        let known = names(row["error"].as_str().unwrap_or_default());
        assert!(seen.error.as_ref().is_some_and(|error| known.contains(error)), "{seen:?}");
        assert!(has_the_format(&seen.description, code.into()), "{}", seen.description);
    }
    Ok(())
}

#[tokio::test]
async fn an_expired_password_ends_sign_ins_and_refreshes_until_it_is_reset() -> Result<()> {
    let mock = start().await?;
    let dead = after(&mock, |it| Ok(it.directory().expire_password(ACCOUNT)?)).await?;
    assert!(has_the_format(&dead.description, 50133), "{}", dead.description);
    let page = begin(&mock, contoso::TENANT_ID, &[]).await?;
    assert_eq!(page.error, None);
    assert!(has_the_format(&page.description, 50055), "{}", page.description);
    mock.directory().reset_password(ACCOUNT, contoso::PASSWORD)?;
    signed_in(&mock).await?;
    Ok(())
}
