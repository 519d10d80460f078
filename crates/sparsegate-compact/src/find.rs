//! Finds the compact model that a text names: the path of its file, or a run.

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_runtime::format::{File, FormatError};

use super::{CompactModel, DetailsError, NotFinite, WriteCompactError, check_outputs, write_compact};
use sparsegate_store::{FindRunError, RunDir, StoreError, find_run};

/// Hint for a file that is not a valid compact model.
const HINT: &str = "name a run, its folder, or a compact.safetensors; for a finished run, `sparsegate export RUN --format \
                    compact` rebuilds a damaged file";

/// Hint for a model whose weights are finite, but too large.
const DIVERGED: &str = "if the file is intact, the training diverged: train the run again with a lower learning rate, or \
                        with train.clip_norm";

/// A compact file and where it was found.
#[derive(Debug, Clone)]
pub struct FoundModel {
    /// Path of the file.
    pub path: Utf8PathBuf,
    /// Its content.
    pub file: File,
    /// The run that it belongs to; `None` if the file was named directly.
    pub run: Option<RunDir>,
}

/// A compact model that cannot be found, read or made.
#[derive(Debug, thiserror::Error)]
pub enum FindModelError {
    /// The text names neither a file nor exactly one run.
    #[error(transparent)]
    Run(#[from] FindRunError),
    /// The file cannot be read.
    #[error(transparent)]
    Io(std::io::Error),
    /// The file is damaged or of a newer format.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        error: FormatError,
    },
    /// The model's outputs are not finite.
    #[error("{path}: {error}")]
    Outputs {
        /// The file.
        path: Utf8PathBuf,
        /// The error.
        error: NotFinite,
    },
    /// The file has no words and classes, or damaged ones.
    #[error(transparent)]
    Details(#[from] DetailsError),
    /// The run's folder cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The run has no compact model, and none can be made.
    #[error(transparent)]
    Write(#[from] WriteCompactError),
}

impl FindModelError {
    /// A hint how to fix it, for errors whose message has none.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Run(error) => error.hint(),
            Self::File { .. } | Self::Details(_) => Some(HINT.to_owned()),
            Self::Outputs { .. } => Some(DIVERGED.to_owned()),
            Self::Io(_) | Self::Store(_) | Self::Write(_) => None,
        }
    }
}

/// Reads the compact model that `text` names: the path of a compact file, or any text that [`find_run`] accepts. The
/// files of a run are [verified](RunDir::verify) first. If that of a finished run is missing, it is made, which needs
/// the data set's words; where it cannot be stored, as in a folder that this user cannot write, it is only in memory.
/// `root` contains `runs`, `datasets` and the cache.
///
/// # Errors
/// [`FindModelError`].
pub fn find_model(root: &Utf8Path, text: &str) -> Result<FoundModel, FindModelError> {
    let named = Utf8Path::new(text);
    if named.is_file() {
        let bytes = fs_err::read(named).map_err(FindModelError::Io)?;
        let file = File::read(&bytes).map_err(|error| FindModelError::File { path: named.to_owned(), error })?;
        return FoundModel { path: named.to_owned(), file, run: None }.with_finite_outputs();
    }
    model_of(root, find_run(root, text)?)
}

/// The compact model of a run, which is made first if its file is missing or damaged, as by [`find_model`].
///
/// # Errors
/// [`FindModelError`].
pub fn model_of(root: &Utf8Path, dir: RunDir) -> Result<FoundModel, FindModelError> {
    let path = dir.compact_path();
    dir.verify()?;
    // A file that a manifest does not list was being written when its process was killed.
    let is_whole = dir.manifest()?.is_none_or(|manifest| manifest.files.contains_key("compact.safetensors"));
    let file = match dir.compact()?.filter(|_| is_whole).map(|bytes| File::read(&bytes)) {
        Some(Ok(file)) => file,
        // A file written by a newer version is not overwritten.
        Some(Err(error @ FormatError::TooNew(_))) => return Err(FindModelError::File { path, error }),
        Some(Err(_)) | None => write_compact(root, &dir)?,
    };
    FoundModel { path, file, run: Some(dir) }.with_finite_outputs()
}

impl FoundModel {
    fn with_finite_outputs(self) -> Result<Self, FindModelError> {
        match check_outputs(&self.file.model) {
            Ok(()) => Ok(self),
            Err(error) => Err(FindModelError::Outputs { path: self.path, error }),
        }
    }

    /// The same with the weights rounded to 8-bit integers ([`sparsegate_runtime::int8`]) if `wanted`.
    #[must_use]
    pub fn with_int8(mut self, wanted: bool) -> Self {
        if wanted {
            self.file.model = self.file.model.to_int8();
        }
        self
    }

    /// The model with its vocabulary, ready to read texts.
    ///
    /// # Errors
    /// A file without a vocabulary, or with one that does not fit.
    pub fn load(self) -> Result<CompactModel, FindModelError> {
        Ok(CompactModel::new(&self.path, self.file)?)
    }
}
