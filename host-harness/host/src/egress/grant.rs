//! What the operator grants a plugin: the origins it may reach, and what for.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::Authority;

/// An https origin: a host, in which `*` stands for exactly one label, and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    host: String,
    port: u16,
}

/// How many characters are shown of what is no origin.
const SHOWN: usize = 100;

/// Why a text is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an origin: {reason}. Write it like https://graph.microsoft.com")]
pub struct OriginError {
    /// As it can be shown: it may be a stranger's.
    text: String,
    reason: &'static str,
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let shown = || text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
        let fail = |reason| OriginError { text: shown(), reason };
        let rest = text.strip_prefix("https://").ok_or_else(|| fail("it must begin with https://"))?;
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| fail("the port is not a number"))?),
            None => (rest, 443),
        };
        let label = |label: &str| {
            label == "*"
                || (!label.is_empty()
                    && label.len() <= 63
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'))
        };
        if host.contains('/') {
            return Err(fail("an origin has no path, nor a `/` at its end"));
        }
        if host.is_empty() || host.len() > 253 || !host.split('.').all(label) {
            return Err(fail("the host is not a name"));
        }
        // `https://*.com` would grant half the internet by a slip of the pen.
        if host.contains('*') && host.split('.').filter(|label| *label != "*").count() < 2 {
            return Err(fail("a pattern needs at least two labels that are not `*`"));
        }
        Ok(Self { host: host.to_ascii_lowercase(), port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.host)?;
        if self.port != 443 {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

impl Origin {
    fn matches(&self, host: &str, port: u16) -> bool {
        let mut given = host.split('.');
        let mut granted = self.host.split('.');
        port == self.port
            && loop {
                match (granted.next(), given.next()) {
                    (None, None) => break true,
                    (Some("*"), Some(label)) if !label.is_empty() => {}
                    (Some(granted), Some(given)) if granted.eq_ignore_ascii_case(given) => {}
                    _ => break false,
                }
            }
    }
}

/// What an exchange is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A request of the plugin's without a credential: any granted origin.
    Plain,
    /// A request that carries an access token: API origins only, so that a token is never handed to
    /// an origin that has no business with it.
    Authorized,
    /// A token endpoint, or a page that the administrator's browser is sent to: identity origins
    /// only, as the client's secret goes there.
    Identity,
}

/// The port that a URL names, or https' own; none for one that is no port, such as 70000, which a reader may
/// otherwise pass over as if there were none.
pub(super) fn port(authority: &Authority) -> Option<u16> {
    // Behind the host is nothing else: what stands between two colons is passed over by `Uri`. A user name was
    // refused before.
    match authority.as_str().strip_prefix(authority.host())?.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        Some(_) => None,
        None => (authority.as_str() == authority.host()).then_some(443),
    }
}

/// The origins an operator grants a plugin. Empty means nothing at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    /// Where requests may go, with access tokens.
    pub api: Vec<Origin>,
    /// Where token requests and administrators' browsers may go.
    pub identity: Vec<Origin>,
}

/// A URL outside the grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Denied(String);

impl Grant {
    /// Whether the operator allows `uri` for this purpose. The reason names the origin, never the
    /// path or the query, which can hold personal data.
    pub fn permits(&self, uri: &Uri, purpose: Purpose) -> Result<(), Denied> {
        if uri.scheme_str() != Some("https") {
            return Err(Denied("only https is allowed".to_owned()));
        }
        let authority = uri.authority().ok_or_else(|| Denied("the URL has no host".to_owned()))?;
        if authority.as_str().contains('@') {
            return Err(Denied("a URL with a user name is not allowed".to_owned()));
        }
        let host = authority.host();
        let port = port(authority).ok_or_else(|| Denied("the URL's port is not one".to_owned()))?;
        let within = |origins: &[Origin]| origins.iter().any(|origin| origin.matches(host, port));
        let allowed = match purpose {
            Purpose::Plain => within(&self.api) || within(&self.identity),
            Purpose::Authorized => within(&self.api),
            Purpose::Identity => within(&self.identity),
        };
        if allowed {
            return Ok(());
        }
        let what = match purpose {
            Purpose::Plain => "requests",
            Purpose::Authorized => "requests with a credential",
            Purpose::Identity => "sign-in and token requests",
        };
        Err(Denied(format!("https://{host}:{port} is not among the origins granted for {what}")))
    }

    /// The origins of `wanted` that this grant lacks.
    pub fn missing(&self, wanted: &Self) -> Vec<Origin> {
        let lacking = |have: &[Origin], want: &[Origin]| {
            want.iter().filter(|origin| !have.contains(origin)).cloned().collect::<Vec<_>>()
        };
        let mut missing = lacking(&self.api, &wanted.api);
        missing.extend(lacking(&self.identity, &wanted.identity));
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant {
            api: vec![
                "https://graph.microsoft.com".parse().unwrap(),
                "https://*.rooms.example".parse().unwrap(),
            ],
            identity: vec!["https://login.microsoftonline.com".parse().unwrap()],
        }
    }

    fn allowed(uri: &str, purpose: Purpose) -> bool {
        grant().permits(&uri.parse().unwrap(), purpose).is_ok()
    }

    #[test]
    fn only_the_granted_scheme_host_and_port_are_reached() {
        assert!(allowed("https://graph.microsoft.com/v1.0/me", Purpose::Plain));
        assert!(allowed("https://GRAPH.microsoft.com:443/", Purpose::Plain));
        assert!(!allowed("http://graph.microsoft.com/", Purpose::Plain));
        assert!(!allowed("https://graph.microsoft.com:8443/", Purpose::Plain));
        assert!(!allowed("https://graph.microsoft.com:70000/", Purpose::Plain), "it is not 443");
        assert!(!allowed("https://graph.microsoft.com:/", Purpose::Plain));
        assert!(!allowed("https://graph.microsoft.com:+443/", Purpose::Plain));
        assert!(!allowed("https://graph.microsoft.com.evil.example/", Purpose::Plain));
        assert!(!allowed("https://graph.microsoft.com@evil.example/", Purpose::Plain));
        assert!(!allowed("https://evil@graph.microsoft.com/", Purpose::Plain));
    }

    #[test]
    fn a_star_stands_for_exactly_one_label() {
        assert!(allowed("https://a.rooms.example/", Purpose::Plain));
        assert!(!allowed("https://rooms.example/", Purpose::Plain));
        assert!(!allowed("https://a.b.rooms.example/", Purpose::Plain));
    }

    #[test]
    fn an_access_token_never_goes_to_an_identity_origin_nor_a_secret_to_an_api() {
        assert!(allowed("https://login.microsoftonline.com/", Purpose::Plain));
        assert!(!allowed("https://login.microsoftonline.com/", Purpose::Authorized));
        assert!(!allowed("https://graph.microsoft.com/", Purpose::Identity));
    }

    #[test]
    fn an_origin_that_grants_too_much_is_refused() {
        for text in
            ["http://a.example", "https://*.com", "https://*", "https://a..b", "https://a:x", "a.example"]
        {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_empty_grant_allows_nothing() {
        let uri = "https://graph.microsoft.com/".parse().unwrap();
        assert!(Grant::default().permits(&uri, Purpose::Plain).is_err());
    }
}
