//! The tables of the operator's file, one function for each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::file::{Fault, ManifestProblem};
use crate::egress::{Grant, Origin};
use crate::sandbox::{LARGEST_MEMORY, Limits};
use crate::signing::{Links, LinksError, SigningKeys};
use crate::vault::{ClientCertificate, ClientKeys};

/// Secrets that the host knows what to do with.
const CLIENT_SECRET: &str = "client-secret";
const CLIENT_CERTIFICATE: &str = "client-certificate";
const CLIENT_KEY: &str = "client-key";

/// `[grants]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOrigins {
    #[serde(default)]
    api: Vec<Spanned<String>>,
    #[serde(default)]
    identity: Vec<Spanned<String>>,
    #[serde(default)]
    links: Vec<Spanned<String>>,
}

/// `[wants]`: the description's four lists of origins, and the keys of the plugin's section.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawWants {
    #[serde(default)]
    api: Vec<Spanned<String>>,
    #[serde(default)]
    identity: Vec<Spanned<String>>,
    #[serde(default)]
    optional_api: Vec<Spanned<String>>,
    #[serde(default)]
    optional_identity: Vec<Spanned<String>>,
    #[serde(default)]
    signing: Vec<Spanned<String>>,
    /// Said for the operator; there need be none of them.
    #[serde(default, rename = "optional-signing")]
    _optional_signing: Vec<String>,
}

/// `[limits]`: what is left out has its default.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawLimits {
    memory_mib: Option<Spanned<u64>>,
    deadline_seconds: Option<Spanned<u64>>,
    processor_time_ms: Option<Spanned<u64>>,
    at_once_ms: Option<Spanned<u64>>,
    requests: Option<Spanned<u64>>,
    component_mib: Option<Spanned<u64>>,
}

fn origins(listed: &[Spanned<String>]) -> Result<Vec<Origin>, Fault> {
    listed.iter().map(|text| text.get_ref().parse().map_err(|error| Fault::at(text, error))).collect()
}

pub(super) fn granted(raw: &RawOrigins) -> Result<Grant, Fault> {
    Ok(Grant { api: origins(&raw.api)?, identity: origins(&raw.identity)? })
}

/// How the links of meetings may begin.
pub(super) fn links(raw: &RawOrigins) -> Result<Vec<Links>, Fault> {
    let read =
        |text: &Spanned<String>| text.get_ref().parse().map_err(|error: LinksError| Fault::at(text, error));
    raw.links.iter().map(read).collect()
}

/// What the plugin cannot work without has to be granted; what is optional has to be an origin.
pub(super) fn wanted(raw: &RawWants, grant: &Grant) -> Result<(), Fault> {
    for (list, wants, granted) in
        [("api", &raw.api, &grant.api), ("identity", &raw.identity, &grant.identity)]
    {
        for (text, origin) in wants.iter().zip(origins(wants)?) {
            if !granted.contains(&origin) {
                let problem = ManifestProblem::NotGranted { origin: origin.to_string(), list };
                return Err(Fault::at(text, problem));
            }
        }
    }
    origins(&raw.optional_api)?;
    origins(&raw.optional_identity)?;
    Ok(())
}

/// The keys that the plugin cannot work without have to be there.
pub(super) fn wanted_keys(raw: &RawWants, keys: &SigningKeys) -> Result<(), Fault> {
    match raw.signing.iter().find(|name| !keys.has(name.get_ref())) {
        Some(name) => Err(Fault::at(name, ManifestProblem::NoKey(name.get_ref().clone()))),
        None => Ok(()),
    }
}

pub(super) fn settings(raw: BTreeMap<String, Spanned<String>>) -> Result<BTreeMap<String, String>, Fault> {
    let secret = [CLIENT_SECRET, CLIENT_CERTIFICATE, CLIENT_KEY];
    raw.into_iter()
        .map(|(name, value)| {
            if secret.contains(&name.as_str()) {
                return Err(Fault::at(&value, ManifestProblem::SecretSetting(name)));
            }
            Ok((name, value.into_inner()))
        })
        .collect()
}

/// Hands on the value, if there is one, and it is within bounds.
pub(super) fn up_to(
    name: &'static str,
    most: u64,
    value: Option<&Spanned<u64>>,
    apply: impl FnOnce(u64),
) -> Result<(), Fault> {
    let Some(value) = value else { return Ok(()) };
    if !(1..=most).contains(value.get_ref()) {
        return Err(Fault::at(value, ManifestProblem::Limit { name, most }));
    }
    apply(*value.get_ref());
    Ok(())
}

