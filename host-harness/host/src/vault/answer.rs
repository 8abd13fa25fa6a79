//! Reads a token endpoint's answer (RFC 6749, 5).

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::{CredentialError, OAuthError, Redactor};

/// Longest description that is handed on, in characters.
const DESCRIPTION: usize = 2_000;

/// Longest code of an error, in characters.
const CODE: usize = 200;

/// Longest token taken, in bytes: many times what is seen, and still within a header's limits.
const TOKEN: usize = 32 * 1024;

/// How long a token is taken to live if the endpoint does not say.
const UNSAID_LIFETIME_MS: i64 = 10 * 60 * 1_000;

/// The longest life that is believed.
const LONGEST_LIFETIME_MS: i64 = 30 * 24 * 3_600 * 1_000;

/// Tokens, and what came with them.
pub(super) struct TokenAnswer {
    pub(super) access_token: SecretString,
    pub(super) refresh_token: Option<SecretString>,
    pub(super) id_token: Option<String>,
    pub(super) lifetime_ms: i64,
    pub(super) scope: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<Value>,
    refresh_token: Option<String>,
    id_token: Option<String>,
    scope: Option<String>,
}

/// What the endpoint answered; `redactor` knows what was sent to it.
pub(super) fn read(response: &Response<Bytes>, redactor: &Redactor) -> Result<TokenAnswer, CredentialError> {
    let (status, body) = (response.status(), response.body());
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        return Err(CredentialError::Unavailable(retry_after_ms(response.headers())));
    }
    if status.is_success()
        && let Ok(tokens) = serde_json::from_slice(body)
    {
        return accept(tokens);
    }
    match serde_json::from_slice(body).ok().and_then(|body| refusal(status, &body, redactor)) {
        Some(error) if is_passing(&error) => {
            Err(CredentialError::Unavailable(retry_after_ms(response.headers())))
        }
        Some(error) => Err(CredentialError::Refused(error)),
        None => Err(CredentialError::NoAnswer(format!(
            "HTTP {} with {} bytes that are no answer of a token endpoint",
            status.as_u16(),
            body.len()
        ))),
    }
}

fn accept(tokens: Tokens) -> Result<TokenAnswer, CredentialError> {
    let unusable = |what: &str| Err(CredentialError::NoAnswer(what.to_owned()));
    if tokens.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return unusable("the token is no bearer token");
    }
    let token = &tokens.access_token;
    if token.is_empty() || token.len() > TOKEN || HeaderValue::from_str(token).is_err() {
        return unusable("the access token cannot be put into a header");
    }
    if tokens.refresh_token.as_ref().is_some_and(|token| token.len() > TOKEN) {
        return unusable("the refresh token is too long");
    }
    Ok(TokenAnswer {
        access_token: tokens.access_token.into(),
        refresh_token: tokens.refresh_token.filter(|token| !token.is_empty()).map(SecretString::from),
        id_token: tokens.id_token,
        lifetime_ms: lifetime_ms(tokens.expires_in.as_ref()),
        scope: tokens.scope,
    })
}

/// Seconds as a number, or as the text that some endpoints send.
fn lifetime_ms(expires_in: Option<&Value>) -> i64 {
    let seconds = match expires_in {
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    seconds.map_or(UNSAID_LIFETIME_MS, |seconds| seconds.saturating_mul(1_000).clamp(0, LONGEST_LIFETIME_MS))
}

fn refusal(status: StatusCode, body: &Value, redactor: &Redactor) -> Option<OAuthError> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let code = |text: &str| clean(text, redactor).chars().take(CODE).collect::<String>();
    let error = code(text("error")?);
    let ids = [("Trace ID", text("trace_id")), ("Correlation ID", text("correlation_id"))];
    let codes = body.get("error_codes").and_then(Value::as_array).into_iter().flatten();
    Some(OAuthError {
        status: status.as_u16(),
        error,
        suberror: text("suberror").filter(|text| !text.is_empty()).map(code),
        description: description(&clean(text("error_description").unwrap_or_default(), redactor), ids),
        codes: codes.filter_map(Value::as_u64).filter_map(|code| code.try_into().ok()).take(32).collect(),
    })
}

