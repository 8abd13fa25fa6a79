//! Registered applications, as data.

use jiff::Timestamp;

/// An application registration.
#[derive(Clone, Debug)]
pub struct Application {
    /// The application (client) id, a lower-case GUID.
    pub client_id: String,
    /// The name shown on the consent page.
    pub display_name: String,
    /// The tenant it is registered in; it is installed there from the start.
    pub home_tenant: String,
    /// Whether other tenants may use it; otherwise `/common` gives AADSTS50194 and another tenant
    /// AADSTS700016.
    pub multitenant: bool,
    /// Redirect URIs; compared exactly (else AADSTS50011), but for the port of `http://localhost`.
    pub redirect_uris: Vec<RedirectUri>,
    /// Client secrets, current and expired.
    pub secrets: Vec<ClientSecret>,
    /// Certificates that a client assertion may be signed with.
    pub certificates: Vec<Certificate>,
    /// A public client has no secret, and presenting one gives AADSTS700025.
    pub public_client: bool,
    /// Delegated permissions that an administrator's consent to `.default` grants.
    pub delegated_permissions: Vec<String>,
    /// Application permissions (app roles) that an administrator's consent grants.
    pub application_permissions: Vec<String>,
}

/// A registered redirect URI.
#[derive(Clone, Debug)]
pub struct RedirectUri {
    /// The whole URI.
    pub uri: String,
    /// Registered under the single-page platform: refresh tokens live 24 hours and cannot be
    /// extended (AADSTS700084).
    pub single_page: bool,
}

impl RedirectUri {
    /// A URI of the `web` platform.
    pub fn web(uri: &str) -> Self {
        Self { uri: uri.to_owned(), single_page: false }
    }
}

/// A client secret.
#[derive(Clone, Debug)]
pub struct ClientSecret {
    /// The value the client sends.
    pub value: String,
    /// From when on it is refused with AADSTS7000222; `None` means never.
    pub expires: Option<Timestamp>,
}

/// A certificate whose key signs client assertions.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate, DER; it must hold an RSA key.
    pub der: Vec<u8>,
}

impl Application {
    pub(crate) fn redirect_uri(&self, uri: &str) -> Option<&RedirectUri> {
        self.redirect_uris.iter().find(|known| known.uri == uri || is_loopback_port_of(&known.uri, uri))
    }
}

/// A native client listens on whatever port is free: for `http://localhost` the port is not compared
/// (RFC 8252, 7.3; Microsoft: "Redirect URI restrictions", localhost exceptions).
fn is_loopback_port_of(registered: &str, uri: &str) -> bool {
    let without_port = |uri: &str| {
        let mut uri = url::Url::parse(uri).ok()?;
        let is_loopback = uri.scheme() == "http" && matches!(uri.host_str(), Some("localhost" | "127.0.0.1"));
        uri.set_port(None).ok()?;
        is_loopback.then_some(uri)
    };
    without_port(registered).is_some_and(|registered| without_port(uri) == Some(registered))
}
