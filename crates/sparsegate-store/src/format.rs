//! The files of a run folder as types, with their format versions.
//!
//! `metrics.jsonl` and `structure.json` contain no times and no host names, so that a resumed run leaves the same bytes
//! as an uninterrupted one. Times are in `summary.json` and `times.jsonl`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::collapse::{Collapse, Predictor, TrivialBaseline};
pub use sparsegate_core::{Counts, FORMAT, GateCount, GateKind, GateRole, KeptCount, Structure, UnitGates};

use sparsegate_core::EvaluationMetric;
use sparsegate_spec::types::RunSpec;

/// `run.json`: spec and provenance of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`FORMAT`].
    pub format: u32,
    /// The run's key, also the name of its folder.
    pub key: String,
    /// The parts that the key is computed from: `spec`, `dataset`, `vectors` if used, and `numerics`; each a blake3
    /// hash or a number as text.
    pub key_parts: BTreeMap<String, String>,
    /// The resolved spec.
    pub spec: RunSpec,
    /// Git revision, dirty flag, host, CPU, versions.
    pub provenance: BTreeMap<String, String>,
}

/// One line of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Finished epochs, from 1.
    pub epoch: u32,
    /// Finished optimiser steps.
    pub step: u64,
    /// Mean objective over the epoch's steps: data loss plus KL term, nats per target.
    pub train_objective: f64,
    /// Mean data loss over the epoch's steps, nats per target.
    pub train_loss: f64,
    /// Mean of the gradient's global norm over the epoch's steps, before rescaling.
    pub gradient_norm: f64,
    /// Validation metric of the pruned network at the means: perplexity, bits per character or accuracy.
    pub valid: f64,
    /// The same metric on the test data.
    pub test: f64,
    /// Counts of what survives pruning after this epoch.
    pub counts: Counts,
    /// The fraction of the network's parameters that were still trained in this epoch; only with `train.drop_dead`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_share: Option<f64>,
    /// Whether the network had learned nothing, and how that was seen. Missing for other runs, and in files of earlier
    /// versions; [`EpochMetrics::collapsed`] finds some of those too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collapse: Option<Collapse>,
}

impl EpochMetrics {
    /// The stored mark or, for files of earlier versions, [`Collapse::NothingLeft`] if the counts say so.
    #[must_use]
    pub fn collapsed(&self) -> Option<Collapse> {
        self.collapse.clone().or_else(|| self.counts.nothing_is_left().then_some(Collapse::NothingLeft))
    }
}

/// `summary.json`: how a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`FORMAT`].
    pub format: u32,
    /// How it ended.
    pub state: RunState,
    /// Finished epochs.
    pub epochs: u32,
    /// The metric; `None` for a run whose process ended before its data were read, in the file the empty text.
    #[serde(default, with = "sparsegate_core::metric_or_empty")]
    pub metric: Option<EvaluationMetric>,
    /// The metrics of the epoch whose model is stored, which is the last one unless `selected` names another; of an
    /// unfinished run those of the last finished epoch, if there is one.
    pub last: Option<EpochMetrics>,
    /// Seconds spent on training, evaluation and checkpoints, over all processes that worked on the run.
    pub train_seconds: f64,
    /// The error message, if the run failed.
    pub error: Option<String>,
    /// How the kept vocabulary compares with the ground truth of a synthetic language; `None` for other data.
    #[serde(rename = "planted")]
    pub ground_truth: Option<GroundTruthCounts>,
    /// The pretrained vectors that the embedding started from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vectors: Option<VectorsUsed>,
    /// The epoch whose model is stored, if `train.select` is `best` and the run is done; `None` for the last epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<u32>,
    /// Why the run ended before its last epoch, if `train.early_stop` ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_early: Option<StoppedEarly>,
    /// What a predictor that reads nothing reaches; missing in files of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<TrivialBaseline>,
    /// What the last process that worked on the run used; missing where the system does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<ResourceUsage>,
}

/// What the process of a run used of the machine, and what its Slurm job had been given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ResourceUsage {
    /// Seconds from the beginning of the process's training to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// CPU seconds of all threads meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// Largest resident memory, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
    /// Energy that the machine's processors used meanwhile, for whomever they worked, J.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_joules: Option<f64>,
    /// What the job was given; missing outside Slurm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocation: Option<Allocation>,
}

/// What a Slurm job was given for one run. Parts that Slurm does not tell are missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Allocation {
    /// Processors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<u64>,
    /// Memory, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Time limit of the job, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

impl ResourceUsage {
    /// CPU time used of the time of all processors of the job, 0 to 1.
    #[must_use]
    pub fn cpu_efficiency(&self) -> Option<f64> {
        let given = self.seconds? * self.allocation?.cpus? as f64;
        self.cpu_seconds.map(|used| used / given).filter(|share| share.is_finite())
    }

    /// Peak memory of the memory of the job.
    #[must_use]
    pub fn memory_efficiency(&self) -> Option<f64> {
        let given = self.allocation?.memory? as f64;
        self.peak_memory.map(|used| used as f64 / given).filter(|share| share.is_finite())
    }

