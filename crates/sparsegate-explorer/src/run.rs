//! A run's compact model, with what the page shows beside it.

use serde::Serialize;
use sparsegate_compact::{CompactModel, constant_answer, sum_names};
use sparsegate_core::cells;
use sparsegate_runtime::Cell;
use sparsegate_runtime::format::{File, FormatError};
use sparsegate_runtime::model::Task;
use sparsegate_spec::VaryingKeys;
use sparsegate_spec::types::RunSpec;
use sparsegate_store::format::EpochMetrics;

/// A compact model and the run that it was taken from.
pub struct ExplorerRun {
    /// The model with its words.
    pub model: CompactModel,
    /// The run's spec; `None` if only the compact file is at hand.
    pub spec: Option<RunSpec>,
    /// The run's metrics after its last epoch, if they are at hand.
    pub last: Option<EpochMetrics>,
}

/// A model as the scripts receive it.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// What sets the run apart within its group.
    pub label: String,
    /// What the runs of a group share.
    pub group: String,
    /// Its test metric, as the run's summary has it.
    pub test: f64,
    /// All weights over kept weights, as the authors count; `None` if it is not known.
    pub compression: Option<f64>,
    /// Size of the compact file in bytes.
    pub bytes: usize,
    /// A remark, such as that the model's answers do not depend on what it reads.
    pub remark: Option<String>,
    /// Names of the sums of a cell with a formula.
    pub names: Option<Vec<String>>,
    /// The compact file in base64.
    pub file: String,
}

impl ExplorerRun {
    /// The file of the compact model.
    ///
    /// # Errors
    /// A model that is not consistent, which a compact file never has.
    pub fn file(&self) -> Result<Vec<u8>, FormatError> {
        let details = serde_json::to_string(&self.model.details);
        let details = details.map_err(|error| FormatError::Header(error.to_string()))?;
        File { model: self.model.model.clone(), details }.write()
    }

    /// What the runs of a group share, such as `quick: planted-words, lstm`.
    pub(crate) fn group(&self) -> String {
        let origin = &self.model.details.run;
        format!("{}: {}, {}", origin.experiment, origin.dataset, self.model.model.cell.name())
    }

    /// The keys in which the runs of this run's group differ, among `all`.
    fn varying(&self, all: &[Self]) -> VaryingKeys {
        let group = self.group();
        let specs = all.iter().filter(|run| run.group() == group).filter_map(|run| run.spec.as_ref());
        VaryingKeys::of(specs).without(&["task"])
    }

    /// Name of the run within its group, among `all`: the keys in which they differ, the sparsity level first.
    pub(crate) fn label(&self, all: &[Self]) -> String {
        let origin = &self.model.details.run;
        let Some(spec) = &self.spec else {
            let key: String = origin.key.chars().take(8).collect();
            return if key.is_empty() { origin.sparsity.clone() } else { format!("{} ({key})", origin.sparsity) };
        };
        let label = self.varying(all).label(spec);
        // Several seeds of one level alone.
        let level = &spec.sparsity.name;
        if label == *level || label.starts_with(&format!("{level}, ")) { label } else { format!("{level}, {label}") }
    }

    pub(crate) fn entry(&self, all: &[Self], file: &[u8]) -> Entry {
        let CompactModel { model, details, .. } = &self.model;
        Entry {
            label: self.label(all),
            group: self.group(),
            test: details.run.test,
            compression: self.last.as_ref().map(|last| last.counts.compression).filter(|one| one.is_finite()),
            bytes: file.len(),
            remark: constant_answer(model, Some(details)),
            names: self.sum_names(),
            file: data_encoding::BASE64.encode(file),
        }
    }

    /// Names of the sums of a cell with a formula, if this program knows the cell.
    fn sum_names(&self) -> Option<Vec<String>> {
        let Cell::Formula(formula) = &self.model.model.cell else { return None };
        let names = sum_names(cells::find(&formula.name)?, formula)?;
        Some(names.into_iter().map(str::to_owned).collect())
    }

    pub(crate) fn is_classifier(&self) -> bool {
        self.model.model.task == Task::Classification
    }
}