pub(super) fn limits(raw: &RawLimits) -> Result<Limits, Fault> {
    let bytes = |mib: u64| usize::try_from(mib << 20).unwrap_or(usize::MAX);
    let most_memory = (LARGEST_MEMORY >> 20) as u64;
    let mut limits = Limits::default();
    up_to("memory-mib", most_memory, raw.memory_mib.as_ref(), |mib| limits.memory = bytes(mib))?;
    up_to("deadline-seconds", 600, raw.deadline_seconds.as_ref(), |seconds| {
        limits.deadline = Duration::from_secs(seconds);
    })?;
    up_to("processor-time-ms", 600_000, raw.processor_time_ms.as_ref(), |ms| {
        limits.processor_time = Duration::from_millis(ms);
    })?;
    up_to("at-once-ms", 600_000, raw.at_once_ms.as_ref(), |ms| {
        limits.at_once = Duration::from_millis(ms);
    })?;
    up_to("requests", 10_000, raw.requests.as_ref(), |requests| {
        limits.requests = u32::try_from(requests).unwrap_or(u32::MAX);
    })?;
    up_to("component-mib", 1_024, raw.component_mib.as_ref(), |mib| limits.component = bytes(mib))?;
    Ok(limits)
}

/// Reads the secrets, and makes of them what the host shows token endpoints.
pub(super) fn client_keys(
    raw: &BTreeMap<String, Spanned<Value>>,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<ClientKeys, Fault> {
    let mut read = BTreeMap::new();
    for (name, reference) in raw {
        let known = [CLIENT_SECRET, CLIENT_CERTIFICATE, CLIENT_KEY].into_iter().find(|known| known == name);
        let Some(known) = known else {
            return Err(Fault::at(reference, ManifestProblem::UnknownSecret(name.clone())));
        };
        let text = secret(name, reference.get_ref(), folder, variable)
            .map_err(|problem| Fault::at(reference, problem))?;
        read.insert(known, text);
    }
    let certificate = match (read.remove(CLIENT_CERTIFICATE), read.remove(CLIENT_KEY)) {
        (None, None) => None,
        (Some(certificate), Some(key)) => {
            let made = ClientCertificate::from_pem(key.as_bytes(), certificate.as_bytes());
            Some(made.map_err(|error| fault_of(raw, CLIENT_CERTIFICATE, error))?)
        }
        (Some(_), None) => {
            let problem =
                ManifestProblem::HalfACertificate { there: CLIENT_CERTIFICATE, missing: CLIENT_KEY };
            return Err(fault_of(raw, CLIENT_CERTIFICATE, problem));
        }
        (None, Some(_)) => {
            let problem =
                ManifestProblem::HalfACertificate { there: CLIENT_KEY, missing: CLIENT_CERTIFICATE };
            return Err(fault_of(raw, CLIENT_KEY, problem));
        }
    };
    Ok(ClientKeys { secret: read.remove(CLIENT_SECRET).map(Into::into), certificate })
}

fn fault_of(
    raw: &BTreeMap<String, Spanned<Value>>,
    name: &str,
    problem: impl Into<ManifestProblem>,
) -> Fault {
    Fault { at: raw.get(name).map(Spanned::span), problem: problem.into() }
}

/// The text of a secret, without the line break at its end.
pub(super) fn secret(
    name: &str,
    reference: &Value,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<String, ManifestProblem> {
    let fail = |reason| ManifestProblem::Secret { name: name.to_owned(), reason };
    let inline = || ManifestProblem::Inline(name.to_owned());
    let table = reference.as_table().filter(|table| table.len() == 1).ok_or_else(inline)?;
    let text = if let Some(file) = table.get("file").and_then(Value::as_str) {
        let path = folder.join(file);
        fs::read_to_string(&path).map_err(|error| {
            fail(format!(
                "the file {} cannot be read: {error}. Put the secret there, readable for this program alone",
                path.display()
            ))
        })?
    } else if let Some(key) = table.get("variable").and_then(Value::as_str) {
        variable(key).ok_or_else(|| fail(format!("the variable {key} is not set in the environment")))?
    } else {
        return Err(inline());
    };
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(fail("it is empty".to_owned()));
    }
    Ok(text.to_owned())
}
