//! What an operator decides for the pages.

use std::time::Duration;

use url::Url;

/// Where callbacks of providers arrive, below the pages' own address.
pub const CALLBACK: &str = "/integrations/callback";

/// What an operator decides for the pages.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where browsers find the pages: scheme, host and port, without a path. The redirect URI that is
    /// registered with providers is this with [`CALLBACK`]; no request changes it.
    pub address: Url,
    /// After how long without a request a session ends.
    pub idle: Duration,
    /// After how long it ends in any case.
    pub longest: Duration,
    /// For how long a sign-in link can be used, once.
    pub link_lifetime: Duration,
    /// How many sign-in links that do not work one address can try in a minute; those that work are not counted.
    pub sign_ins_per_minute: u32,
    /// Providers' sign-in pages that browsers find elsewhere than under their names.
    pub detours: Vec<Detour>,
}

/// Sends browsers that are to visit one origin to another: a stand-in's, which the browser's name service
/// does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detour {
    /// The origin that plugins name: `https://login.example.com`.
    pub from: String,
    /// Where browsers go instead.
    pub to: String,
}

/// Why pages cannot be served under an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Pages cannot be served under {0}: it has to be https, or http on this machine, and to have no path. \
     Correct the address."
)]
pub struct WrongAddress(pub Url);

impl Settings {
    /// The usual ones, for an address.
    pub fn new(address: Url) -> Self {
        Self {
            address,
            idle: Duration::from_mins(30),
            longest: Duration::from_hours(12),
            link_lifetime: Duration::from_mins(15),
            sign_ins_per_minute: 10,
            detours: Vec::new(),
        }
    }

    /// Whether pages can be served under the address.
    pub fn check(&self) -> Result<(), WrongAddress> {
        let local = matches!(self.address.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let scheme = self.address.scheme();
        let bare = self.address.path() == "/" && self.address.query().is_none();
        if bare && (scheme == "https" || (scheme == "http" && local)) {
            Ok(())
        } else {
            Err(WrongAddress(self.address.clone()))
        }
    }

    /// Whether browsers come over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.address.scheme() == "https"
    }

    /// Where a provider sends the administrator back to.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("{}{CALLBACK}", self.origin())
    }

    /// The address without its slash.
    pub(crate) fn origin(&self) -> String {
        self.address.origin().ascii_serialization()
    }

    /// Where the browser goes that is to visit a URL of a plugin.
    pub(crate) fn visited(&self, url: &str) -> String {
        self.detours
            .iter()
            .find_map(|detour| {
                let rest = url.strip_prefix(&detour.from)?;
                rest.starts_with(['/', '?']).then(|| format!("{}{rest}", detour.to))
            })
            .unwrap_or_else(|| url.to_owned())
    }
}
