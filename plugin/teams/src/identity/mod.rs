//! Signing in with the Microsoft identity platform v2.0: the authorization code flow with PKCE, for
//! a service account.

pub(crate) mod authorize;
pub(crate) mod claims;
pub(crate) mod grant;
pub(crate) mod pending;
pub(crate) mod pkce;
pub(crate) mod redeem;
pub(crate) mod scope;
pub(crate) mod tenant;

use serde::Serialize;

/// What a sign-in is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Purpose {
    /// To connect.
    Connect,
    /// To renew the grant of a connection.
    Reauthorize,
}

impl Purpose {
    /// The purpose that is stored under this name.
    fn named(name: &str) -> Option<Self> {
        match name {
            "connect" => Some(Self::Connect),
            "reauthorize" => Some(Self::Reauthorize),
            _ => None,
        }
    }
}
