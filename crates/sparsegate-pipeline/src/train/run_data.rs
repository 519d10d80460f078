//! The batched data of a run: training batches of each epoch, validation data and test data.

use sparsegate_core::BatchSource;
use sparsegate_data::{Corpus, DataError, Unit, eval_batches, train_batches};
use sparsegate_spec::types::RunSpec;
use sparsegate_store::format::{TrivialBaseline, VectorsUsed};

/// Makes the training batches of an epoch from the epoch's index, from 0.
pub type EpochBatches<'a> = Box<dyn Fn(u32) -> Result<Box<dyn BatchSource + 'a>, DataError> + 'a>;

/// The data of a run, batched.
pub struct RunData<'a> {
    /// The training batches of each epoch.
    pub train: EpochBatches<'a>,
    /// The validation batches.
    pub valid: Box<dyn BatchSource + 'a>,
    /// The test batches.
    pub test: Box<dyn BatchSource + 'a>,
    /// What is predicted.
    pub unit: Unit,
    /// The word of each symbol; empty if symbols are characters.
    pub words: &'a [String],
    /// The names of a classifier's classes; empty for a language model.
    pub classes: &'a [String],
    /// What a predictor that reads nothing reaches, if known.
    pub baseline: Option<TrivialBaseline>,
    /// For generated data: whether each symbol carries information about what is predicted.
    pub informative: Option<&'a [bool]>,
    /// The pretrained vectors that the model's embedding started from.
    pub vectors: Option<VectorsUsed>,
}

impl<'a> RunData<'a> {
    /// Batches `corpus` as `spec` says. [`train`](super::train()) adds the vectors and the baseline.
    ///
    /// # Errors
    /// A validation or test stream too short for one mini-batch.
    pub fn new(spec: &'a RunSpec, corpus: &'a Corpus) -> Result<Self, DataError> {
        let [valid, test] = eval_batches(corpus, &spec.train)?;
        Ok(Self {
            train: Box::new(move |epoch| train_batches(corpus, &spec.train, spec.seed, epoch)),
            valid,
            test,
            unit: corpus.unit,
            words: if corpus.unit == Unit::Character { &[] } else { &corpus.vocabulary },
            classes: corpus.class_names(),
            baseline: None,
            informative: corpus.informative.as_deref(),
            vectors: None,
        })
    }
}
