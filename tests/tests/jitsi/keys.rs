//! Keys of an operator, and what a Jitsi Meet server does with a token: the checks of its Prosody module
//! (`token/util.lib.lua`), in the same order.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use url::Url;
use video_host::signing::{Algorithm, SigningKey, SigningKeys, TokenNames};

use crate::stage::SERVER;

/// `app_secret`.
pub(crate) const SECRET: &[u8] = b"the-app-secret-of-the-server-of-a-bank";
/// How the plugin calls its key.
pub(crate) const NAME: &str = "jitsi-token";

fn names(key_id: Option<&str>) -> TokenNames {
    TokenNames {
        issuer: "example-bank".to_owned(),
        audience: "jitsi".to_owned(),
        subject: SERVER.to_owned(),
        key_id: key_id.map(str::to_owned),
    }
}

/// A shared secret, for links that begin so.
pub(crate) fn shared(links: &str) -> Result<SigningKeys> {
    let links = links.parse()?;
    let key = SigningKey::new(NAME, links, Algorithm::Hs256, SECRET, names(None), Duration::from_mins(5))?;
    Ok(SigningKeys::new(vec![key])?)
}

/// A key pair, whose public half the server finds by its id.
pub(crate) struct Pair {
    key: KeyPair,
    pub(crate) id: &'static str,
}

impl Pair {
    pub(crate) fn generate(id: &'static str) -> Result<Self> {
        Ok(Self { key: KeyPair::generate(KeySize::Rsa2048)?, id })
    }

    /// PKCS#8.
    pub(crate) fn pem(&self) -> Result<String> {
        let body = STANDARD.encode(self.key.as_der()?.as_ref());
        let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
    }

    pub(crate) fn keys(&self) -> Result<SigningKeys> {
        let (links, pem) = (format!("https://{SERVER}").parse()?, self.pem()?);
        let names = names(Some(self.id));
        let life = Duration::from_mins(5);
        let key = SigningKey::new(NAME, links, Algorithm::Rs256, pem.as_bytes(), names, life)?;
        Ok(SigningKeys::new(vec![key])?)
    }
}

/// How the server knows whom to believe.
pub(crate) enum Server<'a> {
    /// `app_secret`.
    Secret,
    /// `asap_key_server`, with the public keys there.
    KeyServer(&'a [&'a Pair]),
}

/// The token of a link.
pub(crate) fn token(link: &str) -> Result<String> {
    let url = Url::parse(link)?;
    let token = url.query_pairs().find(|(name, _)| name == "jwt").context("no token in the link")?;
    Ok(token.1.into_owned())
}

fn part(token: &str, nth: usize) -> Result<Value> {
    let part = token.split('.').nth(nth).context("three parts")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?)
}

impl Server<'_> {
    /// Lets somebody into a room by a link, at a time in seconds, and gives the claims; or says why not.
    pub(crate) fn admit(&self, link: &str, room: &str, now: i64) -> Result<Value> {
        let token = token(link)?;
        let header = part(&token, 0)?;
        let (signed, signature) = token.rsplit_once('.').context("a signature")?;
        let signature = URL_SAFE_NO_PAD.decode(signature)?;
        match self {
            Self::Secret => {
                ensure!(header["alg"] == "HS256", "alg is {}", header["alg"]);
                let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
                ensure!(hmac::verify(&key, signed.as_bytes(), &signature).is_ok(), "invalid signature");
            }
            Self::KeyServer(pairs) => {
                ensure!(header["alg"] == "RS256", "alg is {}", header["alg"]);
                let pair = pairs.iter().find(|pair| header["kid"] == pair.id);
                let pair = pair.context("could not obtain public key")?;
                let public =
                    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.key.public_key().as_ref());
                ensure!(public.verify(signed.as_bytes(), &signature).is_ok(), "invalid signature");
            }
        }
        let claims = part(&token, 1)?;
        let number = |name: &str| claims[name].as_i64().with_context(|| format!("'{name}' is no number"));
        ensure!(now < number("exp")?, "not acceptable by exp");
        ensure!(now >= number("nbf")?, "not acceptable by nbf");
        ensure!(claims["iss"] == "example-bank", "invalid issuer");
        ensure!(claims["aud"] == "jitsi", "invalid audience");
        ensure!(claims["room"] == room.to_lowercase(), "another room");
        ensure!(claims["sub"] == SERVER, "another domain");
        let user = claims["context"]["user"].as_object().context("who comes")?;
        ensure!(user.values().all(Value::is_string), "fields of `user` have to be texts");
        Ok(claims)
    }
}
