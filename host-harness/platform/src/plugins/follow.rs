//! A host follows its operator's manifests while it runs: what changes there is swapped in, on every host that is
//! given the files, and each host takes only what they pin.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use tokio::task::spawn_blocking;
use video_host::{ManifestError, ManifestFile, sha256};

use super::{Plugins, SwapOptions, Swapped};

/// How the names of manifests in a folder end.
const ENDING: &str = "toml";

/// The manifests that a host follows. [`Manifests::look`] is to be called every few seconds.
///
/// It reads their texts each time. They are a few KiB, and neither length nor time tells what changed: to pin
/// another component changes no length, and times are those of whoever copied the file, in whole seconds here and
/// there. Notifications of the system are not waited for, as file systems of networks send none.
#[derive(Debug)]
pub struct Manifests {
    place: Place,
    /// The files that were there at the last look.
    files: BTreeMap<PathBuf, Seen>,
    /// For each plugin, the digest of the text under which it was loaded last.
    loaded: BTreeMap<String, String>,
    started: bool,
}

#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Folder(PathBuf),
}

/// What is known of a file.
#[derive(Debug, Default)]
struct Seen {
    /// The digest of its text.
    text: String,
    /// Whether that was decided about, for as long as it stays what it is.
    settled: bool,
    /// The plugin that it is the manifest of.
    provider: Option<String>,
}

/// A manifest that was not taken as it is now. What was loaded before goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedManifest {
    /// The file.
    pub file: PathBuf,
    /// The plugin that it is for; as long as that cannot be read, the file's name.
    pub provider: String,
    /// Why, with the file's name, for people.
    pub problem: String,
    /// Since when: milliseconds since 1970 UTC, by the host's clock.
    pub since: i64,
}

impl Place {
    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let folder = match self {
            Self::File(file) => return Ok(vec![file.clone()]),
            Self::Folder(folder) => folder,
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            // What begins with a point is an editor's, or where Kubernetes keeps what the others lead to.
            let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
            if !hidden && path.extension().is_some_and(|ending| ending == ENDING) {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    fn texts(&self) -> io::Result<Vec<(PathBuf, io::Result<String>)>> {
        let read = |file: PathBuf| {
            let text = fs::read_to_string(&file);
            (file, text)
        };
        Ok(self.files()?.into_iter().map(read).collect())
    }

    fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Folder(path) => path,
        }
    }
}

