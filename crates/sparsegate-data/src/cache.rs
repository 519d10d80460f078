//! The cache: files of data sets on this machine, under the manifests' paths, and whether they are what they should be.

use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest, Sha256};

use super::DataError;
use super::manifest::{DataFile, Manifest};

/// Names another folder for the cache than `<root>/datasets/cache`.
pub const CACHE_VARIABLE: &str = "SPARSEGATE_CACHE";

/// The folder of downloaded files.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: Utf8PathBuf,
}

/// What is known of a file of a data set on this machine.
#[derive(Debug)]
pub enum Cached {
    /// Not there.
    Absent,
    /// There, of the right size and checksum.
    Verified,
    /// There, and not what the manifest says.
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

    /// Where a file lies, whether it is there or not.
    pub fn path(&self, file: &DataFile) -> Utf8PathBuf {
        self.folder.join(&file.path)
    }

    /// Whether a file is there with the size the manifest says; reads nothing of it.
    pub fn has(&self, file: &DataFile) -> bool {
        self.path(file).metadata().is_ok_and(|found| found.is_file() && file.has_size(found.len()))
    }

    /// Reads the file, if it is there, and checks its size and checksum.
    ///
    /// # Errors
    /// A file that is there but cannot be read.
    pub fn check(&self, manifest: &Manifest, file: &DataFile) -> Result<Cached, DataError> {
        let path = self.path(file);
        if !path.is_file() {
            return Ok(Cached::Absent);
        }
        let cure = format!("get it again with `sparsegate data fetch {}`", manifest.name);
        Ok(match check_file(manifest, file, &path, &cure) {
            Ok(()) => Cached::Verified,
            Err(error @ DataError::Io(_)) => return Err(error),
            Err(error) => Cached::Wrong(error),
        })
    }

    /// The path of the file of a role, checked.
    pub(super) fn verified(&self, manifest: &Manifest, role: &str) -> Result<Utf8PathBuf, DataError> {
        let missing = |file: Utf8PathBuf| DataError::Missing { file, dataset: manifest.name.clone() };
        let file = manifest.files.get(role).ok_or_else(|| missing(role.into()))?;
        let path = self.path(file);
        match self.check(manifest, file)? {
            Cached::Absent => Err(missing(path)),
            Cached::Verified => Ok(path),
            Cached::Wrong(error) => Err(error),
        }
    }
}

/// Holds the file at `path` against what the manifest says of `file` and its copies; `cure` ends the message.
///
/// # Errors
/// Another size, another checksum, or a file that cannot be read.
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
