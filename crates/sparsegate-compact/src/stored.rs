//! The compact file in a run's folder.

use camino::Utf8Path;

use super::of_run::{CompactError, of_run};
use sparsegate_data::manifest::Reader;
use sparsegate_data::{Corpus, DataError, Sources};
use sparsegate_runtime::format::{File, FormatError};
use sparsegate_store::format::{RunRecord, RunState};
use sparsegate_store::{RunDir, StoreError};

/// Why a run's compact file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// The run was never started.
    #[error("{0} has no run.json; train it by `sparsegate run`")]
    NoRun(camino::Utf8PathBuf),
    /// The run has not ended.
    #[error("the run {0} is not done, so it has no final parameters; train it to its end by `sparsegate run`")]
    NotDone(camino::Utf8PathBuf),
    /// The run's folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data set, whose words go into the file.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The parameters.
    #[error("{path}: {error}")]
    Compact {
        /// The file that holds them.
        path: camino::Utf8PathBuf,
        /// What is wrong with them.
        error: CompactError,
    },
}

/// Writes `compact.safetensors` into the folder of a run that is done, from its `model.safetensors` and the data set's
/// words, and gives what it holds. `root` is where `datasets` and the cache are.
///
/// # Errors
/// [`MakeError`].
pub fn make(root: &Utf8Path, dir: &RunDir) -> Result<File, MakeError> {
    let record = dir.record()?.ok_or_else(|| MakeError::NoRun(dir.path().to_owned()))?;
    let sources = Sources::load(root, &record.spec.dataset, [&record.spec])?;
    let corpus = sparsegate_data::load(root, &sources.dataset, record.spec.reading)?;
    make_with(dir, &record, &corpus, &sources.dataset.reader)
}

/// The same where the data set is loaded already.
///
/// # Errors
/// [`MakeError`].
pub fn make_with(dir: &RunDir, record: &RunRecord, corpus: &Corpus, reader: &Reader) -> Result<File, MakeError> {
    let not_done = || MakeError::NotDone(dir.path().to_owned());
    let summary = dir.summary()?.filter(|summary| summary.state == RunState::Done);
    let test = summary.and_then(|summary| summary.last).ok_or_else(not_done)?.test;
    let parameters = dir.model()?.ok_or_else(not_done)?;
    let wrong = |error| MakeError::Compact { path: dir.model_path(), error };
    let file = of_run(&record.key, &record.spec, &parameters, test, corpus, reader).map_err(wrong)?;
    let bytes = file.write().map_err(|error: FormatError| wrong(error.into()))?;
    dir.lock()?.write_compact(&bytes)?;
    Ok(file)
}
