//! Whatever a guest asks for: what is admitted keeps the rules.

use http::Uri;

use super::address::forbidden;
use super::destination::Destination;
use super::{Grant, MAX_HEADER_BYTES, MAX_HEADERS, Purpose, admit_headers};

#[test]
fn fuzz_headers() {
    for input in fuzzing::inputs("headers") {
        let text = String::from_utf8_lossy(&input);
        // Split at line feeds only: carriage returns and colons are left for the values.
        let given: Vec<_> = text
            .split('\n')
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let Ok(admitted) = admit_headers(&given) else { continue };
        assert!(given.len() <= MAX_HEADERS && admitted.len() == given.len());
        let bytes: usize = admitted.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        assert!(bytes <= MAX_HEADER_BYTES);
        for (name, value) in &admitted {
            let name = name.as_str();
            let owned =
                ["host", "authorization", "cookie", "content-length", "transfer-encoding", "connection"];
            assert!(!owned.contains(&name) && !name.starts_with("proxy-"), "{name} was admitted");
            let clean = |b: &u8| !matches!(b, b'\r' | b'\n' | 0);
            assert!(value.as_bytes().iter().all(clean), "a line break was admitted");
        }
    }
}

#[test]
fn fuzz_url() {
    let grant = Grant {
        api: vec![
            "https://graph.microsoft.com".parse().expect("an origin"),
            "https://*.rooms.example".parse().expect("an origin"),
        ],
        identity: Vec::new(),
    };
    for input in fuzzing::inputs("url") {
        let Ok(text) = std::str::from_utf8(&input) else { continue };
        let Ok(uri) = text.parse::<Uri>() else { continue };
        if let Some(host) = uri.host() {
            match Destination::parse(host) {
                Ok(Destination::Address(ip)) => assert_eq!(forbidden(ip), None, "{text}"),
                Ok(Destination::Name(name)) => {
                    let last = name.rsplit('.').next().unwrap_or_default();
                    assert!(
                        !last.bytes().all(|b| b.is_ascii_digit()),
                        "{text} reads as an address somewhere"
                    );
                    assert!(name.parse::<std::net::IpAddr>().is_err(), "{text}");
                }
                Err(_) => {}
            }
        }
        if grant.permits(&uri, Purpose::Plain).is_err() {
            continue;
        }
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        assert_eq!((uri.scheme_str(), uri.port_u16().unwrap_or(443)), (Some("https"), 443), "{text}");
        assert!(host == "graph.microsoft.com" || host.ends_with(".rooms.example"), "{text} was permitted");
        // And as a browser's parser reads it, which must not read another host.
        if let Ok(url) = url::Url::parse(text) {
            assert_eq!(url.host_str(), Some(host.as_str()), "{text} is read in two ways");
        }
    }
}
