//! `[[signing]]`: the keys of tokens for those who join.

use std::path::Path;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::file::{Fault, ManifestProblem};
use super::parts::{secret, up_to};
use crate::signing::{Algorithm, SigningKey, SigningKeys, TokenNames};

/// One key.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawSigning {
    /// As the plugin knows it.
    name: Spanned<String>,
    /// How the links of meetings begin for which it is used.
    links: Spanned<String>,
    algorithm: Spanned<String>,
    /// Its place, never itself.
    key: Spanned<Value>,
    issuer: String,
    audience: String,
    subject: String,
    key_id: Option<String>,
    lifetime_seconds: Option<Spanned<u64>>,
}

impl RawSigning {
    pub(super) fn name(&self) -> &String {
        self.name.get_ref()
    }

    fn read(&self, folder: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<SigningKey, Fault> {
        let algorithm = match self.algorithm.get_ref().as_str() {
            "HS256" => Algorithm::Hs256,
            "RS256" => Algorithm::Rs256,
            other => {
                let (name, found) = ("algorithm", other.to_owned());
                let problem = ManifestProblem::Word { name, found, wanted: "HS256 or RS256" };
                return Err(Fault::at(&self.algorithm, problem));
            }
        };
        let links = self.links.get_ref().parse().map_err(|error| Fault::at(&self.links, problem(error)))?;
        let mut lifetime = SigningKey::USUAL;
        up_to(
            "lifetime-seconds",
            SigningKey::LONGEST.as_secs(),
            self.lifetime_seconds.as_ref(),
            |seconds| {
                lifetime = std::time::Duration::from_secs(seconds);
            },
        )?;
        let names = TokenNames {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            subject: self.subject.clone(),
            key_id: self.key_id.clone(),
        };
        let key = secret(self.name(), self.key.get_ref(), folder, variable)
            .map_err(|problem| Fault::at(&self.key, problem))?;
        SigningKey::new(self.name(), links, algorithm, key.as_bytes(), names, lifetime)
            .map_err(|error| Fault::at(&self.key, error))
    }
}

fn problem(error: crate::signing::LinksError) -> ManifestProblem {
    error.into()
}

/// Reads the keys.
pub(super) fn signing_keys(
    raw: &[Spanned<RawSigning>],
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<SigningKeys, Fault> {
    let keys = raw.iter().map(|key| key.get_ref().read(folder, variable)).collect::<Result<_, _>>()?;
    SigningKeys::new(keys).map_err(|error| Fault { at: raw.last().map(Spanned::span), problem: error.into() })
}
