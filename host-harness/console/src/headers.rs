//! Headers that every answer has.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use url::Url;

use crate::console::Console;

/// No page of ours may be kept, framed, or guessed to be something else.
const FIXED: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

pub(crate) async fn headers(State(console): State<Console>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy(&console)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if console.settings().is_secure() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// The content security policy. Browsers hold `form-action` against redirects too, so the pages where
/// providers have people sign in are in it.
fn policy(console: &Console) -> String {
    let mut targets = vec!["'self'".to_owned()];
    for plugin in console.platform().providers().all() {
        let description = plugin.description();
        for origin in description.identity_origins.iter().chain(&description.optional_identity_origins) {
            targets.extend(source(&console.settings().visited(&format!("{origin}/"))));
        }
    }
    targets.dedup();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action {}; frame-ancestors 'none'; base-uri 'none'",
        targets.join(" ")
    )
}

/// An origin as the policy has it, if it is one: a plugin's word is not put into a header unread.
fn source(text: &str) -> Option<String> {
    // A `*` for one label is no host name of a URL.
    let url = Url::parse(&text.replacen("://*.", "://", 1)).ok().filter(|url| url.scheme() == "https")?;
    let origin = url.origin().ascii_serialization();
    Some(if text.contains("://*.") { origin.replacen("://", "://*.", 1) } else { origin })
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn only_origins_get_into_the_policy() {
        assert_eq!(source("https://login.example.com/").as_deref(), Some("https://login.example.com"));
        assert_eq!(source("https://localhost:8443/").as_deref(), Some("https://localhost:8443"));
        assert_eq!(source("https://*.example.com/").as_deref(), Some("https://*.example.com"));
        assert_eq!(source("http://example.com/"), None);
        assert_eq!(source("https://x; script-src *"), None);
    }
}
