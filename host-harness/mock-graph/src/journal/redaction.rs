//! Replacing what is secret in a recording that leaves the process.

use http::{HeaderMap, header};
use serde_json::Value;

pub(super) const REDACTED: &str = "[redacted]";

/// Names of form fields and query parameters whose values are secret.
const SECRET_PARAMETERS: &[&str] = &[
    "access_token",
    "refresh_token",
    "id_token",
    "id_token_hint",
    "code",
    "code_verifier",
    "client_secret",
    "client_assertion",
    "assertion",
    "password",
    "flow",
];

/// Names of JSON properties whose values are secret, at any depth. `code` is not among them: it
/// is what Graph calls the code of an error, and authorization codes never travel in JSON.
const SECRET_PROPERTIES: &[&str] = &[
    "access_token",
    "refresh_token",
    "id_token",
    "code_verifier",
    "client_secret",
    "client_assertion",
    "assertion",
    "password",
    "passcode",
    "authorization",
    "cookie",
];

pub(super) fn is_secret_parameter(name: &str) -> bool {
    SECRET_PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// `a=1&code=2` with the secret values replaced; everything else stays as received.
pub(super) fn form(raw: &str) -> String {
    raw.split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if is_secret_parameter(&crate::wire::decoded(name)) => {
                format!("{name}={REDACTED}")
            }
            _ => pair.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("&")
}

/// A URL, or a path with a query; a fragment is treated as a query too.
pub(super) fn url(raw: &str) -> String {
    let (rest, fragment) = match raw.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (raw, None),
    };
    let mut shown = match rest.split_once('?') {
        Some((path, query)) => format!("{path}?{}", form(query)),
        None => rest.to_owned(),
    };
    if let Some(fragment) = fragment {
        shown.push('#');
        shown.push_str(&form(fragment));
    }
    shown
}

pub(super) fn json(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map.iter_mut() {
                if SECRET_PROPERTIES.iter().any(|secret| name.eq_ignore_ascii_case(secret)) {
                    *inner = Value::from(REDACTED);
                } else {
                    json(inner);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(json),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A body by its media type: forms and JSON with secrets replaced, everything else left out,
/// because what cannot be read cannot be cleaned.
pub(super) fn body(media_type: &str, raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    if raw.is_empty() {
        String::new()
    } else if media_type.starts_with("application/x-www-form-urlencoded") {
        form(&text)
    } else if media_type.contains("json")
        && let Ok(mut value) = serde_json::from_slice::<Value>(raw)
    {
        json(&mut value);
        value.to_string()
    } else {
        format!("[{} bytes left out]", raw.len())
    }
}

pub(super) fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            let shown =
                if [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE, header::SET_COOKIE]
                    .contains(name)
                {
                    REDACTED.to_owned()
                } else if [header::LOCATION, header::REFERER].contains(name) {
                    url(&text)
                } else {
                    text.into_owned()
                };
            (name.to_string(), shown)
        })
        .collect()
}
