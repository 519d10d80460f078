//! Atomic file replacement.

use std::io::{self, Write};

use camino::Utf8Path;

use super::StoreError;

/// Replaces the content of `path` by `bytes` atomically: at any moment, even after a crash, the file holds either the
/// old or the new content. The bytes are written to a temporary file in the same folder, which is synced and renamed;
/// then the folder is synced. Missing folders are created.
///
/// # Errors
/// [`StoreError::Io`], after an attempt to remove the temporary file.
pub fn write_atomic(path: &Utf8Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    fs_err::create_dir_all(folder).map_err(|e| StoreError::io("create", folder, e))?;
    let temporary = folder.join(format!(".{}.new", path.file_name().unwrap_or("file")));
    let written = write_and_sync(&temporary, bytes).and_then(|()| fs_err::rename(&temporary, path));
    if let Err(error) = written {
        // The temporary file is useless now. A failure to remove it is ignored, because the first error matters more.
        let _ = fs_err::remove_file(&temporary);
        return Err(StoreError::io("write", path, error));
    }
    sync_folder(folder).map_err(|e| StoreError::io("write", path, e))
}

fn write_and_sync(path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs_err::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Syncs `folder`, so that a rename or a new file in it survives a crash.
pub(super) fn sync_folder(folder: &Utf8Path) -> io::Result<()> {
    if cfg!(unix) { fs_err::File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_and_leaves_no_other_file() {
        let dir = tempfile::tempdir().unwrap();
        let dir = Utf8Path::from_path(dir.path()).unwrap();
        let path = dir.join("deep/er/file.json");
        write_atomic(&path, b"one").unwrap();
        write_atomic(&path, b"two").unwrap();
        assert_eq!(fs_err::read(&path).unwrap(), b"two");
        assert_eq!(fs_err::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_in_the_way_is_named_with_a_cure() {
        let dir = tempfile::tempdir().unwrap();
        let dir = Utf8Path::from_path(dir.path()).unwrap();
        fs_err::write(dir.join("runs"), b"").unwrap();
        let error = write_atomic(&dir.join("runs/x/run.json"), b"{}").unwrap_err().to_string();
        assert!(error.contains("runs/x") && error.contains("in the way"), "{error}");
    }
}
