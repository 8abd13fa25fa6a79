//! What a component imports and exports, held against the contract.

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::provider::CONTRACT;

/// The imports and exports of a component, by name and sorted: what `host-harness inspect` prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surface {
    /// Interfaces that the component wants from the host.
    pub imports: Vec<String>,
    /// Interfaces that the component offers.
    pub exports: Vec<String>,
}

/// Interfaces of the contract that a plugin may import.
const LENT: [&str; 7] = ["types", "http", "storage", "credentials", "settings", "log", "signing"];

/// What Rust's standard library needs of WASI 0.2 for clocks, random numbers, start-up and a panic's
/// message. No files, no sockets, and an environment that is empty.
const WASI: [&str; 18] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];

/// The interface of those whose links are for one participant each.
pub(crate) const JOINING: &str = "scheduling:video-provider/joining@0.1.0";

/// The interface that makes a component a provider.
pub(crate) const PROVIDER: &str = "scheduling:video-provider/provider@0.1.0";

/// Why a component cannot be a plugin here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SurfaceError {
    /// It wants something that a plugin may not have.
    #[error(
        "the component imports {0}, which a plugin may not: it gets http, storage, credentials, settings, \
         log and signing of {CONTRACT}, and of WASI what the standard library needs for clocks, random numbers and start-up"
    )]
    Import(String),
    /// It was built against another version of the contract.
    #[error(
        "the component is built for {found}, and this host speaks {CONTRACT}: rebuild the plugin or update the host"
    )]
    Version {
        /// What it was built for.
        found: String,
    },
    /// It does not export the provider interface.
    #[error("the component does not export {PROVIDER}, so it is no video provider")]
    NotAProvider,
}

/// Reads a component's surface.
pub(crate) fn surface(engine: &Engine, component: &Component) -> Surface {
    let ty = component.component_type();
    let sorted = |names: Vec<String>| {
        let mut names = names;
        names.sort();
        names
    };
    Surface {
        imports: sorted(ty.imports(engine).map(|(name, item)| named(name, &item.ty)).collect()),
        exports: sorted(ty.exports(engine).map(|(name, item)| named(name, &item.ty)).collect()),
    }
}

/// A bare function or module at the top has a name without a package: say what it is.
fn named(name: &str, item: &ComponentItem) -> String {
    match item {
        ComponentItem::ComponentInstance(_) | ComponentItem::Type(_) => name.to_owned(),
        ComponentItem::ComponentFunc(_) => format!("function {name}"),
        ComponentItem::Module(_) | ComponentItem::CoreFunc(_) => format!("core module {name}"),
        ComponentItem::Component(_) => format!("component {name}"),
        ComponentItem::Resource(_) => format!("resource {name}"),
    }
}

impl Surface {
    /// Whether a host of this version can run it.
    pub fn check(&self) -> Result<(), SurfaceError> {
        let (package, version) = CONTRACT.split_once('@').unwrap_or((CONTRACT, ""));
        let ours = |name: &str| name.split_once('/').is_some_and(|(start, _)| start == package);
        for name in &self.imports {
            let (interface, found) = name.split_once('@').unwrap_or((name, ""));
            if ours(interface) {
                if found != version {
                    return Err(SurfaceError::Version { found: format!("{package}@{found}") });
                }
                if LENT.iter().any(|lent| interface.ends_with(&format!("/{lent}"))) {
                    continue;
                }
            }
            if !(WASI.contains(&interface) && found.starts_with("0.2.")) {
                return Err(SurfaceError::Import(name.clone()));
            }
        }
        let provider = format!("{package}/provider@");
        let Some(exported) = self.exports.iter().find(|name| name.starts_with(&provider)) else {
            return Err(SurfaceError::NotAProvider);
        };
        let found = exported.trim_start_matches(&provider);
        if found != version {
            return Err(SurfaceError::Version { found: format!("{package}@{found}") });
        }
        Ok(())
    }
}
