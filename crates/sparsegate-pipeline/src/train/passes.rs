//! What a run reads: the batches of its epochs, and the streams it is judged by.

use sparsegate_core::BatchSource;
use sparsegate_data::{Corpus, DataError, Unit, eval_batches, train_batches};
use sparsegate_spec::types::RunSpec;
use sparsegate_store::format::VectorsUsed;

/// The training batches of the epoch with an index, from 0.
pub type Epochs<'a> = Box<dyn Fn(u32) -> Result<Box<dyn BatchSource + 'a>, DataError> + 'a>;

/// The data of a run, batched.
pub struct Passes<'a> {
    /// The training batches of each epoch.
    pub train: Epochs<'a>,
    /// The validation stream.
    pub valid: Box<dyn BatchSource + 'a>,
    /// The test stream.
    pub test: Box<dyn BatchSource + 'a>,
    /// What is predicted.
    pub unit: Unit,
    /// The word of each symbol; empty where symbols are characters.
    pub words: &'a [String],
    /// For generated data: whether each symbol carries information about what is predicted.
    pub informative: Option<&'a [bool]>,
    /// The pretrained vectors that the model started from.
    pub vectors: Option<VectorsUsed>,
}

impl<'a> Passes<'a> {
    /// The batches that `spec` makes of `corpus`.
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
            informative: corpus.informative.as_deref(),
            vectors: None,
        })
    }
}
