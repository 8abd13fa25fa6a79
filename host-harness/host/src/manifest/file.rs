//! The operator's file: what a plugin may do, reviewed once and pinned. Everything that can be wrong with it
//! is told before anything of the plugin is compiled.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::Manifest;
use super::parts::{
    RawLimits, RawOrigins, RawWants, client_keys, granted, limits, links, settings, wanted, wanted_keys,
};
use super::signing::{RawSigning, signing_keys};
use crate::egress::OriginError;
use crate::load::sha256;
use crate::signing::{AmbiguousKeys, KeyError, LinksError};
use crate::vault::CertificateError;
use crate::wants::{Wants, WantsError};

/// A manifest that was read from the operator's file, and the component that it is for. What it says holds:
/// the component has the digest, every origin that it needs is granted, and every secret could be read.
///
/// The file is TOML. `plugin` (relative to the file), `sha256` and `provider` are required; `wants` is what
/// the plugin asks for, as `host-harness inspect --manifest` prints it; `grants` is what it gets, and where its
/// meetings' links may lead. `settings`
/// holds nothing secret: `secrets` names each by `{ file = "…" }` or `{ variable = "…" }`. Each `signing` is a key
/// with which tokens for those who join are signed, named in the same way. `limits` are those
/// of [`Limits`](crate::Limits). A name that means nothing is refused.
#[derive(Debug)]
pub struct ManifestFile {
    /// The component, byte for byte as it was reviewed.
    pub component: Vec<u8>,
    /// What the operator decided.
    pub manifest: Manifest,
}

/// What is wrong with a manifest, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {problem}", file.display(), line_of(*line))]
pub struct ManifestError {
    /// The operator's file.
    pub file: PathBuf,
    /// Its line, from 1; none if it is about the whole file.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: ManifestProblem,
}

fn line_of(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}

/// What can be wrong with a manifest. No message contains a secret.
#[derive(Debug, thiserror::Error)]
pub enum ManifestProblem {
    /// It cannot be read.
    #[error("the manifest cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// It is no TOML, or has a name that means nothing, or lacks one.
    #[error("{0}")]
    Malformed(String),
    /// The component cannot be read.
    #[error("the plugin {} cannot be read: {source}. Name its file relative to the manifest", file.display())]
    Component {
        /// Where it was looked for.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Another component than the one that was reviewed.
    #[error(
        "the plugin's SHA-256 is {found}, and {expected} was reviewed. If the new file is meant, review what \
         it asks for with `host-harness inspect --manifest` and pin it"
    )]
    Digest {
        /// The file's digest.
        found: String,
        /// The manifest's.
        expected: String,
    },
    /// Not one of the words that it has to be.
    #[error("{name} is {found:?}, and has to be {wanted}")]
    Word {
        /// The key.
        name: &'static str,
        /// What it is.
        found: String,
        /// What it has to be.
        wanted: &'static str,
    },
    /// An origin that is none.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// An origin that the plugin cannot work without.
    #[error(
        "the plugin needs {origin}, which [grants] {list} does not have: add it there, or do without the plugin"
    )]
    NotGranted {
        /// Which.
        origin: String,
        /// `api` or `identity`.
        list: &'static str,
    },
    /// A key that the plugin cannot work without.
    #[error(
        "the plugin needs a key {0} for tokens of those who join, and there is no [[signing]] of this name: add one, \
         or do without the plugin"
    )]
    NoKey(String),
    /// A key that the plugin does not ask for: most likely its name is misspelled.
    #[error("the plugin does not ask for a key {name:?}; the keys that it can use: {asked}")]
    UnaskedKey {
        /// Which.
        name: String,
        /// Those that it asks for.
        asked: String,
    },
    /// A key that signs nothing.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Links that do not begin so.
    #[error(transparent)]
    Links(#[from] LinksError),
    /// Two keys for the same.
    #[error(transparent)]
    Ambiguous(#[from] AmbiguousKeys),
    /// The component's own section of wants means nothing.
    #[error(transparent)]
    Wants(#[from] WantsError),
    /// A setting that is a secret.
    #[error(
        "settings are for everybody to read, and {0} is a secret: name its file or variable under [secrets]"
    )]
    SecretSetting(String),
    /// A secret that nobody asks for.
    #[error("there is no secret {0}: the host knows client-secret, client-certificate and client-key")]
    UnknownSecret(String),
    /// A secret that stands in the manifest itself.
    #[error(
        "the secret {0} has to be named by {{ file = \"…\" }} or {{ variable = \"…\" }}, and must not stand in \
         the manifest itself"
    )]
    Inline(String),
    /// A secret that is not where the manifest says.
    #[error("the secret {name} cannot be had: {reason}")]
    Secret {
        /// Its name.
        name: String,
        /// Why, and what to do.
        reason: String,
    },
    /// A certificate without its key, or the other way round.
    #[error("{there} is of no use without {missing}: name both under [secrets]")]
    HalfACertificate {
        /// What there is.
        there: &'static str,
        /// What there is not.
        missing: &'static str,
    },
    /// A certificate that cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A limit that cannot be kept.
    #[error("{name} has to be from 1 to {most}")]
    Limit {
        /// The key.
        name: &'static str,
        /// The largest value.
        most: u64,
    },
}

/// Something wrong at a place of the text.
pub(super) struct Fault {
    pub(super) at: Option<Range<usize>>,
    pub(super) problem: ManifestProblem,
}

