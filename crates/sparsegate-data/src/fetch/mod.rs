//! Getting the files of a data set into the cache: from their addresses, from a mirror, or from files at hand.
//!
//! Whatever the way, a file is written to `<path>.part`, held against the manifest's size and checksum, synced and renamed:
//! under its own name there is never half a file. The `.part` is locked meanwhile, so that a second process waits and
//! then finds the file there. A download that breaks off leaves its `.part`, and the next one goes on from there.

mod folder;
mod http;
mod import;
mod part;

use camino::{Utf8Path, Utf8PathBuf};

use super::DataError;
use super::cache::{Cache, Cached};
use super::manifest::{DataFile, Manifest};

pub use import::import;

/// Names a mirror, a folder or an address, for commands that were not given one.
pub const MIRROR_VARIABLE: &str = "SPARSEGATE_MIRROR";

/// Who is told how far a download is.
pub trait FetchProgress {
    /// A file begins; `done` of its `total` bytes are there already.
    fn start(&self, file: &DataFile, from: &str, done: u64, total: u64);
    /// `bytes` more are there.
    fn advance(&self, bytes: u64);
    /// The file is complete and verified.
    fn finish(&self, file: &DataFile);
}

/// Nobody.
impl FetchProgress for () {
    fn start(&self, _file: &DataFile, _from: &str, _done: u64, _total: u64) {}
    fn advance(&self, _bytes: u64) {}
    fn finish(&self, _file: &DataFile) {}
}

/// What a fetch or an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fetched {
    /// Files that were put into the cache, in reading order.
    pub new: Vec<Utf8PathBuf>,
    /// Files that were there already, and verified.
    pub present: Vec<Utf8PathBuf>,
}

/// Where files come from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    /// Each from its own address.
    Canonical,
    /// All from beneath one address.
    Url(String),
    /// All from a folder.
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

/// Puts all files of `manifest` into the cache of `root`; files that are there and verified are left alone. With `mirror`,
/// a folder or an address that holds each file under the manifest's `path`, they come from there; without, from the
/// mirror that [`MIRROR_VARIABLE`] names, or else from their own addresses. A generated data set has no files.
///
/// # Errors
/// A file that cannot be had, is not what the manifest says, or cannot be written. What was fetched before it stays.
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
