//! Trains one prepared run in this process: data, vectors, network, training, compact model.

use std::sync::atomic::AtomicBool;

use camino::{Utf8Path, Utf8PathBuf};

use crate::build::{self, BuildError};
use crate::start_from::{StartError, start_from};
use crate::train::{self, TrainError, TrainEvent};
use sparsegate_core::Backend;
use sparsegate_data::{DataError, Sources};
use sparsegate_nn::engine::{self, BackendFailure};
use sparsegate_spec::types::EmbeddingSpec;
use sparsegate_store::format::{RunRecord, RunState, Summary, VectorsUsed};
use sparsegate_store::plan::START_FROM;
use sparsegate_store::{RunDir, Store, StoreError};

/// A run that could not be trained to its end.
#[derive(Debug, thiserror::Error)]
pub enum TrainRunError {
    /// The folder has no `run.json`, which says what to train.
    #[error("{0} has no run.json")]
    NoRecord(Utf8PathBuf),
    /// An error of the run folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An error of the data set or the vectors.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The network cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The run that it starts from is not finished or does not fit.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Training stopped with an error.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The backend failed during a computation.
    #[error(transparent)]
    Backend(#[from] BackendFailure),
}

impl TrainRunError {
    /// A hint how to fix it, for errors whose message has none.
    pub fn hint(&self) -> Option<&'static str> {
        matches!(self, Self::NoRecord(_)).then_some("start it by `sparsegate run`")
    }
}

/// Receives what happens during a run.
pub trait RunObserver {
    /// A progress event.
    fn event(&mut self, event: &TrainEvent);

    /// A line for the run's log that is not an event.
    fn log(&mut self, _text: &str) {}
}

/// Ignores everything.
impl RunObserver for () {
    fn event(&mut self, _event: &TrainEvent) {}
}

/// Trains the run in the folder `dir` as its `run.json` says, or resumes it, and writes its compact model and, as the
/// last file, its manifest. `root` contains `datasets` and the cache. Trains nothing if the run is already done. What
/// is stored is [verified](RunDir::verify) first.
///
/// When `stop` becomes true, the state is saved and the summary says [`RunState::Interrupted`]. A finished run without
/// a compact model counts as done, since the model can be made later; the log says why there is none.
///
/// # Errors
/// [`TrainRunError`].
pub fn train_run(
    root: &Utf8Path,
    dir: &RunDir,
    observer: &mut dyn RunObserver,
    stop: &AtomicBool,
) -> Result<Summary, TrainRunError> {
    let record = dir.record()?.ok_or_else(|| TrainRunError::NoRecord(dir.path().to_owned()))?;
    dir.verify()?;
    let spec = &record.spec;
    let resumes = dir.position()?.is_some();
    let sources = Sources::load(root, &spec.dataset, [spec])?;
    let corpus = sparsegate_data::load(root, &sources.dataset, spec.reading)?;
    let scale = spec.model.embedding.as_ref().and_then(EmbeddingSpec::effective_scale);
    let vectors = match sources.vectors_of(spec) {
        Some(manifest) => {
            let vectors = sparsegate_data::load_vectors(root, manifest, &corpus.vocabulary)?;
            Some((manifest, vectors.scaled(scale.unwrap_or(1.0))))
        }
        None => None,
    };
    let used = vectors.as_ref().map(|(manifest, vectors)| VectorsUsed {
        name: manifest.name.clone(),
        initialized: vectors.initialized() as u64,
        symbols: vectors.rows.len() as u64,
    });
    if let Some(VectorsUsed { name, initialized, symbols }) = &used {
        observer.log(&format!("Initialized {initialized} of {symbols} embeddings from {name}"));
    }
    // A checkpoint holds the whole state, so a run that resumes does not need its parent any more.
    let parent = record.key_parts.get(START_FROM).filter(|_| !resumes);
    let store = Store::open(root)?;
    let parent = parent.map(|key| store.dir(&spec.experiment, key));
    if let Some(parent) = &parent {
        observer.log(&format!("starts from run {}", parent.key()));
    }
    let rows = vectors.as_ref().map(|(_, vectors)| vectors);
    let events = &mut |event: TrainEvent| observer.event(&event);
    let summary = engine::catch_backend_panic(spec.backend, || -> Result<Summary, TrainRunError> {
        let mut trainer = build::build_trainer(spec, &corpus, rows)?;
        if !resumes {
            note_device(dir, &record)?;
        }
        if let Some(parent) = &parent {
            start_from(trainer.as_mut(), parent)?;
        }
        Ok(train::train(dir, spec, &corpus, used, trainer.as_mut(), events, stop)?)
    })??;
    // The run is finished even without a compact model, which `export` can build later.
    if summary.state == RunState::Done
        && dir.compact()?.is_none()
        && let Err(error) = sparsegate_compact::write_compact_with(dir, &record, &corpus, &sources.dataset.reader)
    {
        observer.log(&format!("no compact model: {error}"));
    }
    // Nor does it need a manifest.
    if summary.state == RunState::Done
        && let Err(error) = dir.lock().and_then(|lock| lock.write_manifest())
    {
        observer.log(&format!("no manifest: {error}"));
    }
    Ok(summary)
}

/// Adds the device to the provenance of a run that begins, unless it is the CPU, which the record has already.
fn note_device(dir: &RunDir, record: &RunRecord) -> Result<(), TrainRunError> {
    let Some(engine) = engine::open(record.spec.backend).ok().filter(|_| record.spec.backend != Backend::Flex) else {
        return Ok(());
    };
    let mut record = record.clone();
    record.provenance.insert("device".to_owned(), engine.name);
    let lock = dir.lock()?;
    // Another process may have trained the run since this one looked; its checkpoint and manifest have the hash of its
    // record.
    if dir.position()?.is_some() || dir.summary()?.is_some_and(|summary| summary.state == RunState::Done) {
        return Ok(());
    }
    Ok(lock.write_record(&record)?)
}
