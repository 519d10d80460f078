//! The authors' published figures, read from the CSV files named by an experiment's `source:`.

use std::collections::BTreeMap;

use camino::Utf8Path;
use polars::prelude::*;

use sparsegate_core::EvaluationMetric;
use sparsegate_spec::types::RunSpec;
use sparsegate_spec::{Experiment, PublishedResults, PublishedSource};

use super::{ReportError, metric};

/// One logged epoch of an authors' run.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorsEpoch {
    /// Sparsity level.
    pub sparsity: String,
    /// Number of the epoch, from 1.
    pub epoch: u32,
    /// The metric of `valid` and `test`; `None` for one that our runs do not have, whose values are compared with none.
    pub metric: Option<EvaluationMetric>,
    /// Objective: mean data loss plus KL divergence / training set size, nats.
    pub train_objective: f64,
    /// Validation metric.
    pub valid: f64,
    /// Test metric.
    pub test: f64,
    /// All weights over surviving weights.
    pub compression: f64,
    /// Surviving weights of all layers.
    pub weights: u64,
    /// Kept input symbols.
    pub vocabulary: u64,
    /// Input symbols.
    pub vocabulary_total: u64,
    /// Kept and all embedding dimensions; `None` for a network without an embedding.
    pub inputs: Option<(u64, u64)>,
    /// Kept hidden units.
    pub neurons: u64,
    /// Hidden units.
    pub neurons_total: u64,
    /// Gates that are not constant, all kinds.
    pub gates: u64,
    /// Gates of all kinds.
    pub gates_total: u64,
}

/// The authors' logs of one task.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuthorsLogs {
    /// The last logged epoch of each run, in the file's order.
    pub last: Vec<AuthorsEpoch>,
    /// All logged epochs, run by run, in ascending order.
    pub curves: Vec<AuthorsEpoch>,
}

/// The authors' logs of an experiment, which may have several tasks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Authors {
    /// What the experiment itself names, for runs of tasks that name nothing.
    common: Option<AuthorsLogs>,
    /// What a task names.
    of_task: BTreeMap<String, AuthorsLogs>,
}

impl Authors {
    /// Reads the logs that the experiment and its tasks name.
    ///
    /// # Errors
    /// A file is missing, lacks a column, or has no row of the task.
    pub fn load(experiment: &Experiment) -> Result<Self, ReportError> {
        let named = |source: Option<&PublishedSource>| source.and_then(|source| source.authors.clone());
        let read = |figures: PublishedResults, spec| AuthorsLogs::load(&figures, spec);
        let common = named(experiment.source.as_ref()).map(|figures| read(figures, &experiment.file)).transpose()?;
        let mut of_task = BTreeMap::new();
        for task in &experiment.tasks {
            if let Some(figures) = named(task.source.as_ref()) {
                of_task.insert(task.name.clone(), read(figures, &task.file)?);
            }
        }
        Ok(Self { common, of_task })
    }

    /// The same logs for every task.
    #[cfg(test)]
    pub fn of_every_task(logs: AuthorsLogs) -> Self {
        Self { common: Some(logs), of_task: BTreeMap::new() }
    }

    /// The logs of a run's task.
    pub fn of(&self, spec: &RunSpec) -> Option<&AuthorsLogs> {
        let of_task = spec.task.as_ref().and_then(|task| self.of_task.get(task));
        of_task.or(self.common.as_ref())
    }

    /// The logs that a run is comparable with ([`AuthorsLogs::comparable`]).
    pub fn comparable(&self, spec: &RunSpec) -> Option<&AuthorsLogs> {
        self.of(spec).filter(|logs| logs.comparable(spec))
    }
}

impl AuthorsLogs {
    /// Reads both CSV files, which `spec` names.
    ///
    /// # Errors
    /// A file is missing, lacks a column, or has no row of the task.
    fn load(figures: &PublishedResults, spec: &Utf8Path) -> Result<Self, ReportError> {
        let read = |file: &Utf8Path| {
            points(file, &figures.task).map_err(|problem| ReportError::AuthorsLogs {
                file: file.to_owned(),
                spec: spec.to_owned(),
                problem,
            })
        };
        Ok(Self { last: read(&figures.final_values)?, curves: read(&figures.curves)? })
    }

    /// The last logged epoch of the authors' run at a sparsity level.
    pub fn last_epoch(&self, sparsity: &str) -> Option<&AuthorsEpoch> {
        self.last.iter().find(|point| point.sparsity == sparsity)
    }

    /// All logged epochs of the authors' run at a sparsity level.
    pub fn curve(&self, sparsity: &str) -> Vec<&AuthorsEpoch> {
        self.curves.iter().filter(|point| point.sparsity == sparsity).collect()
    }

