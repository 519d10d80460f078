//! What can go wrong with a run folder, each with its cure.

use std::{fmt, io};

use camino::{Utf8Path, Utf8PathBuf};

use super::lock::Holder;

/// A run folder that cannot be read, written or locked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("cannot {action} {path}: {cause}; {cure}")]
    Io {
        /// What was tried: `read`, `write`, `create`.
        action: &'static str,
        /// The file or folder.
        path: Utf8PathBuf,
        /// The system's answer.
        cause: io::Error,
        /// What to do about it.
        cure: &'static str,
    },
    /// A file does not hold what its format says.
    #[error("{path} is damaged ({problem}); delete {cure} and run the experiment again, or `run` it with --force")]
    Corrupt {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong in it, and where.
        problem: String,
        /// What to delete: the file, or the folder of the run.
        cure: Utf8PathBuf,
    },
    /// A file was written by a newer program.
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
    /// Another process works on the run.
    #[error("{path} is in use by {}; wait until it ends, or stop it, then run this command again", name(holder.as_ref()))]
    Locked {
        /// The run folder.
        path: Utf8PathBuf,
        /// Who holds it, if the lock file says so.
        holder: Option<Holder>,
    },
}

fn name(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), Holder::to_string)
}

impl StoreError {
    /// An I/O error on `path`, with the cure that fits its kind.
    pub(crate) fn io(action: &'static str, path: &Utf8Path, source: io::Error) -> Self {
        let cure = match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "make space and run again: the run goes on from its last checkpoint"
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "make the folder writable for this user, or choose another with --root"
            }
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                "a file is in the way of a folder: move it, or choose another folder with --root"
            }
            _ => "check the disk and the folder, then run again",
        };
        Self::Io { action, path: path.to_owned(), cause: bare(source), cure }
    }

    /// A file whose content is not what its format says; deleting it alone is no cure, deleting the run's folder is.
    pub(crate) fn corrupt(path: &Utf8Path, run: &Utf8Path, problem: &dyn fmt::Display) -> Self {
        Self::Corrupt { path: path.to_owned(), problem: problem.to_string(), cure: run.to_owned() }
    }
}

/// The system's own answer without `fs_err`'s words around it, which would name the path a second time.
fn bare(error: io::Error) -> io::Error {
    match error.kind() {
        // No kind says it better than the message.
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

    #[test]
    fn a_path_is_named_once() {
        let error = fs_err::read("/no/such/file").unwrap_err();
        let text = StoreError::io("read", Utf8Path::new("/no/such/file"), error).to_string();
        assert_eq!(text.matches("/no/such/file").count(), 1, "{text}");
    }
}
