//! A file on its way into the cache.

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
    /// Opens the part of `file`, after waiting for any other process that works on it; `None` if that one has left the
    /// file in place.
    pub(super) fn open(cache: &Cache, manifest: &'a Manifest, file: &'a DataFile) -> Result<Option<Self>, DataError> {
        let target = cache.path(file);
        let path = Utf8PathBuf::from(format!("{target}.part"));
        if let Some(folder) = target.parent() {
            fs_err::create_dir_all(folder)?;
        }
        loop {
            let open = fs_err::OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            // A file system without locks is no reason to stop; the checksum still guards the result.
            let _ = open.file().lock();
            if let Cached::Verified = cache.check(manifest, file)? {
                let _ = fs_err::remove_file(&path);
                return Ok(None);
            }
            // The one who had the lock may have given up and removed the part.
            if path.exists() {
                return Ok(Some(Self { manifest, file, path, target, open }));
            }
        }
    }

    /// Bytes there already.
    pub(super) fn len(&self) -> Result<u64, DataError> {
        Ok(self.open.metadata()?.len())
    }

    /// Cuts the part to `length` bytes and goes on writing there.
    pub(super) fn cut(&mut self, length: u64) -> Result<(), DataError> {
        self.open.set_len(length)?;
        self.open.seek(SeekFrom::Start(length))?;
        Ok(())
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), DataError> {
        Ok(self.open.write_all(bytes)?)
    }

    /// Whether the part is what the manifest says; `cure` ends the message.
    pub(super) fn check(&self, cure: &str) -> Result<(), DataError> {
        check_file(self.manifest, self.file, &self.path, cure)
    }

    /// Syncs the part, which has been checked, and gives it its name.
    pub(super) fn install(self) -> Result<(), DataError> {
        self.open.sync_all()?;
        Ok(fs_err::rename(&self.path, &self.target)?)
    }

    /// Removes the part. That it cannot be removed matters less than the error that led here.
    pub(super) fn discard(self) {
        let _ = fs_err::remove_file(&self.path);
    }
}
