//! The client that the operator registered with Microsoft.

use crate::bindings::credentials::ClientAuthentication;
use crate::bindings::provider::{Error, MisconfigurationProblem};
use crate::failure;
use crate::host::Host;
use crate::time;

const DAY: i64 = 86_400_000;

/// How many days before its end a secret or certificate is warned about.
const WARNED: i64 = 30;

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
                    failure::misconfigured(
                        MisconfigurationProblem::Host,
                        "The setting client-id is missing: the application (client) id of the app \
                         registration in Microsoft Entra ID.",
                    )
                },
            )?;
        let authentication = match host.setting("client-authentication").as_deref() {
            None | Some("secret") => ClientAuthentication::Secret,
            Some("assertion") => ClientAuthentication::Assertion,
            Some("none") => ClientAuthentication::None,
            Some(_) => {
                return Err(failure::misconfigured(
                    MisconfigurationProblem::Host,
                    "The setting client-authentication must be secret, assertion or none.",
                ));
            }
        };
        Ok(Self { id, authentication })
    }

    /// What there is to say about the end of what the host authenticates with, as far as the operator
    /// noted it: Microsoft tells an application nothing of that.
    pub(crate) fn expiry(&self, host: &dyn Host) -> Result<Option<String>, Error> {
        let (what, setting) = match self.authentication {
            ClientAuthentication::None => return Ok(None),
            ClientAuthentication::Secret => ("client secret", "client-secret-expires"),
            ClientAuthentication::Assertion => ("client certificate", "certificate-expires"),
        };
        let Some(text) = host.setting(setting) else {
            return Ok(None);
        };
        let Some(ends) = time::read(&text).or_else(|| time::read(&[text.trim(), "T00:00:00Z"].concat()))
        else {
            return Ok(Some(["The setting ", setting, " is no date, such as 2027-01-31."].concat()));
        };
        let left = ends.saturating_sub(host.now());
        if left <= 0 {
            return Err(failure::misconfigured(
                MisconfigurationProblem::ClientAuthenticationExpired,
                [
                    "The ",
                    what,
                    " of the app registration has expired, as the setting ",
                    setting,
                    " says. Make a new one, configure it, and correct the setting.",
                ]
                .concat(),
            ));
        }
        let days = left / DAY;
        Ok((days < WARNED).then(|| {
            [
                "The ",
                what,
                " of the app registration expires in less than ",
                &(days + 1).to_string(),
                " days. The operator of the platform has to make a new one.",
            ]
            .concat()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, NOW};

    fn expiry(authentication: &str, ends: i64) -> Result<Option<String>, Error> {
        let host = Fake::default();
        host.settings.borrow_mut().insert("client-authentication", authentication.to_owned());
        host.settings.borrow_mut().insert("client-secret-expires", time::write(NOW + ends));
        Client::configured(&host)?.expiry(&host)
    }

    #[test]
    fn the_end_of_a_secret_is_warned_about_for_a_month() {
        assert_eq!(expiry("secret", WARNED * DAY), Ok(None));
        let warning = expiry("secret", WARNED * DAY - 1).expect("a warning");
        assert!(warning.is_some_and(|text| text.contains("less than 30 days")));
        assert!(
            matches!(expiry("secret", 0), Err(Error::Misconfigured(it)) if it.message.contains("has expired"))
        );
    }

    #[test]
    fn what_is_not_used_may_expire() {
        assert_eq!(expiry("assertion", -DAY), Ok(None));
        assert_eq!(expiry("none", -DAY), Ok(None));
    }

    #[test]
    fn a_date_without_a_time_will_do_and_anything_else_is_told() {
        let host = Fake::default();
        let client = Client::configured(&host).expect("a client");
        for (text, said) in [("2027-02-01", "less than"), ("9999-01-01", ""), ("soon", "no date")] {
            host.settings.borrow_mut().insert("client-secret-expires", text.to_owned());
            let warning = client.expiry(&host).expect("no error").unwrap_or_default();
            assert!(warning.contains(said) && warning.is_empty() == said.is_empty(), "{text}: {warning}");
        }
    }
}
