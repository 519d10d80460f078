//! Stored runs of text classifiers with any cell and an embedding: synthetic accuracies and kept words.

use camino::Utf8Path;

use super::language_models::{self, sparsity};
use sparsegate_core::EvaluationMetric;
use sparsegate_spec::types::{CellName, EmbeddingSpec, GateActivation, Init, ModelKind, Prior, RunSpec, TrainSpec};
use sparsegate_store::format::{
    Counts, EpochMetrics, FORMAT, GateCount, GroundTruthCounts, KeptCount, RunState, Structure, Summary, UnitGates,
};

/// Hidden units of the fixture's network.
const HIDDEN: u64 = 32;
/// Dimensions of its embedding.
const EMBEDDING: u64 = 60;
/// Size of its vocabulary.
const VOCABULARY: u64 = 2_000;
/// Number of classes.
const CLASSES: u64 = 4;

/// A run of twelve epochs at a sparsity level.
pub fn spec(level: &str, cell: CellName, seed: u64) -> RunSpec {
    let mut spec = language_models::spec(level);
    spec.dataset = "planted-texts".into();
    spec.model.kind = ModelKind::Classification;
    spec.model.cell = cell;
    spec.model.hidden = HIDDEN as usize;
    spec.model.embedding =
        Some(EmbeddingSpec { size: EMBEDDING as usize, vectors: "none".into(), vectors_scale: None });
    spec.model.gate_activation = GateActivation::HardSigmoid;
    spec.model.init = Init::Glorot;
    spec.train = TrainSpec { epochs: 12, sequence: None, carry_state: None, ..spec.train };
    spec.sparsity = sparsity(level);
    if level.ends_with("+N") {
        (spec.sparsity.vocabulary, spec.sparsity.inputs) = (Prior::LogUniform, Prior::LogUniform);
    }
    spec.seed = seed;
    spec
}

/// Metrics of an epoch of such a run: accuracy rises, and falls again in the second half of a dense run.
pub fn epoch(spec: &RunSpec, epoch: u32) -> EpochMetrics {
    let done = f64::from(epoch) / f64::from(spec.train.epochs.max(epoch));
    let (units, words, inputs, weights) = match spec.sparsity.name.as_str() {
        "dense" => (1.0, 1.0, 1.0, 1.0),
        "W" => (0.6, 0.9, 0.8, 0.10),
        "W+Voc" => (0.5, 0.1, 0.6, 0.05),
        "W+N" => (0.3, 0.05, 0.2, 0.02),
        _ => (0.2, 0.04, 0.15, 0.01),
    };
    let kept = |share: f64, total: u64| {
        let kept = (1.0 - done + done * share) * total as f64;
        KeptCount { kept: kept.round() as u64, total }
    };
    let cell = spec.model.cell;
    let kinds = cell.preactivations();
    let width = kinds.len() as u64 * HIDDEN;
    let neurons = kept(units, HIDDEN);
    let embedding = kept(weights, VOCABULARY * EMBEDDING);
    let layers = [kept(weights, EMBEDDING * width), kept(weights, HIDDEN * width), kept(units, HIDDEN * CLASSES)];
    let all: u64 = embedding.kept + layers.iter().map(|layer| layer.kept).sum::<u64>();
    let total: u64 = embedding.total + layers.iter().map(|layer| layer.total).sum::<u64>();
    let overfit = if spec.sparsity.name == "dense" && done > 0.5 { 0.05 * (done - 0.5) } else { 0.0 };
    // Seeds differ by 0.1 percentage points, neighbouring epochs by less.
    let wobble = 0.001 * spec.seed as f64 + 0.0003 * f64::from(epoch % 3);
    let valid = 0.9 - 0.4 * (-8.0 * done).exp() - overfit + wobble;
    EpochMetrics {
        epoch,
        step: u64::from(epoch) * 100,
        train_objective: 0.4,
        train_loss: 0.3,
        gradient_norm: 0.4,
        valid,
        test: valid - 0.01,
        counts: Counts {
            compression: total as f64 / all as f64,
            compression_exact: total as f64 / all as f64,
            embedding_weights: Some(embedding),
            input_weights: layers[0],
            recurrent_weights: layers[1],
            output_weights: layers[2],
            weights_kept_exact: all,
            vocabulary: kept(words, VOCABULARY),
            inputs: Some(kept(inputs, EMBEDDING)),
            neurons,
            gates: kinds
                .iter()
                .enumerate()
                .map(|(place, kind)| GateCount {
                    kind: kind.name.into(),
                    flow: kind.role == sparsegate_core::cells::Role::Flow,
                    kept: if spec.sparsity.name == "dense" { HIDDEN } else { neurons.kept * (place as u64 + 1) / 5 },
                    total: HIDDEN,
                })
                .collect(),
        },
        trained_share: None,
        collapse: None,
    }
}

/// A structure that matches the counts of an epoch, with words and their strengths.
pub fn structure(line: &EpochMetrics) -> Structure {
    let counts = &line.counts;
    let gates = (0..counts.neurons.kept)
        .map(|unit| UnitGates {
            unit: unit as u32,
            constant: counts
                .gates
                .iter()
                .enumerate()
                .map(|(kind, gate)| {
                    let value = ((unit as usize * 37 + kind * 23) % 100) as f64 / 100.0;
                    (unit >= gate.kept).then_some(if gate.flow { 2.0 * value - 1.0 } else { value })
                })
                .collect(),
        })
        .collect();
    let vocabulary: Vec<u32> = (0..counts.vocabulary.kept as u32).collect();
    Structure {
        format: FORMAT,
        counts: counts.clone(),
        neurons: (0..counts.neurons.kept as u32).collect(),
        words: vocabulary.iter().map(|id| format!("word{id}")).collect(),
        strengths: vocabulary.iter().map(|id| 1.0 + f64::from((id * 7) % 50) / 10.0).collect(),
        vocabulary,
        inputs: (0..counts.inputs.map_or(0, |inputs| inputs.kept) as u32).collect(),
        kinds: Vec::new(),
        gates,
    }
}

/// Stores such a run as finished under `root`, in a folder named `key`; half of its kept words, but at most 100, are
/// ground-truth words.
pub fn store(root: &Utf8Path, spec: &RunSpec, key: &str) {
    let lines: Vec<EpochMetrics> = (1..=spec.train.epochs).map(|n| epoch(spec, n)).collect();
    let last = lines.last().cloned();
    let words = last.as_ref().map_or(0, |line| line.counts.vocabulary.kept);
    let ground_truth = GroundTruthCounts {
        informative: 100,
        informative_kept: (words / 2).min(100),
        uninformative: VOCABULARY - 100,
        uninformative_kept: words - (words / 2).min(100),
    };
    let summary = Summary {
        format: FORMAT,
        state: RunState::Done,
        epochs: spec.train.epochs,
        metric: Some(EvaluationMetric::Accuracy),
        last: last.clone(),
        train_seconds: 90.0,
        error: None,
        ground_truth: Some(ground_truth),
        vectors: None,
        selected: None,
        stopped_early: None,
        baseline: None,
        usage: None,
    };
    language_models::store_files(root, spec, key, &lines, &summary, last.as_ref().map(structure).as_ref());
}