impl Manifests {
    /// One manifest.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::of(Place::File(path.into()))
    }

    /// Every file of a folder whose name ends with `.toml`, one for each plugin. Components may be in it, too.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self::of(Place::Folder(path.into()))
    }

    fn of(place: Place) -> Self {
        Self { place, files: BTreeMap::new(), loaded: BTreeMap::new(), started: false }
    }

    /// The manifests that are there now, in the order of their names.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        self.place.files()
    }

    /// Looks at the manifests once, and swaps in what is new. What is not taken is in [`Plugins::refused`].
    ///
    /// - A text is taken when it was the same at two looks: one that is being written can be whole TOML and lack
    ///   its settings. The first look takes it at once, as there is nothing yet that works.
    /// - A manifest that cannot be read, means nothing or does not fit its component or its secrets is looked at
    ///   again each time, also if its own text stays: any of these files may still be on its way, and nothing is
    ///   compiled for it.
    /// - A version that does not load, or can do less than the one that works, is looked at again when its
    ///   manifest changes: the same bytes come to the same. Only one that had no room or no time to say who it is
    ///   is asked again each time.
    /// - A manifest that is not there any more unloads nothing: files are gone for a moment while they are
    ///   replaced, and longer when a volume is; organisations whose plugin is gone cannot book.
    ///
    /// No integration is [asked](SwapOptions::check) whether the new version works for it: every host is to decide
    /// alike, whatever its provider answers at that moment.
    pub async fn look(&mut self, plugins: &Plugins) -> Vec<Swapped> {
        let place = self.place.clone();
        let texts = spawn_blocking(move || place.texts()).await;
        let texts = match texts.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(texts) => texts,
            Err(error) => {
                let path = self.place.path();
                let problem = format!("{}: the manifests cannot be looked for: {error}", path.display());
                plugins.refuse(path, named(path), problem);
                return Vec::new();
            }
        };
        if let Place::Folder(folder) = &self.place {
            plugins.admit(folder);
        }
        let (mut there, mut unreadable) = (Vec::new(), Vec::new());
        for (file, text) in texts {
            match text {
                Ok(text) => there.push((file, text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound && self.started => {}
                Err(error) => unreadable.push((file, error)),
            }
        }
        let known = |file: &PathBuf| {
            there.iter().any(|(it, _)| it == file) || unreadable.iter().any(|(it, _)| it == file)
        };
        let gone: Vec<_> = self.files.keys().filter(|file| !known(file)).cloned().collect();
        for file in gone {
            self.files.remove(&file);
            plugins.admit(&file);
        }
        for (file, error) in unreadable {
            let problem = format!("{}: the manifest cannot be read: {error}", file.display());
            plugins.refuse(&file, self.provider(&file), problem);
            self.files.entry(file).or_default();
        }
        let mut swapped = Vec::new();
        for (file, text) in there {
            swapped.extend(self.consider(plugins, file, text).await);
        }
        self.started = true;
        swapped
    }

    /// Decides about one file, if there is something to decide.
    async fn consider(&mut self, plugins: &Plugins, file: PathBuf, text: String) -> Option<Swapped> {
        let digest = sha256(text.as_bytes());
        let seen = self.files.entry(file.clone()).or_default();
        if seen.text != digest {
            seen.text.clone_from(&digest);
            seen.settled = false;
            if self.started {
                return None;
            }
        } else if seen.settled {
            return None;
        }
        let path = file.clone();
        let read = spawn_blocking(move || ManifestFile::of_text(&path, &text)).await;
        let (provider, read) = match read.map_err(|error| error.to_string()).and_then(parts) {
            Ok(read) => read,
            Err(problem) => {
                plugins.refuse(&file, self.provider(&file), problem);
                return None;
            }
        };
        let of = |(other, seen): &(&PathBuf, &Seen)| {
            **other != file && seen.provider.as_deref() == Some(&provider)
        };
        if let Some((other, _)) = self.files.iter().find(of) {
            let problem = format!(
                "{}: the plugin {provider} has a manifest already, {}. Keep one of the two",
                file.display(),
                other.display()
            );
            plugins.refuse(&file, provider, problem);
            // Nor is it any more for what it was for before.
            self.files.entry(file).or_default().provider = None;
            return None;
        }
        let seen = self.files.entry(file.clone()).or_default();
        seen.settled = true;
        seen.provider = Some(provider.clone());
        // Put back as it was, or under another name: it is what calls go to.
        if self.loaded.get(&provider) == Some(&digest) && plugins.get(&provider).is_some() {
            plugins.admit(&file);
            return None;
        }
        match plugins.try_swap(&read.component, &read.manifest, &SwapOptions::default()).await {
            Ok(swapped) => {
                self.loaded.insert(provider, digest);
                plugins.admit(&file);
                Some(swapped)
            }
            Err(refused) => {
                // What had no room or no time may have them later: the same bytes are tried again.
                if refused.may_pass() {
                    self.files.entry(file.clone()).or_default().settled = false;
                }
                plugins.refuse(&file, provider, format!("{}: {refused}", file.display()));
                None
            }
        }
    }

    /// The plugin that a file is for, as far as that is known.
    fn provider(&self, file: &Path) -> String {
        let known = self.files.get(file).and_then(|seen| seen.provider.clone());
        known.unwrap_or_else(|| named(file))
    }
}

/// A manifest that was read, and its plugin; or why not.
fn parts(read: Result<ManifestFile, ManifestError>) -> Result<(String, ManifestFile), String> {
    let read = read.map_err(|error| error.to_string())?;
    Ok((read.manifest.provider.clone().unwrap_or_default(), read))
}

fn named(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

impl Plugins {
    /// Manifests that were not taken as they are now, in the order of their files.
    pub fn refused(&self) -> Vec<RefusedManifest> {
        self.refused.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Notes that a file was not taken, and says so unless it was said before.
    fn refuse(&self, file: &Path, provider: String, problem: String) {
        let mut all = self.refused.write().unwrap_or_else(PoisonError::into_inner);
        if all.get(file).is_some_and(|known| known.problem == problem) {
            return;
        }
        tracing::warn!(provider, %problem, "a manifest is not taken; what was loaded goes on");
        let since = self.host.clock().now_ms();
        all.insert(file.to_owned(), RefusedManifest { file: file.to_owned(), provider, problem, since });
    }

    /// Notes that nothing is wrong with a file any more.
    fn admit(&self, file: &Path) {
        self.refused.write().unwrap_or_else(PoisonError::into_inner).remove(file);
    }
}
