//! From a file's bytes to a plugin: every check that can be made before a call is made.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use aws_lc_rs::digest;
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::bindings::exports::scheduling::video_provider::{joining, provider};
use crate::calls::Dispatcher;
use crate::egress::{Grant, Origin, OriginError};
use crate::lend::Lender;
use crate::manifest::Manifest;
use crate::plugin::{Loaded, Plugin};
use crate::sandbox::{
    CallError, CallState, CodeCache, JOINING, LARGEST_MEMORY, Limits, MEMORIES, PROVIDER, Runner, Sandboxed,
    Surface, SurfaceError, check, queue, surface,
};
use crate::wants::{Wants, WantsError};

/// Why a file cannot be used as a plugin. What it says of itself is the only thing that may have been run by then.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Larger than the operator allows.
    #[error("the component has {size} bytes, and {limit} are allowed")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The operator's limit in bytes.
        limit: usize,
    },
    /// Another file than the one that the operator reviewed.
    #[error("the component's SHA-256 is {found}, and the manifest names {expected}")]
    Digest {
        /// The file's digest.
        found: String,
        /// The manifest's.
        expected: String,
    },
    /// No WebAssembly, or a core module.
    #[error("this is not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// It imports what it may not, or speaks another version, or is no provider.
    #[error(transparent)]
    Surface(#[from] SurfaceError),
    /// Its types differ from the contract's.
    #[error("the component does not fit the contract: {0}")]
    Misfit(String),
    /// It gives itself another id than the one that the manifest is for.
    #[error(
        "the component calls itself {found}, and the manifest is for {expected}: review what it asks for with \
         `host-harness inspect --manifest`, and write a manifest of its own"
    )]
    OtherProvider {
        /// What it calls itself.
        found: String,
        /// Whom the manifest is for.
        expected: String,
    },
    /// Its own description cannot be had or breaks the contract.
    #[error("the component does not describe itself: {0}")]
    SelfCheck(#[source] CallError),
    /// Its description breaks the contract.
    #[error("the component's description breaks the contract: {0}")]
    Description(String),
    /// An origin that it names is not one.
    #[error("the component asks for a bad origin: {0}")]
    Origin(#[from] OriginError),
    /// It needs to reach what the operator did not grant.
    #[error("the component needs origins that are not granted: {}. Review them and add them to its grant", list(.0))]
    NotGranted(Vec<Origin>),
    /// It needs a key for tokens of those who join.
    #[error(
        "the component needs a key {0} for tokens of those who join, which the operator does not have: add one to its \
         manifest"
    )]
    NoKey(String),
    /// What it says that it wants, beside its code, cannot be read or is not what it says when it is asked.
    #[error(transparent)]
    Wants(WantsError),
    /// The operator's own limits make no sense.
    #[error("the manifest's limit is not possible: {0}")]
    Limits(String),
}

impl From<WantsError> for LoadError {
    fn from(error: WantsError) -> Self {
        match error {
            WantsError::NotAComponent(reason) => Self::NotAComponent(reason),
            other => Self::Wants(other),
        }
    }
}