    /// The given epoch of the authors' run at a sparsity level, if it was logged.
    pub fn epoch(&self, sparsity: &str, epoch: u32) -> Option<&AuthorsEpoch> {
        self.curves.iter().find(|point| point.sparsity == sparsity && point.epoch == epoch)
    }

    /// The epoch of a run with the best validation metric; the first one in a tie.
    pub fn best_epoch(&self, sparsity: &str) -> Option<&AuthorsEpoch> {
        let order = |a: &&AuthorsEpoch, b: &&AuthorsEpoch| metric::order(a.metric, a.valid, b.valid);
        self.curve(sparsity).into_iter().min_by(order)
    }

    /// Whether a run is comparable with the authors' runs: an LSTM, as all of theirs are, with as many hidden units as
    /// theirs.
    pub fn comparable(&self, spec: &RunSpec) -> bool {
        spec.model.cell.name() == "lstm"
            && self.last.iter().chain(&self.curves).all(|epoch| epoch.neurons_total == spec.model.hidden as u64)
    }
}

fn points(file: &Utf8Path, task: &str) -> Result<Vec<AuthorsEpoch>, String> {
    let text = fs_err::read(file).map_err(|error| error.to_string())?;
    let frame = CsvReadOptions::default()
        .with_has_header(true)
        .with_infer_schema_length(None)
        .into_reader_with_file_handle(std::io::Cursor::new(text))
        .finish()
        .map_err(|error| error.to_string())?;
    let tasks = texts(&frame, "task")?;
    let (sparsity, metric) = (texts(&frame, "sparsity")?, texts(&frame, "metric")?);
    let numbers = |name: &str| numbers(&frame, name);
    let (epoch, objective) = (numbers("epoch")?, numbers("train_objective")?);
    let (valid, test, compression) = (numbers("valid_metric")?, numbers("test_metric")?, numbers("compression")?);
    let (vocabulary, vocabulary_total) = (numbers("vocabulary")?, numbers("vocabulary_total")?);
    let (neurons, neurons_total) = (numbers("hidden_units")?, numbers("hidden_units_total")?);
    let (inputs, inputs_total) = (numbers("embedding_units")?, numbers("embedding_units_total")?);
    let (gates, gates_total) = (numbers("gates")?, numbers("gates_total")?);
    let layers: Vec<Vec<f64>> = ["embedding_w", "lstm_w_input", "lstm_w_hidden", "dense_w"]
        .into_iter()
        .map(numbers)
        .collect::<Result<_, _>>()?;
    // An empty cell stands for a layer that the task's network does not have.
    let whole = |column: &[f64], row: usize| if column[row].is_finite() { column[row].round() as u64 } else { 0 };
    let mut points = Vec::new();
    for row in (0..tasks.len()).filter(|row| tasks[*row] == task) {
        points.push(AuthorsEpoch {
            sparsity: sparsity[row].clone(),
            epoch: whole(&epoch, row) as u32,
            metric: EvaluationMetric::from_name(&metric[row]),
            train_objective: objective[row],
            valid: valid[row],
            test: test[row],
            compression: compression[row],
            weights: layers.iter().map(|layer| whole(layer, row)).sum(),
            vocabulary: whole(&vocabulary, row),
            vocabulary_total: whole(&vocabulary_total, row),
            inputs: inputs_total[row].is_finite().then(|| (whole(&inputs, row), whole(&inputs_total, row))),
            neurons: whole(&neurons, row),
            neurons_total: whole(&neurons_total, row),
            gates: whole(&gates, row),
            gates_total: whole(&gates_total, row),
        });
    }
    if points.is_empty() {
        let mut known = tasks;
        known.sort();
        known.dedup();
        return Err(format!("it has no row of task `{task}` (it has {})", known.join(", ")));
    }
    Ok(points)
}

fn column<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Column, String> {
    frame.column(name).map_err(|_| format!("it lacks the column `{name}`"))
}

fn texts(frame: &DataFrame, name: &str) -> Result<Vec<String>, String> {
    let column = column(frame, name)?.cast(&DataType::String).map_err(|error| error.to_string())?;
    let values = column.str().map_err(|error| error.to_string())?;
    Ok(values.iter().map(|value| value.unwrap_or_default().to_owned()).collect())
}

fn numbers(frame: &DataFrame, name: &str) -> Result<Vec<f64>, String> {
    let column = column(frame, name)?.cast(&DataType::Float64).map_err(|_| format!("`{name}` is not a number"))?;
    let values = column.f64().map_err(|error| error.to_string())?;
    Ok(values.iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}
