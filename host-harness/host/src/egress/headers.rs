//! Which request headers a plugin may set.

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// How many headers a plugin's request may have.
pub const MAX_HEADERS: usize = 64;
/// How many bytes the names and values of a plugin's headers may have together.
pub const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Headers that describe the connection or frame the message. Two opinions about these are how one
/// request becomes two, so only the HTTP library writes them.
const OF_THE_CONNECTION: [&str; 8] =
    ["host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "keep-alive"];

/// Headers that carry authority, which a plugin gets by naming a credential and no other way.
const OF_THE_HOST: [&str; 2] = ["authorization", "cookie"];

/// The name under which a header of this (lower-case) name is refused to everybody, if it is.
pub(super) fn of_the_connection(name: &str) -> Option<&'static str> {
    if name.starts_with("proxy-") {
        return Some("proxy-*");
    }
    OF_THE_CONNECTION.into_iter().find(|owned| *owned == name)
}

/// The headers of a plugin's request, or a sentence for its author that says which one is refused
/// and why. The sentence repeats nothing of what the plugin sent.
///
/// Refused are, in any case, `Host`, `Authorization`, `Cookie`, `Connection`, `Content-Length`,
/// `Transfer-Encoding`, `Upgrade`, `TE`, `Trailer`, `Keep-Alive` and `Proxy-*`; names that are no
/// token; values with a control character other than the tab (so no CR, LF or NUL); more than
/// [`MAX_HEADERS`] headers or [`MAX_HEADER_BYTES`].
pub fn admit_headers(given: &[(String, String)]) -> Result<HeaderMap, String> {
    if given.len() > MAX_HEADERS {
        return Err(format!("the request has {} headers, and {MAX_HEADERS} are allowed", given.len()));
    }
    let bytes: usize = given.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > MAX_HEADER_BYTES {
        return Err(format!("the headers have {bytes} bytes, and {MAX_HEADER_BYTES} are allowed"));
    }
    let mut admitted = HeaderMap::with_capacity(given.len());
    for (position, (name, value)) in (1..).zip(given) {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("the name of header {position} is not valid"))?;
        let owned = OF_THE_HOST.into_iter().find(|owned| *owned == name.as_str());
        if let Some(owned) = owned.or_else(|| of_the_connection(name.as_str())) {
            return Err(format!("the header `{owned}` belongs to the host"));
        }
        let value = HeaderValue::from_str(value)
            .map_err(|_| format!("the value of header {position} is not valid"))?;
        admitted.append(name, value);
    }
    Ok(admitted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(name: &str, value: &str) -> Result<HeaderMap, String> {
        admit_headers(&[(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn a_header_of_the_hosts_is_refused_in_any_case() {
        for name in [
            "Host",
            "hOsT",
            "Authorization",
            "AUTHORIZATION",
            "Cookie",
            "Connection",
            "Content-Length",
            "Transfer-Encoding",
            "transfer-ENCODING",
            "Upgrade",
            "TE",
            "te",
            "Trailer",
            "Keep-Alive",
            "Proxy-Authorization",
            "proxy-connection",
            "PROXY-ANYTHING",
        ] {
            let refusal = admit(name, "x").expect_err(name);
            assert!(refusal.contains("belongs to the host"), "{name}: {refusal}");
        }
    }

    #[test]
    fn a_header_that_smuggles_another_is_refused_and_not_repeated() {
        for (name, value) in [
            ("x-a", "1\r\nauthorization: Bearer stolen"),
            ("x-a", "1\nhost: evil.example"),
            ("x-a", "1\rx"),
            ("x-a", "1\0"),
            ("x-a", "1\u{7f}"),
            ("x-a\r\nhost", "evil.example"),
            ("x-a: b\r\nhost", "evil.example"),
            ("host ", "evil.example"),
            (" host", "evil.example"),
            ("host\t", "evil.example"),
            (":authority", "evil.example"),
            ("", "x"),
            ("h\u{f6}st", "x"),
        ] {
            let refusal = admit(name, value).expect_err(name);
            assert!(refusal.contains("is not valid"), "{name:?}: {refusal}");
            assert!(!refusal.contains("evil") && !refusal.contains("stolen"), "{refusal}");
        }
    }

    #[test]
    fn ordinary_headers_pass_and_repeated_ones_stay_repeated() {
        let headers = admit_headers(&[
            ("Accept".to_owned(), "application/json".to_owned()),
            ("Prefer".to_owned(), "a".to_owned()),
            ("prefer".to_owned(), "b".to_owned()),
            ("x-note".to_owned(), "a\tb".to_owned()),
        ])
        .unwrap();
        assert_eq!(headers["accept"], "application/json");
        assert_eq!(headers.get_all("prefer").iter().count(), 2);
    }

    #[test]
    fn the_limits_are_reached_but_not_passed() {
        let many = |count| vec![("x-a".to_owned(), "1".to_owned()); count];
        assert!(admit_headers(&many(MAX_HEADERS)).is_ok());
        assert!(admit_headers(&many(MAX_HEADERS + 1)).is_err());

        let long = |bytes| vec![("x-a".to_owned(), "a".repeat(bytes - 3))];
        assert!(admit_headers(&long(MAX_HEADER_BYTES)).is_ok());
        assert!(admit_headers(&long(MAX_HEADER_BYTES + 1)).is_err());
    }
}
