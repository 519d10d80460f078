//! Errors of run folders, each with a hint what to do.

use std::{fmt, io};

use camino::{Utf8Path, Utf8PathBuf};

use super::lock::Holder;
use super::notes::NOTES;
use super::times::TIMES;

/// A run folder that cannot be read, written or locked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system reported an error.
    #[error("cannot {action} {path}: {cause}; {hint}")]
    Io {
        /// The attempted action, such as `read`, `write` or `create`.
        action: &'static str,
        /// The file or folder.
        path: Utf8PathBuf,
        /// The system's error.
        cause: io::Error,
        /// A hint what to do about it.
        hint: &'static str,
    },
    /// The content of a file does not match its format.
    #[error("{path} is damaged ({problem}); {hint}")]
    Corrupt {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong, and where in the file.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// A file was written by a newer version of the program.
    #[error(
        "{path} has format {found}, but this program reads formats up to {known}; use a newer sparsegate, or run again \
         with --force to replace the run"
    )]
    Newer {
        /// The file.
        path: Utf8PathBuf,
        /// Its format version.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// A tensor that was to be stored has an element that is not finite. Nothing was written.
    #[error("{path} is not written: {tensor} is not finite; lower the learning rate, or set train.clip_norm")]
    NotFinite {
        /// The file.
        path: Utf8PathBuf,
        /// Name of the tensor.
        tensor: String,
    },
    /// Another process holds the run's lock.
    #[error("{path} is in use by {}; wait until it ends, or stop it, then run this command again", name(holder.as_ref()))]
    Locked {
        /// The run folder.
        path: Utf8PathBuf,
        /// The process that holds the lock, if the lock file names it.
        holder: Option<Holder>,
    },
}

fn name(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), Holder::to_string)
}

impl StoreError {
    /// An I/O error on `path`, with a hint that fits the kind of error.
    pub(crate) fn io(action: &'static str, path: &Utf8Path, source: io::Error) -> Self {
        let hint = match source.kind() {
            _ if action == "lock" && has_no_locks(&source) => NO_LOCKS,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "make space and run again: the run resumes from its last checkpoint"
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "make the folder writable for this user, or choose another with --root"
            }
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                "a file is in the way of a folder: move it, or choose another folder with --root"
            }
            _ => "check the disk and the folder, then run again",
        };
        Self::Io { action, path: path.to_owned(), cause: bare(source), hint }
    }

    /// An error for a file of the run in the folder `run` whose content is not what was written. For most files
    /// deleting them alone would not help, so the hint names the folder.
    pub(crate) fn corrupt(path: &Utf8Path, run: &Utf8Path, problem: &dyn fmt::Display) -> Self {
        let problem = problem.to_string();
        let hint = match path.file_name() {
            Some("compact.safetensors") => "delete it: the next command that needs it makes it again".to_owned(),
            Some(TIMES) => "delete it: only the times of the run's epochs are lost".to_owned(),
            Some(NOTES) => "delete it: only the run's note and tags are lost".to_owned(),
            Some("speed.json") => "delete it, then time the model again with `bench`".to_owned(),
            Some("state.safetensors") => {
                format!("if the run is done, delete it; if not, delete {run}, or `run` the experiment with --force")
            }
            Some("manifest.json") => {
                let key = run.file_name().unwrap_or_default();
                format!("delete it; `sparsegate verify --adopt {key}` compares the other files and writes it again")
            }
            // An option or a choice that this version does not know.
            _ if problem.starts_with("unknown ") => format!(
                "a newer sparsegate may have stored it: use that one, or delete {run} and run the experiment again"
            ),
            _ => format!("delete {run} and run the experiment again, or `run` it with --force"),
        };
        Self::Corrupt { path: path.to_owned(), problem, hint }
    }
}

/// Hint where files cannot be locked.
const NO_LOCKS: &str = "the file system of this folder has no locks (flock), without which two processes could train \
                        one run: mount it with locks, as docs/cluster.md says, or choose a folder on another file \
                        system with --root";

/// Whether an error of locking means that the file system has no locks, such as NFS without a lock service or Lustre
/// mounted with `noflock`.
fn has_no_locks(error: &io::Error) -> bool {
    // ENOLCK has no kind of its own.
    const ENOLCK: i32 = if cfg!(target_os = "linux") { 37 } else { 77 };
    error.kind() == io::ErrorKind::Unsupported || cfg!(unix) && error.raw_os_error() == Some(ENOLCK)
}

/// The system's error without the words that `fs_err` adds, which would name the path a second time.
fn bare(error: io::Error) -> io::Error {
    match error.kind() {
        // The message of such an error says more than its kind.
        io::ErrorKind::Other => error,
        kind if kind.to_string().contains("uncategorized") => error,
        kind => kind.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_once_with_a_cure() {
        let source = io::Error::from(io::ErrorKind::StorageFull);
        let text = StoreError::io("write", Utf8Path::new("runs/x/run.json"), source).to_string();
        assert!(text.starts_with("cannot write runs/x/run.json: no storage space; make space"), "{text}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_without_locks_is_named_with_a_cure() {
        // ENOLCK, ENOSYS and EOPNOTSUPP.
        for code in [37, 38, 95] {
            let text = |action| {
                let source = io::Error::from_raw_os_error(code);
                StoreError::io(action, Utf8Path::new("runs/k/lock"), source).to_string()
            };
            assert!(text("lock").starts_with("cannot lock runs/k/lock: "), "{}", text("lock"));
            assert!(
                text("lock").contains("has no locks (flock)") && text("lock").contains("--root"),
                "{}",
                text("lock")
            );
            assert!(!text("read").contains("no locks (flock)"), "{}", text("read"));
        }
    }

    #[test]
    fn a_path_is_named_once() {
        let error = fs_err::read("/no/such/file").unwrap_err();
        let text = StoreError::io("read", Utf8Path::new("/no/such/file"), error).to_string();
        assert_eq!(text.matches("/no/such/file").count(), 1, "{text}");
    }

    #[test]
    fn a_key_of_a_newer_version_is_no_reason_to_delete_a_run() {
        let said = |problem: &str| {
            StoreError::corrupt(Utf8Path::new("runs/k/run.json"), Utf8Path::new("runs/k"), &problem).to_string()
        };
        let newer = said("unknown field `x`, expected one of `y`, `z` at line 2 column 4");
        assert!(newer.contains("a newer sparsegate may have stored it: use that one"), "{newer}");
        assert!(!said("EOF while parsing an object").contains("newer"));
    }
}
