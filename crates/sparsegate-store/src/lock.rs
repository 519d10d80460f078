//! The lock of a run folder: at most one process works on a run. It is an advisory lock of the operating system, which
//! is released when its process ends, even if the process is killed.
//!
//! Who holds it is asked of the lock alone. The process id in the lock file is one of its holder's host, or container,
//! and never looked up here; nor is a time compared, since the clocks of hosts differ. A holder that finds another name
//! in the file has lost its lock, and writes nothing more.

use std::fmt;
use std::fs::TryLockError;
use std::io::{ErrorKind, Read, Seek, Write};
use std::time::{Duration, Instant};

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::{RunDir, StoreError};

/// The process that works on a run, as recorded in the lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id, as its own host counts.
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
    /// This process, if its name is in the lock file.
    holder: Option<Holder>,
}

impl LockedRun {
    /// Checks, before something is written, that no other process has taken the run meanwhile. That happens where locks
    /// do not reach other hosts, and on NFS to a host that was cut off for longer than the server's lease time: the
    /// system does not say that the lock is lost, but the next holder writes its name.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if the lock file names another process.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let Some(holder) = &self.holder else { return Ok(()) };
        // A file that cannot be read says nothing.
        let found = open(&self.dir.path().join("lock"), false).ok().and_then(|mut file| read_holder(&mut file));
        match found.filter(|found| found != holder) {
            Some(other) => Err(StoreError::Locked { path: self.dir.path().to_owned(), holder: Some(other) }),
            None => Ok(()),
        }
    }
}

/// Takes the lock, with a few retries. A child process that is being started holds copies of all its parent's open
/// files until it executes its own program, so a lock that was just released may appear held for a few milliseconds.
fn try_for_a_moment(file: &fs_err::File) -> Result<(), TryLockError> {
    for _ in 0..10 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            other => return other,
        }
    }
    file.try_lock()
}

/// How often a lock file is opened anew because the one that was opened is deleted.
const ATTEMPTS: usize = 5;

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
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked { path: path.to_owned(), holder: None });
            }
            Err(TryLockError::Error(e)) => return Err(StoreError::io("lock", path, e)),
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
        let mut file = self.take(&path)?;
        let holder = Holder { pid: std::process::id(), host: crate::provenance::host() };
        // The lock itself does not depend on the name, so a failure to write it (a full disk) is ignored. Without the
        // sync, other hosts would see it on a network file system only at the end.
        let text = serde_json::to_vec(&holder).unwrap_or_default();
        let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&text));
        let is_named = written.and_then(|()| file.sync_data()).is_ok();
        Ok(LockedRun { dir: self.clone(), _lock: file, holder: is_named.then_some(holder) })
    }

    /// Opens the lock file `path` and takes its lock. A file whose last holder deleted the run locks nothing: others
    /// would lock the file that replaces it. Then the lock of that one is taken.
    fn take(&self, path: &Utf8Path) -> Result<fs_err::File, StoreError> {
        let mut attempt = 1;
        loop {
            fs_err::create_dir_all(self.path()).map_err(|e| StoreError::io("create", self.path(), e))?;
            let mut file = open(path, true)?;
            match try_for_a_moment(&file) {
                Ok(()) if attempt == ATTEMPTS || is_at(&file, path) => return Ok(file),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Locked { path: self.path().to_owned(), holder: read_holder(&mut file) });
                }
                // Another host deleted the file.
                Err(TryLockError::Error(e)) if e.kind() == ErrorKind::StaleNetworkFileHandle && attempt < ATTEMPTS => {}
                Err(TryLockError::Error(e)) => return Err(StoreError::io("lock", path, e)),
            }
            attempt += 1;
        }
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
            Err(TryLockError::WouldBlock) => {
                Ok(Some(read_holder(&mut file).unwrap_or(Holder { pid: 0, host: "unknown".to_owned() })))
            }
            Err(TryLockError::Error(e)) => Err(StoreError::io("lock", &path, e)),
        }
    }
}

/// Whether the open file is still the one at `path`.
#[cfg(unix)]
fn is_at(file: &fs_err::File, path: &Utf8Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let id = |found: std::io::Result<std::fs::Metadata>| found.ok().map(|found| (found.dev(), found.ino()));
    id(file.metadata()) == id(fs_err::metadata(path))
}

/// Elsewhere a file that is open cannot be deleted.
#[cfg(not(unix))]
fn is_at(_file: &fs_err::File, _path: &Utf8Path) -> bool {
    true
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_lost_its_lock_writes_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(Utf8Path::from_path(folder.path()).unwrap(), "k");
        let lock = dir.lock().unwrap();
        lock.write_compact(b"mine").unwrap();
        // A file that says nothing is no reason to stop.
        for nothing in ["", "{"] {
            fs_err::write(dir.path().join("lock"), nothing).unwrap();
            lock.write_compact(b"mine").unwrap();
        }
        let other = Holder { pid: 7, host: "elsewhere".to_owned() };
        fs_err::write(dir.path().join("lock"), serde_json::to_vec(&other).unwrap()).unwrap();
        let position = crate::Position::start();
        let refused = [
            lock.write_compact(b"other"),
            lock.write_checkpoint(&position, &[]),
            lock.write_model(&[]),
            lock.remove_summary(),
            lock.truncate_metrics(0),
            lock.keep_best(None),
            lock.clear(),
            lock.delete_checkpoint(),
        ];
        for result in refused {
            let error = result.unwrap_err().to_string();
            assert!(error.contains("k is in use by process 7 on elsewhere"), "{error}");
        }
        assert_eq!(dir.compact().unwrap().unwrap(), b"mine");
        assert_eq!(fs_err::read_dir(dir.path()).unwrap().count(), 2, "nothing was added");
    }

    /// Otherwise that process and the next one would both hold the lock of the run.
    #[test]
    fn a_process_that_waited_for_a_deleted_run_locks_its_new_folder() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(Utf8Path::from_path(folder.path()).unwrap(), "k");
        for _ in 0..5 {
            let held = dir.lock().unwrap();
            let waiting = std::thread::spawn({
                let dir = dir.clone();
                move || dir.lock()
            });
            std::thread::sleep(Duration::from_millis(30));
            held.delete().unwrap();
            let lock = waiting.join().unwrap().unwrap();
            assert!(matches!(dir.lock(), Err(StoreError::Locked { .. })), "a second lock of the run");
            drop(lock);
        }
    }
}
