//! Errors of bundles.

use camino::{Utf8Path, Utf8PathBuf};

use crate::StoreError;
use crate::format::FORMAT;

/// A bundle that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Something is in the place of the bundle that was to be written.
    #[error("{0} exists already; remove it, or name another place")]
    Exists(Utf8PathBuf),
    /// There is no bundle.
    #[error(
        "{0} is not a bundle: it is neither a folder with a bundle.json nor a .tar or .tar.zst file of one; \
         `sparsegate runs export` writes bundles"
    )]
    NotABundle(Utf8PathBuf),
    /// A file of the bundle has another content than when it was written.
    #[error("{path} is damaged ({problem}); get or export the bundle again")]
    Damaged {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The bundle was written by a newer version of the program.
    #[error("{path} has format {found}, but this program reads formats up to {FORMAT}; use a newer sparsegate")]
    Newer {
        /// The description.
        path: Utf8PathBuf,
        /// Its format version.
        found: u32,
    },
    /// The run cannot be exported as it is.
    #[error("the run {run} {problem}")]
    Run {
        /// Its key.
        run: String,
        /// What is the matter, and what to do.
        problem: &'static str,
    },
    /// An error of a file or of a run's folder.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BundleError {
    pub(super) fn damaged(path: &Utf8Path, problem: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), problem: problem.into() }
    }
}
