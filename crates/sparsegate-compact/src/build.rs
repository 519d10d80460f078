//! Makes the compact file of a finished run from its stored parameters.

use sparsegate_runtime::format::{File, FormatError};
use sparsegate_runtime::model::{Sizes, Task};

use super::cell_formula::UnsupportedCell;
use super::details::{DETAILS_FORMAT, Details, ModelOrigin, WordsOf};
use super::extract::extract;
use super::session::{NotFinite, check_outputs};
use sparsegate_core::trainer::NamedTensor;
use sparsegate_data::manifest::Reader;
use sparsegate_data::{Corpus, START, UNKNOWN};
use sparsegate_prune::{NetworkArrays, Posterior, ShapeError, masks, reduce};
use sparsegate_spec::types::{ModelKind, RunSpec};
use sparsegate_store::format::EpochMetrics;

/// Parameters from which no compact model can be made.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// No compact model can be made of the run's cell.
    #[error(transparent)]
    Cell(#[from] UnsupportedCell),
    /// The stored parameters do not fit the run's network.
    #[error("the stored parameters do not fit the run's spec: {0}")]
    Shape(#[from] ShapeError),
    /// A stored parameter is not finite.
    #[error("{0} is not finite; train the run again with a lower learning rate, or with train.clip_norm")]
    NotFinite(String),
    /// The weights are finite, but so large that the outputs are not.
    #[error("the outputs are not finite; train the run again with a lower learning rate, or with train.clip_norm")]
    Outputs,
    /// The model is not consistent, for example because a weight is not finite.
    #[error("the stored parameters do not form a valid model: {0}")]
    Model(#[from] FormatError),
    /// A word or the name of a class is too long.
    #[error("the words of the data set cannot be stored: {0}; read it with fewer or shorter words")]
    Lists(String),
    /// The details could not be encoded as JSON.
    #[error("cannot write the words and classes as JSON: {0}")]
    Words(#[from] serde_json::Error),
}

/// Makes the compact file of the run `key` with the given `spec`. `parameters` are those of `model.safetensors`, and
/// `last` are the run's final metrics.
///
/// # Errors
/// [`CompactError`].
pub fn build_file(
    key: &str,
    spec: &RunSpec,
    parameters: &[NamedTensor],
    last: &EpochMetrics,
    corpus: &Corpus,
    reader: &Reader,
) -> Result<File, CompactError> {
    // Checked first, since pruning could hide such a parameter.
    if let Some(tensor) = NamedTensor::first_not_finite(parameters) {
        return Err(CompactError::NotFinite(tensor.name.clone()));
    }
    let find = |name: &str| {
        let tensor = parameters.iter().find(|tensor| tensor.name == name)?;
        let shape = <[usize; 2]>::try_from(tensor.shape.as_slice()).ok()?;
        Some((tensor.values.as_slice(), shape))
    };
    let zeros_are_pruned = spec.sparsity.is_baseline();
    let parts = NetworkArrays::from_tensors(spec.model.cell.0, spec.model.gate_activation, zeros_are_pruned, &find);
    let posterior = Posterior::new(parts)?;
    let outputs = posterior.parts().w_output.shape[1];
    let original = Sizes {
        symbols: posterior.vocabulary() as u32,
        dimensions: posterior.inputs().unwrap_or(0) as u32,
        units: posterior.hidden() as u32,
        outputs: outputs as u32,
    };
    let task = match spec.model.kind {
        ModelKind::LanguageModel => Task::LanguageModel,
        ModelKind::Classification => Task::Classification,
    };
    let bias: Vec<f64> =
        find("output/bias").map(|(values, _)| values.iter().map(|&bias| f64::from(bias)).collect()).unwrap_or_default();
    let model = extract(&reduce(&posterior, &masks(&posterior)), &bias, task, original)?.to::<f32>();
    let named = |name: &str| corpus.vocabulary.iter().position(|word| word == name).map(|id| id as u32);
    let starts = matches!(reader, Reader::LabelledTexts(texts) if texts.start_symbol);
    let (unknown, start) = (named(UNKNOWN), named(START).filter(|_| starts));
    let unknown_lives = unknown.is_some_and(|unknown| model.row(unknown).is_some());
    let words_of = if task == Task::LanguageModel || unknown_lives { WordsOf::All } else { WordsOf::Stored };
    let word = |id: &u32| corpus.vocabulary.get(*id as usize).cloned().unwrap_or_default();
    let details = Details {
        format: DETAILS_FORMAT,
        run: ModelOrigin {
            experiment: spec.experiment.clone(),
            key: key.to_owned(),
            dataset: spec.dataset.clone(),
            sparsity: spec.sparsity.name.clone(),
            metric: corpus.unit.metric().to_owned(),
            test: last.test,
            collapse: last.collapsed(),
        },
        reader: reader.clone(),
        reading: spec.reading,
        words_of,
        words: match words_of {
            WordsOf::All => corpus.vocabulary.clone(),
            WordsOf::Stored => model.symbols.stored.iter().map(word).collect(),
        },
        unknown,
        start,
        classes: corpus.class_names().to_vec(),
    };
    // Reject now what could not be read back.
    details.check_lists().map_err(CompactError::Lists)?;
    model.check().map_err(FormatError::from)?;
    check_outputs(&model).map_err(|NotFinite| CompactError::Outputs)?;
    Ok(File { model, details: serde_json::to_string(&details)? })
}
