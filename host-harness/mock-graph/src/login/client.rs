//! Client authentication at the token endpoint: a secret, or a signed assertion.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use super::aadsts::Aadsts;
use super::authority::Authority;
use crate::application::{Application, Certificate};
use crate::certificate::public_key_of;
use crate::shared::Shared;
use crate::wire::{Form, Incoming, Trace, decoded};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// An assertion may live 10 minutes; clocks may differ by 5.
const ASSERTION_LIFE_SECONDS: i64 = 10 * 60;
const SKEW_SECONDS: i64 = 5 * 60;

/// Client id and secret, from the form or from `Authorization: Basic`.
pub(super) struct Presented {
    pub(super) client_id: Option<String>,
    secret: Option<String>,
    assertion: Option<String>,
    assertion_type: Option<String>,
}

impl Presented {
    pub(super) fn in_request(shared: &Shared, incoming: &Incoming, form: &Form) -> Self {
        let basic = basic_of(incoming);
        let text = |name: &str| form.get(name).map(str::to_owned);
        let presented = Self {
            client_id: text("client_id").or_else(|| basic.as_ref().map(|(id, _)| id.clone())),
            secret: text("client_secret").or(basic.map(|(_, secret)| secret)),
            assertion: text("client_assertion"),
            assertion_type: text("client_assertion_type"),
        };
        let noted = [&presented.secret, &presented.assertion];
        noted.into_iter().flatten().for_each(|secret| shared.secrets.note(secret));
        presented
    }

    pub(super) fn authenticate(
        &self,
        shared: &Shared,
        application: &Application,
        authority: &Authority,
        incoming: &Incoming,
        trace: &Trace,
    ) -> Result<(), Aadsts> {
        let presents_anything = self.secret.is_some() || self.assertion.is_some();
        if application.public_client {
            return if presents_anything { Err(Aadsts::new(700_025)) } else { Ok(()) };
        }
        if let Some(assertion) = &self.assertion {
            if self.assertion_type.as_deref() != Some(ASSERTION_TYPE) {
                return Err(Aadsts::missing("client_assertion_type"));
            }
            let expected = Expected {
                application,
                audiences: audiences(authority, incoming),
                now: trace.at.as_second(),
            };
            let claims = expected.check(assertion)?;
            let (id, ends) =
                (claims["jti"].as_str().unwrap_or_default(), expected.now + ASSERTION_LIFE_SECONDS);
            if shared.config.single_use_assertions
                && !shared.grants.first_use(id, ends + 2 * SKEW_SECONDS, expected.now)
            {
                return Err(Aadsts::saying(
                    700_027,
                    "Client assertion failed signature validation. An assertion with this identifier was \
                     presented before."
                        .to_owned(),
                ));
            }
            return Ok(());
        }
        let Some(secret) = &self.secret else {
            return Err(Aadsts::new(7_000_218));
        };
        let matching: Vec<_> = application.secrets.iter().filter(|known| known.value == *secret).collect();
        if matching.is_empty() {
            Err(Aadsts::saying(
                7_000_215,
                format!(
                    "Invalid client secret provided. Ensure the secret being sent in the request \
                     is the client secret value, not the client secret ID, for a secret added to \
                     app '{}'.",
                    application.client_id
                ),
            ))
        } else if matching.iter().all(|known| known.expires.is_some_and(|end| end <= trace.at)) {
            Err(Aadsts::saying(
                7_000_222,
                format!(
                    "The provided client secret keys for app '{}' are expired. Visit the Azure \
                     portal to create new keys for your app, or consider using certificate \
                     credentials for added security.",
                    application.client_id
                ),
            ))
        } else {
            Ok(())
        }
    }
}

fn basic_of(incoming: &Incoming) -> Option<(String, String)> {
    let encoded = incoming.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    // The halves are form-encoded before they are joined (RFC 6749, 2.3.1).
    Some((decoded(id), decoded(secret)))
}

