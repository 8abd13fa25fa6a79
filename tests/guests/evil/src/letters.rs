//! What it sends, or tries to.

use crate::bindings::scheduling::video_provider::{http, types};

const ME: &str = "https://graph.microsoft.com/v1.0/me";

/// Sends what the appointment's id asks for, and tells what it came to.
pub(crate) fn sent(evil: &str) -> Option<String> {
    Some(match evil {
        url if url.starts_with("https:") || url.starts_with("http:") => get(url, &[]),
        "forge authorization" => get(ME, &[("Authorization", "Bearer x")]),
        "forge host" => get(ME, &[("host", "evil.example")]),
        "forge proxy" => get(ME, &[("proxy-authorization", "Basic eDp5")]),
        "forge cookie" => get(ME, &[("cookie", "session=1")]),
        "forge length" => get(ME, &[("content-length", "3")]),
        "smuggle" => get(ME, &[("x-a", "1\r\nauthorization: Bearer x")]),
        "smuggle a name" => get(ME, &[("x-a: 1\r\nauthorization", "Bearer x")]),
        "smuggle a line" => {
            get("https://graph.microsoft.com/v1.0/me HTTP/1.1\r\nhost: evil.example\r\n", &[])
        }
        "use up requests" => {
            let answers: Vec<_> = (0..100).map(|_| get(ME, &[])).collect();
            let sent = answers.iter().filter(|answer| answer.starts_with("answered")).count();
            format!("{sent} of 100 answered")
        }
        twice if twice.starts_with("twice:") => {
            let url = &twice["twice:".len()..];
            format!("{}, {}", get(url, &[]), get(url, &[]))
        }
        _ => return None,
    })
}

/// One request that may have an effect.
pub(crate) fn post() {
    let _ = send(
        http::Method::Post,
        "https://graph.microsoft.com/v1.0/me/onlineMeetings",
        &[],
        Some(b"{}".to_vec()),
    );
}

/// The kind of answer, or of refusal.
pub(crate) fn get(url: &str, headers: &[(&str, &str)]) -> String {
    send(http::Method::Get, url, headers, None)
}

fn send(method: http::Method, url: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> String {
    let parameter = |(name, value): &(&str, &str)| types::Parameter {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    };
    let headers = headers.iter().map(parameter).collect();
    let request = http::Request { method, url: url.to_owned(), headers, body, credential: None };
    match http::send(&request) {
        Ok(response) => format!("answered {}", response.status),
        Err(http::Error::Denied(reason)) => format!("denied: {reason}"),
        Err(http::Error::NotSent(reason)) => format!("not sent: {reason}"),
        Err(http::Error::NoAnswer(_)) => "no answer".to_owned(),
        Err(http::Error::TooLarge(_)) => "too large".to_owned(),
        Err(http::Error::Deadline) => "deadline".to_owned(),
        Err(http::Error::Credential(_)) => "credential".to_owned(),
    }
}