fn list(origins: &[Origin]) -> String {
    origins.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// SHA-256 of a component, in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    digest::digest(&digest::SHA256, bytes).as_ref().iter().fold(String::new(), |mut hex, byte| {
        use std::fmt::Write;
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What loading needs of a host.
pub(crate) struct Loader {
    pub(crate) runner: Arc<Runner>,
    pub(crate) linker: Linker<CallState>,
    pub(crate) cache: Arc<CodeCache>,
    /// Compiling takes all processors: one component at a time.
    pub(crate) compiling: Semaphore,
    pub(crate) dispatcher: Arc<Dispatcher>,
}

impl Loader {
    /// Checks, compiles and links a component, and has it describe itself.
    pub(crate) async fn load(
        &self,
        bytes: &[u8],
        manifest: &Manifest,
        lender: impl FnOnce() -> Lender,
    ) -> Result<Plugin, LoadError> {
        let limits = &manifest.limits;
        if limits.memory > LARGEST_MEMORY {
            return Err(LoadError::Limits(format!("memory over {LARGEST_MEMORY} bytes")));
        }
        admit(bytes, limits)?;
        let digest = sha256(bytes);
        if let Some(expected) = manifest.sha256.as_ref().filter(|expected| **expected != digest) {
            return Err(LoadError::Digest { found: digest, expected: expected.clone() });
        }
        preamble(bytes)?;
        let wants = Wants::of_component(bytes)?;
        if let Some(wants) = &wants {
            let Grant { mut api, identity } = wants.not_granted(&manifest.grant);
            api.extend(identity);
            if !api.is_empty() {
                return Err(LoadError::NotGranted(api));
            }
            if let Some(name) = wants.key_not_there(&manifest.signing) {
                return Err(LoadError::NoKey(name.to_owned()));
            }
        }
        let (component, from_cache) = self.compile(bytes, &digest).await?;
        let surface = surface(&self.runner.engine, &component);
        surface.check()?;

        let misfit = |error: wasmtime::Error| LoadError::Misfit(format!("{error:#}"));
        let pre = self.linker.instantiate_pre(&component).map_err(misfit)?;
        // Every function of the contract is there; their types are held against it when it describes itself.
        provider::GuestIndices::new(&pre).map_err(misfit)?;
        let interface = component
            .get_export_index(None, PROVIDER)
            .ok_or_else(|| LoadError::Misfit(format!("it exports no {PROVIDER}")))?;
        let joining = component.get_export_index(None, JOINING);
        if joining.is_some() {
            joining::GuestIndices::new(&pre).map_err(misfit)?;
        }
        let sandboxed = Sandboxed {
            runner: self.runner.clone(),
            pre,
            interface,
            joining,
            limits: limits.clone(),
            lender: Arc::new(lender()),
            name: digest.get(..12).unwrap_or_default().into(),
            places: self.runner.places.of_plugin(places_each(&component)),
            queue: queue(),
            most_memory: AtomicUsize::new(0),
        };
        let description = sandboxed.describe().await.map_err(LoadError::SelfCheck)?;
        check::description(&description).map_err(LoadError::Description)?;
        if let Some(expected) = manifest.provider.as_ref().filter(|expected| **expected != description.id) {
            return Err(LoadError::OtherProvider { found: description.id, expected: expected.clone() });
        }
        let described = Wants::of_description(&description);
        if wants.as_ref().is_some_and(|wants| !wants.has_the_origins_of(&described)) {
            return Err(LoadError::Wants(WantsError::Differs));
        }
        let parse =
            |origins: &[String]| origins.iter().map(|origin| origin.parse()).collect::<Result<_, _>>();
        let wanted =
            Grant { api: parse(&description.api_origins)?, identity: parse(&description.identity_origins)? };
        // What is optional need not be granted, and has to be an origin all the same.
        for optional in [&description.optional_api_origins, &description.optional_identity_origins] {
            let _: Vec<Origin> = parse(optional)?;
        }
        let missing = manifest.grant.missing(&wanted);
        if !missing.is_empty() {
            return Err(LoadError::NotGranted(missing));
        }
        let sandboxed = Sandboxed { name: description.id.as_str().into(), ..sandboxed };
        Ok(Plugin {
            loaded: Arc::new(Loaded {
                grant: sandboxed.lender.grant.clone(),
                links: manifest.links.clone(),
                dispatcher: self.dispatcher.clone(),
                sandboxed,
                description,
                digest,
                surface,
                wants,
                size: bytes.len(),
                from_cache,
            }),
        })
    }

    /// Compiled code from the cache, or anew, on a thread of its own: calls of other plugins go on
    /// meanwhile.
    async fn compile(&self, bytes: &[u8], digest: &str) -> Result<(Component, bool), LoadError> {
        let (engine, cache) = (self.runner.engine.clone(), self.cache.clone());
        let (bytes, digest) = (bytes.to_vec(), digest.to_owned());
        let _turn = self.compiling.acquire().await;
        let span = tracing::debug_span!("compiling", digest);
        tokio::task::spawn_blocking(move || span.in_scope(|| compile(&engine, &cache, &bytes, &digest)))
            .await
            .map_err(|error| LoadError::NotAComponent(format!("compiling it failed: {error}")))?
    }

    /// Places of calls that are taken.
    pub(crate) fn running(&self) -> usize {
        self.runner.places.taken()
    }

    /// A component's surface, whether or not it could be loaded.
    pub(crate) async fn inspect(&self, bytes: &[u8], limits: &Limits) -> Result<Surface, LoadError> {
        admit(bytes, limits)?;
        preamble(bytes)?;
        let (component, _) = self.compile(bytes, &sha256(bytes)).await?;
        Ok(surface(&self.runner.engine, &component))
    }
}

/// One for each linear memory of an instance. Of a component that is made of modules given to it, which none can
/// be here, nobody knows, and it takes what is the most.
fn places_each(component: &Component) -> u32 {
    let memories = component.resources_required().map_or(MEMORIES, |required| required.num_memories);
    memories.clamp(1, MEMORIES)
}

/// Nothing is compiled, nor looked at, that is larger than it may be.
fn admit(bytes: &[u8], limits: &Limits) -> Result<(), LoadError> {
    if bytes.len() > limits.component {
        return Err(LoadError::TooLarge { size: bytes.len(), limit: limits.component });
    }
    Ok(())
}

fn compile(
    engine: &Engine,
    cache: &CodeCache,
    bytes: &[u8],
    digest: &str,
) -> Result<(Component, bool), LoadError> {
    let begun = Instant::now();
    if let Some(component) = cache.load(engine, digest) {
        tracing::debug!(digest, elapsed = ?begun.elapsed(), "compiled code loaded from the cache");
        return Ok((component, true));
    }
    let component = Component::from_binary(engine, bytes)
        .map_err(|error| LoadError::NotAComponent(format!("{error:#}")))?;
    if let Err(error) = cache.store(engine, digest, &component) {
        // It costs time at the next start and nothing else.
        tracing::warn!(%error, "compiled code could not be kept");
    }
    tracing::debug!(digest, elapsed = ?begun.elapsed(), "compiled");
    Ok((component, false))
}

/// The first eight bytes tell a component from a core module.
fn preamble(bytes: &[u8]) -> Result<(), LoadError> {
    let reason = match bytes.get(..8) {
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => return Ok(()),
        Some([0, b'a', b's', b'm', ..]) => "it is a core WebAssembly module; build it for wasm32-wasip2",
        Some(_) => "it does not begin with WebAssembly's magic number",
        None => "it has fewer than eight bytes",
    };
    Err(LoadError::NotAComponent(reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::{Memory, engine};

    #[test]
    fn a_call_takes_a_place_for_each_memory_of_its_instance() -> wasmtime::Result<()> {
        let engine = engine(&Memory::Pooled)?;
        for (memories, places) in [(0, 1), (1, 1), (3, 3), (4, 4)] {
            let instances = "(core instance (instantiate $m))".repeat(memories);
            let text = format!("(component (core module $m (memory 1)) {instances})");
            let bytes = wat::parse_str(text).map_err(wasmtime::Error::msg)?;
            assert_eq!(places_each(&Component::from_binary(&engine, &bytes)?), places, "{memories}");
        }
        Ok(())
    }
}
