//! Writes the compact file, and a classifier's results by class, into a run's folder.

use camino::Utf8Path;

use super::build::{CompactError, build_file};
use super::class_results::class_results;
use super::loaded::CompactModel;
use sparsegate_data::manifest::Reader;
use sparsegate_data::{Corpus, DataError, Sources};
use sparsegate_runtime::format::{File, FormatError};
use sparsegate_runtime::model::Task;
use sparsegate_store::classes::ClassResults;
use sparsegate_store::format::RunRecord;
use sparsegate_store::{LockedRun, RunDir, StoreError};

/// A compact file that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WriteCompactError {
    /// The run was never started.
    #[error("{0} has no run.json; train it with `sparsegate run`")]
    NoRun(camino::Utf8PathBuf),
    /// The run has not ended.
    #[error("the run {0} is not done, so it has no final parameters; finish its training with `sparsegate run`")]
    NotDone(camino::Utf8PathBuf),
    /// The parameters were left out when the run was exported, and so was the compact model.
    #[error(
        "{0} has neither a compact model nor the parameters to make one of: they were left out when the run was exported; \
         export it again with --weights, or train it with `sparsegate run SPEC --force`"
    )]
    WithoutWeights(camino::Utf8PathBuf),
    /// An error of the run's folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An error of the data set, which provides the words.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The stored parameters give no compact model.
    #[error("{path}: {error}")]
    Compact {
        /// The file with the parameters.
        path: camino::Utf8PathBuf,
        /// The error.
        error: CompactError,
    },
}

/// Makes the compact model of a finished run from its `model.safetensors` and the data set's words, and returns it.
/// Writes it into the run's folder as `compact.safetensors`, for a classifier with `classes.json`, and a manifest if
/// the folder has none; if that is not possible, the model is as good without. `root` contains `datasets` and the
/// cache.
///
/// # Errors
/// [`WriteCompactError`].
pub fn write_compact(root: &Utf8Path, dir: &RunDir) -> Result<File, WriteCompactError> {
    let record = dir.record()?.ok_or_else(|| WriteCompactError::NoRun(dir.path().to_owned()))?;
    if dir.is_without_weights()? {
        return Err(WriteCompactError::WithoutWeights(dir.path().to_owned()));
    }
    let sources = Sources::load(root, &record.spec.dataset, [&record.spec])?;
    let corpus = sparsegate_data::load(root, &sources.dataset, record.spec.reading)?;
    dir.verify()?;
    let made = make(dir, &record, &corpus, &sources.dataset.reader)?;
    let _ = dir.lock().and_then(|lock| {
        made.write(&lock)?;
        lock.write_manifest()
    });
    Ok(made.file)
}

/// Results by class of a classifier on the test set; `None` for a language model, and for a model whose outputs are not
/// finite, which every command that uses it reports.
fn classes_of(
    file: &File,
    dir: &RunDir,
    record: &RunRecord,
    corpus: &Corpus,
) -> Result<Option<ClassResults>, WriteCompactError> {
    if file.model.task != Task::Classification {
        return Ok(None);
    }
    let [_, test] = sparsegate_data::eval_batches(corpus, &record.spec.train)?;
    let Ok(loaded) = CompactModel::new(&dir.compact_path(), file.clone()) else { return Ok(None) };
    Ok(class_results(&loaded, test.as_ref()).ok())
}

/// Writes `compact.safetensors` and, for a classifier, `classes.json` into the folder of a finished run, with a data
/// set that is already loaded.
///
/// # Errors
/// [`WriteCompactError`].
pub fn write_compact_with(
    dir: &RunDir,
    record: &RunRecord,
    corpus: &Corpus,
    reader: &Reader,
) -> Result<(), WriteCompactError> {
    Ok(make(dir, record, corpus, reader)?.write(&dir.lock()?)?)
}

/// What is made of a finished run.
struct Made {
    file: File,
    /// Content of the compact model's file.
    bytes: Vec<u8>,
    /// Results by class of a classifier.
    classes: Option<ClassResults>,
}

impl Made {
    fn write(&self, lock: &LockedRun) -> Result<(), StoreError> {
        if let Some(classes) = &self.classes {
            lock.write_classes(classes)?;
        }
        lock.write_compact(&self.bytes)
    }
}

fn make(dir: &RunDir, record: &RunRecord, corpus: &Corpus, reader: &Reader) -> Result<Made, WriteCompactError> {
    let not_done = || WriteCompactError::NotDone(dir.path().to_owned());
    let summary = dir.finished()?;
    let last = summary.and_then(|summary| summary.last).ok_or_else(not_done)?;
    let parameters = dir.model()?.ok_or_else(not_done)?;
    let wrong = |error| WriteCompactError::Compact { path: dir.model_path(), error };
    let file = build_file(&record.key, &record.spec, &parameters, &last, corpus, reader).map_err(wrong)?;
    let bytes = file.write().map_err(|error: FormatError| wrong(error.into()))?;
    let classes = classes_of(&file, dir, record, corpus)?;
    Ok(Made { file, bytes, classes })
}
