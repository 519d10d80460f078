//! The local cache of data set files, stored under their manifests' paths, and the checks of their sizes and checksums.

use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest, Sha256};

use super::DataError;
use super::manifest::{DataFile, Manifest};

/// Environment variable that overrides the cache folder, by default `<root>/datasets/cache`.
pub const CACHE_VARIABLE: &str = "SPARSEGATE_CACHE";

/// The folder of downloaded files.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: Utf8PathBuf,
}

/// State of one data set file in the cache.
#[derive(Debug)]
pub enum Cached {
    /// The file is missing.
    Absent,
    /// The file exists and has the size and checksum of the manifest.
    Verified,
    /// The file exists, but its size or checksum differs from the manifest.
    Wrong(DataError),
}

impl Cache {
    /// The cache of `root`, or the one named by [`CACHE_VARIABLE`].
    pub fn new(root: &Utf8Path) -> Self {
        let folder = match std::env::var(CACHE_VARIABLE) {
            Ok(folder) if !folder.is_empty() => Utf8PathBuf::from(folder),
            _ => Manifest::folder(root).join("cache"),
        };
        Self { folder }
    }

    /// A cache in `folder`.
    pub fn at(folder: &Utf8Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The folder.
    pub fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// Path of a file in the cache, whether or not it exists.
    pub fn path(&self, file: &DataFile) -> Utf8PathBuf {
        self.folder.join(&file.path)
    }

    /// Whether the file exists with a size that the manifest accepts; does not read its contents.
    pub fn has(&self, file: &DataFile) -> bool {
        self.path(file).metadata().is_ok_and(|found| found.is_file() && file.has_size(found.len()))
    }

    /// Checks size and checksum of the file if it exists.
    ///
    /// # Errors
    /// A file that exists but cannot be read.
    pub fn check(&self, manifest: &Manifest, file: &DataFile) -> Result<Cached, DataError> {
        let path = self.path(file);
        if !path.is_file() {
            return Ok(Cached::Absent);
        }
        let cure = if file.url.is_some() {
            format!("download it again with `sparsegate data fetch {}`", manifest.name)
        } else {
            format!(
                "it has no public address: put back an intact copy with `sparsegate data import {} FILE`",
                manifest.name
            )
        };
        Ok(match check_file(manifest, file, &path, &cure) {
            Ok(()) => Cached::Verified,
            Err(error @ DataError::Io(_)) => return Err(error),
            Err(error) => Cached::Wrong(error),
        })
    }

    /// Path of the file with the given role, after checking its size and checksum.
    pub(super) fn verified(&self, manifest: &Manifest, role: &str) -> Result<Utf8PathBuf, DataError> {
        let missing = |file: Utf8PathBuf| DataError::Missing { file, dataset: manifest.name.clone() };
        let file = manifest.files.get(role).ok_or_else(|| missing(role.into()))?;
        let path = self.path(file);
        match self.check(manifest, file)? {
            Cached::Absent if file.url.is_none() => {
                Err(DataError::NoAddress { file: path, dataset: manifest.name.clone() })
            }
            Cached::Absent => Err(missing(path)),
            Cached::Verified => Ok(path),
            Cached::Wrong(error) => Err(error),
        }
    }
}

/// Compares the file at `path` with the sizes and checksums that the manifest accepts for `file`; `cure` is the hint at
/// the end of the error message.
///
/// # Errors
/// A wrong size, a wrong checksum, or a file that cannot be read.
pub(super) fn check_file(manifest: &Manifest, file: &DataFile, path: &Utf8Path, cure: &str) -> Result<(), DataError> {
    let actual = fs_err::metadata(path)?.len();
    let (dataset, cure) = (manifest.name.clone(), cure.to_owned());
    if !file.has_size(actual) {
        return Err(DataError::WrongSize { file: path.to_owned(), dataset, expected: file.bytes, actual, cure });
    }
    let bytes = actual;
    let actual = sha256(path)?;
    if !file.accepted().any(|accepted| accepted == (bytes, actual.as_str())) {
        let expected = file.sha256.clone();
        return Err(DataError::Altered { file: path.to_owned(), dataset, expected, actual, cure });
    }
    Ok(())
}

/// SHA-256 of a file, lower-case hex.
///
/// # Errors
/// A file that cannot be read.
pub fn sha256(path: &Utf8Path) -> Result<String, DataError> {
    let mut file = fs_err::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    let mut hex = String::with_capacity(64);
    for byte in hasher.finalize() {
        for digit in [byte >> 4, byte & 15] {
            hex.extend(char::from_digit(digit.into(), 16));
        }
    }
    Ok(hex)
}