/// At most [`DESCRIPTION`] characters of the endpoint's sentence, with the ids of the request: they
/// stand at the sentence's end, and are what its operator asks for.
fn description(sentence: &str, ids: [(&str, Option<&str>); 2]) -> String {
    if sentence.chars().count() <= DESCRIPTION {
        return sentence.to_owned();
    }
    let mut end = String::from("…");
    for (label, id) in ids {
        // An id is a UUID; what is much longer is none.
        if let Some(id) = id.filter(|id| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_graphic())) {
            end.extend([" ", label, ": ", id]);
        }
    }
    let kept = DESCRIPTION - end.chars().count();
    sentence.chars().take(kept).chain(end.chars()).collect()
}

/// Without secrets, on one line.
fn clean(text: &str, redactor: &Redactor) -> String {
    redactor.text(text).split(char::is_control).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `Retry-After` in milliseconds, given in whole or decimal seconds. A date is not understood, and
/// counts as not given.
fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 15 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    // Rounded up, as nobody is to come back before it is over.
    let rest = fraction.bytes().skip(3).any(|digit| digit != b'0');
    Some(whole.parse::<u64>().ok()? * 1_000 + thousandths.parse::<u64>().ok()? + u64::from(rest))
}

/// Microsoft's "client loop detected" (AADSTS50196): too many token requests of one client, which it answers
/// with `invalid_grant` for a while. The grant is as good as before.
const CLIENT_LOOP: u32 = 50_196;

/// Whether a refusal says nothing about the grant, whatever its status (RFC 6749, 4.1.2.1).
fn is_passing(error: &OAuthError) -> bool {
    matches!(error.error.as_str(), "temporarily_unavailable" | "server_error")
        || error.codes.contains(&CLIENT_LOOP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<TokenAnswer, CredentialError> {
        let response = Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap();
        read(&response, &Redactor::default())
    }

    #[test]
    fn retry_after_is_read_in_whole_and_decimal_seconds() {
        for (text, expected) in [
            ("0", Some(0)),
            ("7", Some(7_000)),
            ("1.5", Some(1_500)),
            ("0.0625", Some(63)),
            ("0.0620", Some(62)),
            ("-1", None),
            ("soon", None),
            (".5", None),
            ("9999999999999999", None),
            ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(retry_after_ms(&headers), expected, "{text}");
        }
    }

    #[test]
    fn a_lifetime_may_be_a_number_or_a_text_or_missing() {
        let lifetime =
            |expires: &str| answer(200, &format!(r#"{{"access_token":"a"{expires}}}"#)).unwrap().lifetime_ms;
        assert_eq!(lifetime(r#","expires_in":3599"#), 3_599_000);
        assert_eq!(lifetime(r#","expires_in":"3599""#), 3_599_000);
        assert_eq!(lifetime(r#","expires_in":-5"#), 0);
        assert_eq!(lifetime(r#","expires_in":1e300"#), UNSAID_LIFETIME_MS);
        assert_eq!(lifetime(r#","expires_in":9000000000000000000"#), LONGEST_LIFETIME_MS);
        assert_eq!(lifetime(""), UNSAID_LIFETIME_MS);
    }

    #[test]
    fn what_is_no_answer_of_a_token_endpoint_is_no_answer() {
        for (status, body) in [
            (200, ""),
            (200, "<html>"),
            (200, r#"{"access_token":""}"#),
            (200, r#"{"access_token":"a\nb"}"#),
            (200, r#"{"access_token":"a","token_type":"mac"}"#),
            (302, ""),
            (400, "{}"),
            (404, "not found"),
        ] {
            assert!(matches!(answer(status, body), Err(CredentialError::NoAnswer(_))), "{status} {body}");
        }
    }

    #[test]
    fn a_long_description_is_cut_and_keeps_the_ids_of_the_request() {
        let body = serde_json::json!({
            "error": "invalid_grant",
            "error_description": format!("{}\r\nTrace ID: t-1", "ä".repeat(3_000)),
            "trace_id": "t-1",
            "correlation_id": "c-1",
        });
        let Err(CredentialError::Refused(error)) = answer(400, &body.to_string()) else { panic!() };
        assert_eq!(error.description.chars().count(), DESCRIPTION);
        assert!(error.description.ends_with("ä… Trace ID: t-1 Correlation ID: c-1"));
    }
}
