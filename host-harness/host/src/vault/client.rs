//! How the host shows a token endpoint that it speaks for the registered client.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::CredentialError;
use crate::jws;
use crate::store::random;

/// By how many seconds this machine's clock and the token endpoint's may differ: five minutes, which is what
/// Microsoft's own libraries allow tokens. Its `Date` header is not used instead: a difference that matters
/// is refused by name (AADSTS700024), and mending the machine's clock mends everything else with it.
const SKEW_S: i64 = 300;

/// How the client shows who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuthentication {
    /// A public client: `client_id` only.
    None,
    /// `client_secret`, which the operator configured.
    Secret,
    /// A signed `client_assertion` (RFC 7523), with the operator's certificate.
    Assertion,
}

/// What the operator configured for the registered client. Its `Debug` shows no secret.
#[derive(Debug, Default)]
pub struct ClientKeys {
    /// The client's secret.
    pub secret: Option<SecretString>,
    /// The client's certificate with its private key.
    pub certificate: Option<ClientCertificate>,
}

/// A certificate with its RSA key. Its `Debug` shows the certificate's digest only.
pub struct ClientCertificate {
    key: KeyPair,
    /// Base64url of the certificate's SHA-256, by which the endpoint finds it (RFC 7515, 4.1.8).
    thumbprint: String,
}

/// Why a certificate cannot be used. No message contains any of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The key is something else.
    #[error("the client's private key is no RSA key in PEM (-----BEGIN PRIVATE KEY-----)")]
    Key,
    /// The certificate is something else.
    #[error("the client's certificate is not in PEM (-----BEGIN CERTIFICATE-----)")]
    Certificate,
    /// They are not of one another.
    #[error("the client's certificate is not for this private key")]
    Mismatch,
}

impl ClientCertificate {
    /// Reads an RSA key (PKCS#8 or PKCS#1) and the certificate for it, both in PEM.
    pub fn from_pem(key: &[u8], certificate: &[u8]) -> Result<Self, CertificateError> {
        let key = jws::rsa_key(key).ok_or(CertificateError::Key)?;
        let certificate =
            CertificateDer::from_pem_slice(certificate).map_err(|_| CertificateError::Certificate)?;
        // A certificate holds the public key as it is (RFC 5280, 4.1.2.7): a slip of the operator's
        // is found here, not at the first sign-in.
        if memchr::memmem::find(&certificate, key.public_key().as_ref()).is_none() {
            return Err(CertificateError::Mismatch);
        }
        Ok(Self { key, thumbprint: URL_SAFE_NO_PAD.encode(digest(&SHA256, &certificate)) })
    }

    /// A client assertion (RFC 7523, 3), signed with PS256 as Microsoft asks for, good for [`SKEW_S`] before
    /// and after `now_ms`: within the ten minutes that it takes, and valid by a clock that differs from this
    /// one by as much.
    pub(super) fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now_ms: i64,
    ) -> Result<String, CredentialError> {
        let now = now_ms / 1_000;
        let header = serde_json::json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        let claims = serde_json::json!({
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": URL_SAFE_NO_PAD.encode(random::bytes::<16>()),
            "nbf": now - SKEW_S,
            "exp": now + SKEW_S,
        });
        jws::compact(&header, &claims, |text| jws::rsa(&self.key, &RSA_PSS_SHA256, text))
            .map_err(|_| CredentialError::Misconfigured("the client's private key cannot sign".to_owned()))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").field("sha256", &self.thumbprint).finish_non_exhaustive()
    }
}
