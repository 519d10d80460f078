//! Puts the files of a data set into the cache: by download, from a mirror, or from local files.
//!
//! In all cases a file is written to `<path>.part`, checked against the manifest's size and checksum, synced and
//! renamed, so that a file under its final name is always complete. The `.part` is locked meanwhile, so that a second
//! process waits and then finds the file. An interrupted download leaves its `.part`, and the next download resumes it.

mod folder;
mod http;
mod import;
mod part;

use camino::{Utf8Path, Utf8PathBuf};

use super::DataError;
use super::cache::{Cache, Cached};
use super::manifest::{DataFile, Manifest};

pub use import::import;

/// Environment variable with the default mirror: a folder or a URL.
pub const MIRROR_VARIABLE: &str = "SPARSEGATE_MIRROR";

/// Receives the progress of a download.
pub trait FetchProgress {
    /// A file begins; `done` of its `total` bytes are already present.
    fn start(&self, file: &DataFile, from: &str, done: u64, total: u64);
    /// `bytes` more bytes were written.
    fn advance(&self, bytes: u64);
    /// The file is complete and verified.
    fn finish(&self, file: &DataFile);
}

/// Ignores progress.
impl FetchProgress for () {
    fn start(&self, _file: &DataFile, _from: &str, _done: u64, _total: u64) {}
    fn advance(&self, _bytes: u64) {}
    fn finish(&self, _file: &DataFile) {}
}

/// Result of a fetch or an import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fetched {
    /// Paths of the files that were put into the cache: after a fetch in reading order, after an import as given.
    pub new: Vec<Utf8PathBuf>,
    /// Paths of the files that were already in the cache, verified.
    pub present: Vec<Utf8PathBuf>,
}

/// Source of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    /// Each file from its own URL.
    Canonical,
    /// All files from below one URL.
    Url(String),
    /// All files from a folder.
    Folder(Utf8PathBuf),
}

impl Origin {
    fn new(mirror: Option<&str>) -> Self {
        match mirror {
            None => Self::Canonical,
            Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
                Self::Url(url.trim_end_matches('/').to_owned())
            }
            Some(folder) => Self::Folder(folder.strip_prefix("file://").unwrap_or(folder).into()),
        }
    }
}

/// Puts all files of `manifest` into the cache of `root`, except those already present and verified.
///
/// Files come from `mirror`, a folder or a URL that holds each file under the manifest's `path`; by default from the
/// mirror that [`MIRROR_VARIABLE`] names, or else from their own URLs. For a generated data set this does nothing.
///
/// # Errors
/// A file that cannot be obtained, differs from the manifest, or cannot be written. Files fetched before it are kept.
pub fn fetch(
    root: &Utf8Path,
    manifest: &Manifest,
    mirror: Option<&str>,
    progress: &dyn FetchProgress,
) -> Result<Fetched, DataError> {
    let variable = std::env::var(MIRROR_VARIABLE).ok();
    let mirror = mirror.or(variable.as_deref()).filter(|mirror| !mirror.is_empty());
    fetch_into(&Cache::new(root), manifest, &Origin::new(mirror), progress)
}

fn fetch_into(
    cache: &Cache,
    manifest: &Manifest,
    origin: &Origin,
    progress: &dyn FetchProgress,
) -> Result<Fetched, DataError> {
    let mut fetched = Fetched::default();
    for (_, file) in manifest.files_in_order() {
        let path = cache.path(file);
        if let Cached::Verified = cache.check(manifest, file)? {
            fetched.present.push(path);
            continue;
        }
        match origin {
            Origin::Canonical => {
                let no_address = || DataError::NoAddress { file: path.clone(), dataset: manifest.name.clone() };
                http::download(cache, manifest, file, file.url.as_deref().ok_or_else(no_address)?, progress)?;
            }
            Origin::Url(url) => http::download(cache, manifest, file, &format!("{url}/{}", file.path), progress)?,
            Origin::Folder(folder) => folder::copy(cache, manifest, file, folder, progress)?,
        }
        progress.finish(file);
        fetched.new.push(path);
    }
    Ok(fetched)
}

#[cfg(test)]
mod tests;
