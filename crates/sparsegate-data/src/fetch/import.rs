//! Imports files that the user already has.

use camino::{Utf8Path, Utf8PathBuf};

use super::super::DataError;
use super::super::cache::{Cache, Cached, check_file, sha256};
use super::super::manifest::{DataFile, Manifest};
use super::{FetchProgress, Fetched, folder};

/// Copies `files` into the cache of `root`. Files are matched to those of `manifest` by checksum; their names do not
/// matter.
///
/// # Errors
/// A generated data set; a file that does not exist, cannot be copied, or is not one of the manifest's. If it has the
/// name of one of these, the message says how it differs. Nothing is copied unless all files match.
pub fn import(
    root: &Utf8Path,
    manifest: &Manifest,
    files: &[Utf8PathBuf],
    progress: &dyn FetchProgress,
) -> Result<Fetched, DataError> {
    if manifest.files.is_empty() {
        return Err(DataError::Generated { dataset: manifest.name.clone() });
    }
    let cache = Cache::new(root);
    let matched: Vec<(&Utf8PathBuf, &DataFile)> =
        files.iter().map(|offered| Ok((offered, identify(manifest, offered)?))).collect::<Result<_, DataError>>()?;
    let mut imported = Fetched::default();
    for (offered, file) in matched {
        if let Cached::Verified = cache.check(manifest, file)? {
            imported.present.push(cache.path(file));
            continue;
        }
        folder::copy_file(&cache, manifest, file, offered, progress)?;
        progress.finish(file);
        imported.new.push(cache.path(file));
    }
    Ok(imported)
}

/// Finds the file of the manifest that `offered` is a copy of.
fn identify<'a>(manifest: &'a Manifest, offered: &Utf8Path) -> Result<&'a DataFile, DataError> {
    let bytes = fs_err::metadata(offered)?.len();
    if manifest.files.values().any(|file| file.has_size(bytes)) {
        let sum = sha256(offered)?;
        if let Some(file) = manifest.files.values().find(|file| file.accepted().any(|(_, accepted)| accepted == sum)) {
            return Ok(file);
        }
    }
    let name = |path: &Utf8Path| path.file_name().map(str::to_owned);
    if let Some(file) = manifest.files.values().find(|file| name(file.path.as_str().into()) == name(offered)) {
        check_file(manifest, file, offered, "it was not imported; look for an unchanged copy")?;
    }
    let known: Vec<&str> = manifest.files.values().map(|file| file.path.as_str()).collect();
    let reason = format!("neither its checksum nor its name matches {}", known.join(", "));
    Err(DataError::NotAFileOf { file: offered.to_owned(), dataset: manifest.name.clone(), reason })
}