/// The token endpoint, under the names the tenant goes by, and the issuer.
fn audiences(authority: &Authority, incoming: &Incoming) -> Vec<String> {
    let host = &incoming.authority;
    let named = incoming.path.trim_matches('/').split('/').next().unwrap_or_default();
    [named, authority.key()]
        .into_iter()
        .flat_map(|tenant| {
            [format!("https://{host}/{tenant}/oauth2/v2.0/token"), format!("https://{host}/{tenant}/v2.0")]
        })
        .collect()
}

struct Expected<'a> {
    application: &'a Application,
    audiences: Vec<String>,
    now: i64,
}

impl Expected<'_> {
    /// The claims, if all is right with them and with the signature.
    fn check(&self, assertion: &str) -> Result<Value, Aadsts> {
        let (signed, signature) = assertion.rsplit_once('.').ok_or_else(invalid)?;
        let (header, claims) = signed.split_once('.').ok_or_else(invalid)?;
        let (header, claims) = (part(header)?, part(claims)?);
        // Microsoft asks for PS256 and takes RS256 from older libraries.
        let algorithm: &RsaParameters = match header["alg"].as_str() {
            Some("PS256") => &RSA_PSS_2048_8192_SHA256,
            Some("RS256") => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(invalid()),
        };
        let certificate = self.certificate(&header).ok_or_else(invalid)?;
        let key = public_key_of(&certificate.der).ok_or_else(invalid)?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| invalid())?;
        UnparsedPublicKey::new(algorithm, key)
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| invalid())?;
        self.check_claims(&claims)?;
        Ok(claims)
    }

    fn check_claims(&self, claims: &Value) -> Result<(), Aadsts> {
        let id = self.application.client_id.as_str();
        if claims["iss"] != id || claims["sub"] != id || !claims["jti"].is_string() {
            return Err(invalid());
        }
        let audience = claims["aud"].as_str().unwrap_or_default();
        if !self.audiences.iter().any(|known| known.eq_ignore_ascii_case(audience)) {
            return Err(Aadsts::new(700_023));
        }
        // `nbf` may be left out (RFC 7523, 3), and MSAL for Python writes fractions of a second.
        let time = |name: &str| claims[name].as_f64().map(whole_seconds);
        let from = time("nbf").or_else(|| time("iat")).unwrap_or(self.now);
        let Some(until) = time("exp") else {
            return Err(Aadsts::new(700_024));
        };
        let valid = from <= self.now + SKEW_SECONDS
            && until > self.now - SKEW_SECONDS
            && until - self.now <= ASSERTION_LIFE_SECONDS + SKEW_SECONDS;
        if valid { Ok(()) } else { Err(Aadsts::new(700_024)) }
    }

    /// The registered certificate that the header names: `x5t#S256`, or in older libraries `x5t`, whose
    /// SHA-1 finds the certificate and secures nothing.
    fn certificate(&self, header: &Value) -> Option<&Certificate> {
        let (algorithm, named) = match (header["x5t#S256"].as_str(), header["x5t"].as_str()) {
            (Some(named), _) => (&SHA256, named),
            (None, named) => (&SHA1_FOR_LEGACY_USE_ONLY, named?),
        };
        // One library pads what the RFC says is not padded.
        let named = named.trim_end_matches('=');
        self.application
            .certificates
            .iter()
            .find(|certificate| BASE64_URL_SAFE_NO_PAD.encode(digest(algorithm, &certificate.der)) == named)
    }
}

fn part(encoded: &str) -> Result<Value, Aadsts> {
    let raw = BASE64_URL_SAFE_NO_PAD.decode(encoded).map_err(|_| invalid())?;
    serde_json::from_slice(&raw).map_err(|_| invalid())
}

#[allow(clippy::cast_possible_truncation, reason = "a time beyond the range stops at its end")]
fn whole_seconds(time: f64) -> i64 {
    time as i64
}

fn invalid() -> Aadsts {
    Aadsts::new(700_027)
}
