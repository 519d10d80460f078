//! The subject of a benchmark: a compact model, the network it was extracted from, and the length of its sequences.

use sparsegate_runtime::Model;
use sparsegate_runtime::format::File;
use sparsegate_runtime::synthetic::ModelShape;

use crate::cli::CliError;
use crate::cli::args::Global;
use sparsegate_compact::{FoundModel, find_model};
use sparsegate_core::trainer::NamedTensor;
use sparsegate_data::manifest::Reader;
use sparsegate_nn::model::{MaskedNetwork, RecurrentConfig};
use sparsegate_spec::types::RunSpec;
use sparsegate_store::RunDir;

/// Symbols per text if the data set states no maximal length.
const TEXT: usize = 100;

/// Symbols per sequence of the authors' tasks: the maximal text length (`imdb`), the mean one (`agnews`), or the window
/// (`char-ptb`, `word-ptb`).
const STEPS: [(&str, usize); 4] = [("imdb", 200), ("agnews", 40), ("char-ptb", 99), ("word-ptb", 35)];

/// A model to time.
pub struct BenchTarget {
    /// Its name in the output.
    pub name: String,
    /// The compact model.
    pub model: Model<f32>,
    /// A network of the original size with random weights, whose values do not affect the time.
    pub dense: Model<f32>,
    /// The trained network with pruned weights set to zero, if its parameters are stored.
    pub masked: Option<MaskedNetwork>,
    /// Symbols per sequence.
    pub steps: usize,
    /// Size of the compact file in bytes.
    pub file_bytes: u64,
    /// The run's folder, where the times are stored.
    pub dir: Option<RunDir>,
    /// Content of the compact file.
    pub file: File,
}

impl BenchTarget {
    /// The compact model of a run, or of a file if `run` is the path of one.
    ///
    /// # Errors
    /// No such run, or a run without a compact model.
    pub fn of_run(global: &Global, run: &str) -> Result<Self, CliError> {
        let FoundModel { path, file, run: dir } = find_model(&global.root, run)?;
        // A model that could not be stored is only in memory.
        let file_bytes = match fs_err::metadata(&path) {
            Ok(stored) => stored.len(),
            Err(_) => file.write().map_err(CliError::data)?.len() as u64,
        };
        let record = dir.as_ref().map(RunDir::record).transpose().map_err(CliError::failed)?.flatten();
        let (masked, steps) = match (&dir, &record) {
            (Some(dir), Some(record)) => {
                let parameters = dir.model().map_err(CliError::failed)?;
                let broken = parameters.as_deref().and_then(NamedTensor::first_not_finite);
                if let Some(NamedTensor { name, .. }) = broken {
                    let problem = format!("{}: {name} is not finite", dir.model_path());
                    return Err(CliError::data(problem).help("train the run again with a lower learning rate"));
                }
                let model = &record.spec.model;
                let units =
                    RecurrentConfig { cell: model.cell.0, activation: model.gate_activation, hidden: model.hidden };
                let network =
                    |parameters: Vec<_>| MaskedNetwork::new(model.kind, units, &record.spec.sparsity, &parameters);
                let masked = parameters.map(network).transpose();
                (
                    masked.map_err(|problem| CliError::data(format!("{}: {problem}", dir.model_path())))?,
                    steps(&record.spec, &file),
                )
            }
            _ => (None, TEXT),
        };
        let name = match &record {
            Some(record) => {
                format!("{} {} {}", record.spec.experiment, record.spec.model.cell.name(), record.spec.sparsity.name)
            }
            None => path.to_string(),
        };
        Ok(Self { name, dense: dense(&file.model), model: file.model.clone(), masked, steps, file_bytes, dir, file })
    }

    /// A random model with the published sizes of the authors' pruned model of `task`.
    ///
    /// # Errors
    /// The authors have no such task.
    pub fn random_paper_model(task: &str) -> Result<Self, CliError> {
        let shape = ModelShape::of_paper(task).zip(STEPS.iter().find(|(name, _)| *name == task));
        let (shape, (_, steps)) = shape.ok_or_else(|| {
            CliError::usage(format!("the authors have no task `{task}`"))
                .help("they have imdb, agnews, char-ptb and word-ptb")
        })?;
        let file = File { model: shape.model(0), details: String::new() };
        let file_bytes = file.write().map_err(CliError::failed)?.len() as u64;
        Ok(Self {
            name: format!("the authors' {task} W+G+N"),
            dense: dense(&file.model),
            model: file.model.clone(),
            masked: None,
            steps: *steps,
            file_bytes,
            dir: None,
            file,
        })
    }

    /// Size of the original network's weights and biases in bytes.
    pub fn dense_bytes(&self) -> u64 {
        let Model { embedding, input, recurrent, output, bias, output_bias, .. } = &self.dense;
        let matrices = embedding.iter().chain([input, recurrent, output]);
        let weights: usize = matrices.map(|matrix| matrix.rows * matrix.columns).sum();
        ((weights + bias.len() + output_bias.len()) * size_of::<f32>()) as u64
    }
}

fn dense(model: &Model<f32>) -> Model<f32> {
    ModelShape::dense(model.cell.clone(), model.activation, model.task, model.original).model(0)
}

/// Symbols per sequence: the training window, or the maximal text length.
fn steps(spec: &RunSpec, file: &File) -> usize {
    let reader = serde_json::from_str::<sparsegate_compact::Details>(&file.details).ok().map(|details| details.reader);
    match reader {
        Some(Reader::LabelledTexts(texts)) => texts.length.unwrap_or(TEXT),
        Some(Reader::PlantedTexts(_)) | None => TEXT,
        Some(_) => spec.train.window(),
    }
}
