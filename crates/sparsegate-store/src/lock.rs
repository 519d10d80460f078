//! The lock of a run folder: at most one process works on a run. It is an advisory lock of the operating system, which
//! is released when its process ends, even if the process is killed.

use std::fmt;
use std::io::{Read, Seek, Write};
use std::time::{Duration, Instant};

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::{RunDir, StoreError};

/// The process that works on a run, as recorded in the lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Name of the machine.
    pub host: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}", self.pid, self.host)
    }
}

/// A run folder locked by this process, which may therefore write to it. Dropping the value releases the lock.
#[derive(Debug)]
pub struct LockedRun {
    pub(super) dir: RunDir,
    _lock: fs_err::File,
}

/// Takes the lock, with a few retries. A child process that is being started holds copies of all its parent's open
/// files until it executes its own program, so a lock that was just released may appear held for a few milliseconds.
fn try_for_a_moment(file: &fs_err::File) -> Result<(), std::fs::TryLockError> {
    for _ in 0..10 {
        match file.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            other => return other,
        }
    }
    file.try_lock()
}

/// Longest wait for a lock that is held for a moment only.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes the lock of the file `path`, which is created if it does not exist, and waits for a process that holds it.
/// Dropping the file releases the lock.
///
/// # Errors
/// [`StoreError::Locked`] after ten seconds; [`StoreError::Io`].
pub(super) fn wait_for_lock(path: &Utf8Path) -> Result<fs_err::File, StoreError> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder).map_err(|e| StoreError::io("create", folder, e))?;
    }
    let file = open(path, true)?;
    let begun = Instant::now();
    loop {
        match try_for_a_moment(&file) {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(StoreError::Locked { path: path.to_owned(), holder: None });
            }
            Err(std::fs::TryLockError::Error(e)) => return Err(StoreError::io("lock", path, e)),
        }
    }
}

impl RunDir {
    /// Locks the run for this process, creating its folder if it does not exist.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process, or another [`LockedRun`] of this process, holds the lock;
    /// [`StoreError::Io`].
    pub fn lock(&self) -> Result<LockedRun, StoreError> {
        let path = self.path().join("lock");
        fs_err::create_dir_all(self.path()).map_err(|e| StoreError::io("create", self.path(), e))?;
        let mut file = open(&path, true)?;
        match try_for_a_moment(&file) {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(StoreError::Locked { path: self.path().to_owned(), holder: read_holder(&mut file) });
            }
            Err(std::fs::TryLockError::Error(e)) => return Err(StoreError::io("lock", &path, e)),
        }
        let holder = Holder { pid: std::process::id(), host: crate::provenance::host() };
        // The holder's name is only informative. The lock itself does not depend on it, so a failure to write it (a
        // full disk) is ignored.
        if let Ok(text) = serde_json::to_vec(&holder) {
            let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&text));
        }
        Ok(LockedRun { dir: self.clone(), _lock: file })
    }

    /// The process that works on the run now, if any. This is a snapshot and may be outdated when it is used.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn holder(&self) -> Result<Option<Holder>, StoreError> {
        let path = self.path().join("lock");
        if !path.exists() {
            return Ok(None);
        }
        let mut file = open(&path, false)?;
        // A shared lock, so that two concurrent readers do not mistake each other for the holder.
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(std::fs::TryLockError::WouldBlock) => {
                Ok(Some(read_holder(&mut file).unwrap_or(Holder { pid: 0, host: "unknown".to_owned() })))
            }
            Err(std::fs::TryLockError::Error(e)) => Err(StoreError::io("lock", &path, e)),
        }
    }
}

fn open(path: &Utf8Path, create: bool) -> Result<fs_err::File, StoreError> {
    let mut options = fs_err::OpenOptions::new();
    options.read(true).write(create).create(create).truncate(false);
    options.open(path.as_std_path()).map_err(|e| StoreError::io("open", path, e))
}

fn read_holder(file: &mut fs_err::File) -> Option<Holder> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