impl Fault {
    pub(super) fn at<T>(place: &Spanned<T>, problem: impl Into<ManifestProblem>) -> Self {
        Self { at: Some(place.span()), problem: problem.into() }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.problem)
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    plugin: Spanned<PathBuf>,
    sha256: Spanned<String>,
    provider: Spanned<String>,
    #[serde(default)]
    wants: RawWants,
    #[serde(default)]
    grants: RawOrigins,
    #[serde(default)]
    settings: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    secrets: BTreeMap<String, Spanned<Value>>,
    #[serde(default)]
    signing: Vec<Spanned<RawSigning>>,
    #[serde(default)]
    limits: RawLimits,
}

impl ManifestFile {
    /// Reads the manifest, the secrets that it refers to and the component, and holds them against one
    /// another. Nothing is compiled.
    pub fn read(file: &Path) -> Result<Self, ManifestError> {
        Self::read_with(file, &|name| std::env::var(name).ok())
    }

    /// The same, with another environment than the process's.
    pub fn read_with(file: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, ManifestError> {
        let unreadable = |error| ManifestError {
            file: file.to_owned(),
            line: None,
            problem: ManifestProblem::Unreadable(error),
        };
        Self::of_text_with(file, &fs::read_to_string(file).map_err(unreadable)?, variable)
    }

    /// The same, of a file whose text was read already: whoever compares texts has to load the one that it
    /// compared.
    pub fn of_text(file: &Path, text: &str) -> Result<Self, ManifestError> {
        Self::of_text_with(file, text, &|name| std::env::var(name).ok())
    }

    fn of_text_with(
        file: &Path,
        text: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ManifestError> {
        let folder = file.parent().unwrap_or(Path::new(""));
        check(text, folder, variable).map_err(|Fault { at, problem }| {
            let before = at.and_then(|at| text.as_bytes().get(..at.start));
            let line = before.map(|before| memchr::memchr_iter(b'\n', before).count() + 1);
            ManifestError { file: file.to_owned(), line, problem }
        })
    }
}

/// The manifest and its component, from the manifest's text.
pub(super) fn check(
    text: &str,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<ManifestFile, Fault> {
    // The error's own words would show the line, which may hold what should be a secret.
    let malformed = |error: toml::de::Error| Fault {
        at: error.span(),
        problem: ManifestProblem::Malformed(error.message().to_owned()),
    };
    let raw: Raw = toml::from_str(text).map_err(malformed)?;

    let digest = raw.sha256.get_ref().to_ascii_lowercase();
    if digest.len() != 64 || !digest.bytes().all(|b| b.is_ascii_hexdigit()) {
        let (name, found) = ("sha256", raw.sha256.get_ref().clone());
        let problem = ManifestProblem::Word { name, found, wanted: "64 hexadecimal digits" };
        return Err(Fault::at(&raw.sha256, problem));
    }
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if raw.provider.get_ref().is_empty() || !raw.provider.get_ref().bytes().all(plain) {
        let (name, found) = ("provider", raw.provider.get_ref().clone());
        let problem = ManifestProblem::Word { name, found, wanted: "the id of a plugin: a-z, 0-9 and -" };
        return Err(Fault::at(&raw.provider, problem));
    }
    let grant = granted(&raw.grants)?;
    let links = links(&raw.grants)?;
    wanted(&raw.wants, &grant)?;
    let settings = settings(raw.settings)?;
    let limits = limits(&raw.limits)?;
    let client = client_keys(&raw.secrets, folder, variable)?;
    let signing = signing_keys(&raw.signing, folder, variable)?;
    wanted_keys(&raw.wants, &signing)?;

    let path = folder.join(raw.plugin.get_ref());
    let component = fs::read(&path)
        .map_err(|source| Fault::at(&raw.plugin, ManifestProblem::Component { file: path, source }))?;
    let found = sha256(&component);
    if found != digest {
        return Err(Fault::at(&raw.sha256, ManifestProblem::Digest { found, expected: digest }));
    }
    // What [wants] left out, or has wrong: the component says it itself, if it has the section.
    let wants = Wants::of_component(&component).map_err(|error| Fault::at(&raw.plugin, error))?;
    let wants = wants.as_ref();
    let lacking = wants.map(|wants| wants.not_granted(&grant)).unwrap_or_default();
    let api = lacking.api.first().map(|origin| (origin, "api"));
    if let Some((origin, list)) = api.or_else(|| lacking.identity.first().map(|origin| (origin, "identity")))
    {
        let problem = ManifestProblem::NotGranted { origin: origin.to_string(), list };
        return Err(Fault::at(&raw.plugin, problem));
    }
    if let Some(name) = wants.and_then(|wants| wants.key_not_there(&signing)) {
        return Err(Fault::at(&raw.plugin, ManifestProblem::NoKey(name.to_owned())));
    }
    if let Some(unasked) = wants.and_then(|wants| wants.unasked_key(&signing)) {
        let name = unasked.to_owned();
        let asked = wants.map(Wants::told_keys).unwrap_or_default();
        let place = raw.signing.iter().find(|key| *key.get_ref().name() == name);
        let at = place.map(Spanned::span);
        return Err(Fault { at, problem: ManifestProblem::UnaskedKey { name, asked } });
    }
    let manifest = Manifest {
        sha256: Some(digest),
        provider: Some(raw.provider.into_inner()),
        grant,
        links,
        settings,
        client: Arc::new(client),
        signing: Arc::new(signing),
        limits,
    };
    Ok(ManifestFile { component, manifest })
}
