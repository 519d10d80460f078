//! Writes a new manifest, its experiment and its files, all at the end.

use std::io::Write as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::manifest::File;
use crate::cli::CliError;
use crate::cli::args::Global;
use sparsegate_data::Cache;
use sparsegate_data::manifest::Manifest;

/// Puts `files` into the cache and the texts under their names. Everything has been validated before: the files were
/// read with the manifest from where they lie, and what is there already is replaced only after all new texts are on
/// the disk.
///
/// # Errors
/// A file that changed since it was read, or that cannot be written. New files are then removed from the cache.
pub(super) fn install(
    global: &Global,
    manifest: &Manifest,
    files: &[File],
    texts: &[(&Utf8Path, &str)],
) -> Result<(), CliError> {
    let staged =
        texts.iter().map(|(target, text)| Ok((*target, stage(target, text)?))).collect::<Result<Vec<_>, CliError>>()?;
    let cached = Cached::new(global, manifest);
    for file in files {
        sparsegate_data::import(&global.root, manifest, std::slice::from_ref(&file.from), &())?;
    }
    for (target, file) in staged {
        file.persist(target).map_err(|error| failed(target, &error.error))?;
    }
    cached.keep();
    Ok(())
}

/// Writes a text to a temporary file in the folder of `target`.
fn stage(target: &Utf8Path, text: &str) -> Result<tempfile::NamedTempFile, CliError> {
    let folder = target.parent().unwrap_or(Utf8Path::new("."));
    let attempt = || -> std::io::Result<tempfile::NamedTempFile> {
        fs_err::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    attempt().map_err(|error| failed(target, &error))
}

fn failed(target: &Utf8Path, error: &std::io::Error) -> CliError {
    CliError::failed(format!("failed to write {target}: {error}"))
}

/// The cache paths of the manifest's files that did not exist before; removed on drop unless [`Cached::keep`] is
/// called.
struct Cached(Vec<Utf8PathBuf>);

impl Cached {
    fn new(global: &Global, manifest: &Manifest) -> Self {
        let cache = Cache::new(&global.root);
        Self(manifest.files.values().map(|file| cache.path(file)).filter(|path| !path.exists()).collect())
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Cached {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs_err::remove_file(path);
            // Removes the folder too, if it is empty.
            let _ = path.parent().map(fs_err::remove_dir);
        }
    }
}
