//! The client that the operator registered with Microsoft.

use crate::bindings::credentials::ClientAuthentication;
use crate::bindings::provider::Error;
use crate::host::Host;

/// What the settings say about the registered client.
pub(crate) struct Client {
    /// The application (client) id.
    pub(crate) id: String,
    /// How the host proves to speak for it.
    pub(crate) authentication: ClientAuthentication,
}

impl Client {
    /// Reads `client-id` and `client-authentication`.
    pub(crate) fn configured(host: &dyn Host) -> Result<Self, Error> {
        let id =
            host.setting("client-id").map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).ok_or_else(
                || {
                    Error::Misconfigured(
                        "The setting client-id is missing: the application (client) id of the app \
                     registration in Microsoft Entra ID."
                            .to_owned(),
                    )
                },
            )?;
        let authentication = match host.setting("client-authentication").as_deref() {
            None | Some("secret") => ClientAuthentication::Secret,
            Some("assertion") => ClientAuthentication::Assertion,
            Some("none") => ClientAuthentication::None,
            Some(_) => {
                return Err(Error::Misconfigured(
                    "The setting client-authentication must be secret, assertion or none.".to_owned(),
                ));
            }
        };
        Ok(Self { id, authentication })
    }
}
