//! Copies a file from a local folder into the cache.

use std::io::Read;

use camino::Utf8Path;

use super::super::DataError;
use super::super::cache::{Cache, check_file};
use super::super::manifest::{DataFile, Manifest};
use super::FetchProgress;
use super::part::Part;

/// Copies `file` from beneath the mirror `folder`.
pub(super) fn copy(
    cache: &Cache,
    manifest: &Manifest,
    file: &DataFile,
    folder: &Utf8Path,
    progress: &dyn FetchProgress,
) -> Result<(), DataError> {
    let source = folder.join(&file.path);
    if !source.is_file() {
        return Err(DataError::NotInMirror { file: source, dataset: manifest.name.clone() });
    }
    check_file(manifest, file, &source, "the mirror's copy is a different file; use another mirror")?;
    copy_file(cache, manifest, file, &source, progress)
}

/// Copies `source`, which has been checked, to the path of `file` in the cache.
pub(super) fn copy_file(
    cache: &Cache,
    manifest: &Manifest,
    file: &DataFile,
    source: &Utf8Path,
    progress: &dyn FetchProgress,
) -> Result<(), DataError> {
    let Some(mut part) = Part::open(cache, manifest, file)? else { return Ok(()) };
    progress.start(file, source.as_str(), 0, fs_err::metadata(source)?.len());
    match fill(&mut part, source, progress) {
        Ok(()) => part.install(),
        Err(error) => {
            part.discard();
            Err(error)
        }
    }
}

fn fill(part: &mut Part<'_>, source: &Utf8Path, progress: &dyn FetchProgress) -> Result<(), DataError> {
    part.cut(0)?;
    let mut source = fs_err::File::open(source)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        part.write(&buffer[..read])?;
        progress.advance(read as u64);
    }
    part.check("it changed while it was copied; copy it again")
}
