//! Partial files: a file while it is downloaded or copied into the cache.

use std::io::{Seek, SeekFrom, Write};

use camino::Utf8PathBuf;

use super::super::DataError;
use super::super::cache::{Cache, Cached, check_file};
use super::super::manifest::{DataFile, Manifest};

/// `<path>.part`, locked and open for writing.
pub(super) struct Part<'a> {
    manifest: &'a Manifest,
    file: &'a DataFile,
    path: Utf8PathBuf,
    target: Utf8PathBuf,
    open: fs_err::File,
}

impl<'a> Part<'a> {
    /// Opens the partial file of `file`, after waiting for any other process that is writing it; `None` if the complete
    /// file is then in the cache.
    pub(super) fn open(cache: &Cache, manifest: &'a Manifest, file: &'a DataFile) -> Result<Option<Self>, DataError> {
        let target = cache.path(file);
        let path = Utf8PathBuf::from(format!("{target}.part"));
        if let Some(folder) = target.parent() {
            fs_err::create_dir_all(folder)?;
        }
        loop {
            let open = fs_err::OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            // If the file system has no locks, go on without one; the checksum still guards the result.
            let _ = open.file().lock();
            if let Cached::Verified = cache.check(manifest, file)? {
                let _ = fs_err::remove_file(&path);
                return Ok(None);
            }
            // The process that held the lock may have failed and removed the partial file.
            if path.exists() {
                return Ok(Some(Self { manifest, file, path, target, open }));
            }
        }
    }

    /// Number of bytes already written.
    pub(super) fn len(&self) -> Result<u64, DataError> {
        Ok(self.open.metadata()?.len())
    }

    /// Truncates the partial file to `length` bytes; writing continues there.
    pub(super) fn cut(&mut self, length: u64) -> Result<(), DataError> {
        self.open.set_len(length)?;
        self.open.seek(SeekFrom::Start(length))?;
        Ok(())
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), DataError> {
        Ok(self.open.write_all(bytes)?)
    }

    /// Checks the partial file against the manifest; `cure` is the hint at the end of the error message.
    pub(super) fn check(&self, cure: &str) -> Result<(), DataError> {
        check_file(self.manifest, self.file, &self.path, cure)
    }

    /// Syncs the checked partial file and renames it to its final name.
    pub(super) fn install(self) -> Result<(), DataError> {
        self.open.sync_all()?;
        Ok(fs_err::rename(&self.path, &self.target)?)
    }

    /// Removes the partial file, ignoring failure, because the caller reports a more important error.
    pub(super) fn discard(self) {
        let _ = fs_err::remove_file(&self.path);
    }
}
