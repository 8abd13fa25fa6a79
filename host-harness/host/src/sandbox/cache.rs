//! Compiled code on disk. Loading native code is trusting it, so a file is used only if this host's
//! key signed it, and it is named by everything that it depends on.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use aws_lc_rs::hmac;
use wasmtime::Engine;
use wasmtime::component::Component;

/// HMAC-SHA-256 in front of each file.
const TAG: usize = 32;

/// A folder of compiled components.
#[derive(Debug)]
pub(crate) struct CodeCache {
    folder: PathBuf,
    key: hmac::Key,
}

impl CodeCache {
    /// `key` must be known to this host only: whoever has it can run code in this process.
    pub(crate) fn new(folder: PathBuf, key: hmac::Key) -> std::io::Result<Self> {
        fs::create_dir_all(&folder)?;
        #[cfg(unix)]
        fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        Ok(Self { folder, key })
    }

    /// By the component's digest, the engine's version and its configuration.
    fn path(&self, engine: &Engine, digest: &str) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        self.folder.join(format!("{digest}-{:016x}.cwasm", hasher.finish()))
    }

    /// The compiled component, if this host compiled it before. Whatever is wrong with a file, it is
    /// as if it were not there.
    pub(crate) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let path = self.path(engine, digest);
        let file = fs::read(&path).ok()?;
        let (tag, code) = file.split_at_checked(TAG)?;
        let name = path.file_name()?.to_str()?;
        if hmac::verify(&self.key, &signed(name, code), tag).is_err() {
            tracing::warn!(
                file = %path.display(),
                "compiled code is not what this host wrote and is compiled anew"
            );
            return None;
        }
        // SAFETY: `deserialize` asks for bytes that `Component::serialize` gave. The tag was made with
        // a key that only this host has, over the name and the bytes, right after `serialize`.
        #[allow(unsafe_code)]
        let component = unsafe { Component::deserialize(engine, code) };
        component.ok()
    }

    /// Keeps the compiled component. A file appears whole or not at all.
    pub(crate) fn store(&self, engine: &Engine, digest: &str, component: &Component) -> wasmtime::Result<()> {
        let path = self.path(engine, digest);
        let code = component.serialize()?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let tag = hmac::sign(&self.key, &signed(name, &code));
        write_whole(&path, &[tag.as_ref(), &code])?;
        Ok(())
    }
}

/// What the tag covers: the name too, so that one component's code cannot stand in for another's.
fn signed(name: &str, code: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len() + 1 + code.len());
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(code);
    bytes
}

fn write_whole(path: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut file = fs::File::create(&draft)?;
    for part in parts {
        file.write_all(part)?;
    }
    drop(file);
    fs::rename(&draft, path)
}
