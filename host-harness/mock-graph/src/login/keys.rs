//! The key that signs tokens, and its public half as a JSON Web Key Set.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// One RSA key. Making it takes a noticeable part of a second, so every stand-in of a process
/// shares one; what keeps their tokens apart is that each accepts only the tokens it issued.
#[derive(Debug)]
pub(crate) struct SigningKey {
    pair: RsaKeyPair,
    id: String,
}

impl SigningKey {
    pub(crate) fn of_this_process() -> Result<Arc<Self>, Unspecified> {
        static KEY: OnceLock<Arc<SigningKey>> = OnceLock::new();
        if let Some(key) = KEY.get() {
            return Ok(Arc::clone(key));
        }
        let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
        let thumbprint = digest(&SHA256, pair.public_key().as_ref());
        let id = BASE64_URL_SAFE_NO_PAD.encode(&thumbprint.as_ref()[..20]);
        Ok(Arc::clone(KEY.get_or_init(|| Arc::new(Self { pair, id }))))
    }

    /// A JWT, RS256.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String, Unspecified> {
        let header = json!({ "typ": "JWT", "alg": "RS256", "kid": self.id });
        let mut token = format!("{}.{}", encoded(&header), encoded(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)?;
        token.push('.');
        token.push_str(&BASE64_URL_SAFE_NO_PAD.encode(signature));
        Ok(token)
    }

    /// `/discovery/v2.0/keys`.
    pub(crate) fn document(&self) -> Value {
        let public = self.pair.public_key();
        let n = public.modulus().big_endian_without_leading_zero().to_vec();
        let e = public.exponent().big_endian_without_leading_zero().to_vec();
        json!({
            "keys": [{
                "kty": "RSA",
                "use": "sig",
                "alg": "RS256",
                "kid": self.id,
                "n": BASE64_URL_SAFE_NO_PAD.encode(n),
                "e": BASE64_URL_SAFE_NO_PAD.encode(e),
            }]
        })
    }
}

fn encoded(part: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part.to_string())
}
