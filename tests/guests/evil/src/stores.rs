//! What it stores and looks for, or tries to.

use crate::bindings::scheduling::video_provider::{credentials, http, storage};

/// Does what the appointment's id asks for, and tells what it came to.
pub(crate) fn did(evil: &str) -> Option<String> {
    Some(match evil {
        "overflow storage" => overflow(),
        "overflow keys" => {
            let key = |length: usize| storage::set(&"k".repeat(length), b"").is_ok();
            format!("512 bytes: {}, 513 bytes: {}, none: {}", key(512), key(513), key(0))
        }
        "a million keys" => {
            let written = (0..1_000_000).take_while(|n| storage::set(&format!("{n}"), b"").is_ok()).count();
            format!("{written} keys")
        }
        "environment" => {
            format!("{} variables, {} arguments", std::env::vars().count(), std::env::args().count())
        }
        "look around" => look_around(),
        key if key.starts_with("write:") => {
            let written = storage::set(&key["write:".len()..], b"the secret of this integration");
            format!("written: {}", written.is_ok())
        }
        // Nothing evil: what a read costs, by the difference to a call that does not read.
        times if times.starts_with("read:") => {
            let times = times["read:".len()..].parse().unwrap_or(0);
            let found = (0..times).filter(|_| matches!(storage::get("connection"), Ok(Some(_)))).count();
            format!("{found} of {times} reads found something")
        }
        key if key.starts_with("use credential:") => use_credential(&key["use credential:".len()..]),
        _ => return None,
    })
}

fn overflow() -> String {
    let large = vec![7_u8; 64 << 10];
    let written = (0..1_000).take_while(|n| storage::set(&format!("key-{n}"), &large).is_ok()).count();
    let too_large = storage::set("large", &vec![7_u8; (64 << 10) + 1]).is_err();
    format!("{written} values written, a larger one refused: {too_large}")
}

/// Everything that can be found without being told of it.
fn look_around() -> String {
    let mut found = storage::list("", None).map_or(0, |page| page.keys.len());
    for key in
        ["connection", "../contoso/connection", "contoso/connection", "contoso\u{0}connection", "%", "*"]
    {
        found += usize::from(matches!(storage::get(key), Ok(Some(_))));
    }
    format!("{found} things found")
}

/// Asks for something with another one's credential, by the name that it has there.
fn use_credential(name: &str) -> String {
    let request = http::Request {
        method: http::Method::Get,
        url: "https://graph.microsoft.com/v1.0/me".to_owned(),
        headers: Vec::new(),
        body: None,
        credential: Some(name.to_owned()),
    };
    let used = match http::send(&request) {
        Ok(response) => format!("answered {}", response.status),
        Err(http::Error::Credential(http::CredentialFailure::Missing)) => "missing".to_owned(),
        Err(error) => format!("{error:?}"),
    };
    let taken = match credentials::promote(name, "mine") {
        Ok(()) => "taken".to_owned(),
        Err(credentials::Error::Missing) => "missing".to_owned(),
        Err(error) => format!("{error:?}"),
    };
    format!("used: {used}, promoted: {taken}")
}
