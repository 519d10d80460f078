//! Builds a run's network and optimiser from its spec, ready for the first step.

use sparsegate_core::trainer::Trainer;
use sparsegate_data::{Corpus, DataError, Parts, Vectors};
use sparsegate_nn::baselines::{self, Pruning};
use sparsegate_nn::engine::{self, OpenError};
use sparsegate_nn::model::{
    Classifier, ClassifierSizes, Initializer, LanguageModel, NetworkTrainer, RecurrentConfig, TrainerOptions,
};
use sparsegate_spec::types::{ModelKind, Optimizer, OutputNoise, RunSpec};

/// A network that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// This build or this machine lacks the spec's backend.
    #[error("{}; {}", .0, .0.hint())]
    Backend(#[from] OpenError),
    /// The data set is too small for the spec's batches.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A classifier needs labels, and the data set has none.
    #[error(
        "data set `{dataset}` is a stream of symbols without labels: for `model.kind: classification` name a data set of \
         labelled texts, or write `model.kind: language-model`"
    )]
    NoLabels {
        /// Name of the data set.
        dataset: String,
    },
    /// A language model needs a stream of symbols, and the data set consists of labelled texts.
    #[error(
        "data set `{dataset}` is a set of labelled texts: for `model.kind: language-model` name a data set that is a \
         stream of symbols, or write `model.kind: classification`"
    )]
    NoStream {
        /// Name of the data set.
        dataset: String,
    },
    /// The spec of a classifier has no `model.embedding`.
    #[error("model.embedding is missing: a classifier needs one, such as `embedding: {{ size: 50, vectors: none }}`")]
    NoEmbedding,
    /// The length of the pretrained vectors differs from the embedding size.
    #[error("the vectors of `{vectors}` have {found} numbers, not {wanted}: write `model.embedding.size: {found}`")]
    VectorSize {
        /// Name of the vectors' manifest.
        vectors: String,
        /// Length of the vectors.
        found: usize,
        /// The embedding size of the spec.
        wanted: usize,
    },
}

/// The network and optimiser of a run before its first step, on the spec's backend. For a classifier, `vectors` holds
/// pretrained vectors, one entry per symbol id, which replace the random initial vectors of the embedding. A language
/// model ignores them.
///
/// # Errors
/// [`BuildError`].
pub fn build_trainer(
    spec: &RunSpec,
    corpus: &Corpus,
    vectors: Option<&Vectors>,
) -> Result<Box<dyn Trainer>, BuildError> {
    check_parts(spec, corpus)?;
    let Optimizer::Adam(adam) = &spec.train.optimizer;
    let engine = engine::open(spec.backend)?;
    let batches = sparsegate_data::train_batches(corpus, &spec.train, spec.seed, 0)?.len() as u64;
    let schedule = spec.train.schedule(batches);
    let pruning =
        baselines::for_level(&spec.sparsity).map(|baseline| Pruning { baseline, total_steps: schedule.total_steps });
    let options = TrainerOptions {
        seed: spec.seed,
        carry_state: spec.train.carries_state(),
        train_size: sparsegate_data::train_size(corpus, &spec.train)?,
        adam: adam.clone(),
        clip_norm: spec.train.clip_norm,
    };
    let units =
        RecurrentConfig { cell: spec.model.cell.0, activation: spec.model.gate_activation, hidden: spec.model.hidden };
    let initial = Initializer {
        seed: spec.seed,
        init: spec.model.init,
        forget_bias: spec.model.forget_bias,
        cell: spec.model.cell.0,
        vectors: vectors.map(|vectors| vectors.rows.as_slice()),
        device: &engine.device,
    };
    let mut make = |name: &str, dims| initial.tensor(name, dims);
    let vocabulary = corpus.vocabulary.len();
    Ok(match spec.model.kind {
        ModelKind::LanguageModel => {
            let by_regime =
                if options.carry_state { OutputNoise::Weights } else { OutputNoise::LocalReparameterization };
            let noise = spec.model.output_noise.unwrap_or(by_regime);
            let network = LanguageModel::build(vocabulary, units, noise, &spec.sparsity, &mut make);
            Box::new(
                NetworkTrainer::new(network, engine.ops, options)
                    .with_schedule(schedule)
                    .with_pruning(pruning)
                    .with_drop_dead(spec.train.drop_dead)
                    .read_metrics_every(engine.metrics_interval),
            )
        }
        ModelKind::Classification => {
            let embedding = spec.model.embedding.as_ref().ok_or(BuildError::NoEmbedding)?;
            if let Some(vectors) = vectors.filter(|vectors| vectors.size != embedding.size) {
                let (found, wanted) = (vectors.size, embedding.size);
                return Err(BuildError::VectorSize { vectors: embedding.vectors.clone(), found, wanted });
            }
            let outputs = ClassifierSizes::outputs(corpus.classes().unwrap_or_default());
            let sizes = ClassifierSizes { vocabulary, embedding: embedding.size, outputs };
            let network = Classifier::build(sizes, units, &spec.sparsity, &mut make);
            Box::new(
                NetworkTrainer::new(network, engine.ops, options)
                    .with_schedule(schedule)
                    .with_pruning(pruning)
                    .with_drop_dead(spec.train.drop_dead)
                    .read_metrics_every(engine.metrics_interval),
            )
        }
    })
}

/// Rejects a data set of the wrong kind for the model, before any batches are made.
fn check_parts(spec: &RunSpec, corpus: &Corpus) -> Result<(), BuildError> {
    let dataset = || corpus.name.clone();
    match (spec.model.kind, &corpus.parts) {
        (ModelKind::LanguageModel, Parts::Texts { .. }) => Err(BuildError::NoStream { dataset: dataset() }),
        (ModelKind::Classification, Parts::Streams { .. }) => Err(BuildError::NoLabels { dataset: dataset() }),
        (ModelKind::LanguageModel, Parts::Streams { .. }) | (ModelKind::Classification, Parts::Texts { .. }) => Ok(()),
    }
}