    /// Time used of the time limit of the job.
    #[must_use]
    pub fn time_efficiency(&self) -> Option<f64> {
        let given = self.allocation?.seconds?;
        self.seconds.map(|used| used / given).filter(|share| share.is_finite())
    }
}

impl Summary {
    /// Whether the network had learned nothing after the last finished epoch.
    #[must_use]
    pub fn collapsed(&self) -> Option<Collapse> {
        self.last.as_ref().and_then(EpochMetrics::collapsed)
    }
}

/// The end of a run whose validation metric did not improve any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedEarly {
    /// The epoch after which the run ended.
    pub epoch: u32,
    /// The epoch with the best validation metric, the first one in a tie.
    pub best: u32,
    /// `train.early_stop.patience`: epochs since then without a better one.
    pub patience: u32,
}

/// How much of an embedding was initialised from pretrained vectors; the other symbols started from random vectors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VectorsUsed {
    /// Name of the vectors' manifest.
    pub name: String,
    /// Symbols that were initialised from a vector.
    pub initialized: u64,
    /// All symbols.
    pub symbols: u64,
}

/// State of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// All epochs finished.
    Done,
    /// Stopped with its state saved; running it again resumes it.
    Interrupted,
    /// Stopped with an error.
    Failed,
}

/// How the kept vocabulary compares with the ground truth of a synthetic language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroundTruthCounts {
    /// Ground-truth symbols, which carry information about what is predicted.
    pub informative: u64,
    /// Of those, how many were kept.
    pub informative_kept: u64,
    /// Symbols that carry no information.
    pub uninformative: u64,
    /// Of those, how many were kept.
    pub uninformative_kept: u64,
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::{EvaluationMetric, Summary};
    use crate::{RunDir, StoreError};

    /// A summary as versions since 0.1 write it, of a run with this metric.
    fn stored(metric: &str) -> String {
        format!(
            "{{\n  \"format\": 1,\n  \"state\": \"failed\",\n  \"epochs\": 0,\n  \"metric\": {metric},\n  \"last\": null,\n  \
             \"train_seconds\": 0.5,\n  \"error\": \"killed\",\n  \"planted\": null\n}}\n"
        )
    }

    /// The folder of a run with this `summary.json`.
    fn run(folder: &tempfile::TempDir, summary: &str) -> RunDir {
        let dir = RunDir::new(Utf8Path::from_path(folder.path()).unwrap(), "k");
        fs_err::create_dir_all(dir.path()).unwrap();
        fs_err::write(dir.path().join("summary.json"), summary).unwrap();
        dir
    }

    #[test]
    fn summaries_are_written_with_the_bytes_that_were_read() {
        let folder = tempfile::tempdir().unwrap();
        let metrics = EvaluationMetric::ALL.map(|metric| (Some(metric), metric.name()));
        for (metric, name) in metrics.into_iter().chain([(None, "")]) {
            let text = stored(&format!("\"{name}\""));
            let dir = run(&folder, &text);
            let summary: Summary = dir.summary().unwrap().unwrap();
            assert_eq!(summary.metric, metric);
            let lock = dir.lock().unwrap();
            lock.remove_summary().unwrap();
            lock.write_summary(&summary).unwrap();
            assert_eq!(fs_err::read_to_string(dir.path().join("summary.json")).unwrap(), text);
        }
    }

    #[test]
    fn a_summary_without_a_metric_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let text = stored("\"\"").replace("  \"metric\": \"\",\n", "");
        assert!(!text.contains("metric"));
        assert_eq!(run(&folder, &text).summary().unwrap().unwrap().metric, None);
    }

    #[test]
    fn an_unknown_metric_is_refused_with_the_name_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        for (metric, named) in [("\"f1\"", "`f1`"), ("\"Accuracy\"", "`Accuracy`"), ("\" \"", "` `")] {
            let error = run(&folder, &stored(metric)).summary().unwrap_err();
            let text = error.to_string();
            assert!(matches!(&error, StoreError::Corrupt { path, .. } if path.ends_with("k/summary.json")), "{text}");
            let known = format!("unknown metric {named}, known are perplexity, bits_per_char, accuracy");
            assert!(text.contains(&known) && text.contains("a newer sparsegate may have stored it"), "{text}");
        }
        for metric in ["null", "1"] {
            assert!(matches!(run(&folder, &stored(metric)).summary(), Err(StoreError::Corrupt { .. })), "{metric}");
        }
    }

    #[test]
    fn numbers_are_read_as_they_were_written() {
        for number in [193.059_165_546_760_74, 0.1 + 0.2, f64::MIN_POSITIVE, 1e300 / 3.0] {
            let text = serde_json::to_string(&number).unwrap();
            assert_eq!(serde_json::from_str::<f64>(&text).unwrap().to_bits(), number.to_bits(), "{text}");
        }
    }
}
