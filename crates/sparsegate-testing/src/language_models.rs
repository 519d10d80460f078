//! Stored runs of language models, with synthetic numbers that resemble the authors' word-level results.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use sparsegate_core::EvaluationMetric;
use sparsegate_spec::Experiment;
use sparsegate_spec::types::{
    Adam, Backend, CellName, GateActivation, Init, ModelKind, ModelSpec, Optimizer, Prior, RateSchedule, Reading,
    RunSpec, Select, Sparsity, StartFrom, TrainSpec, WarmUp,
};
use sparsegate_store::format::{
    Counts, EpochMetrics, FORMAT, GateCount, KeptCount, RunRecord, RunState, Structure, Summary, UnitGates,
};
use sparsegate_store::plan::{Plan, PlanEntry, Status};
use sparsegate_store::{EpochTime, RunDir, Timestamp};

/// Hidden units of the fixture's network.
pub const HIDDEN: u64 = 256;
/// Size of its vocabulary.
pub const VOCABULARY: u64 = 10_000;

/// A sparsity level by its usual name.
pub fn sparsity(name: &str) -> Sparsity {
    let on = |yes: bool| if yes { Prior::LogUniform } else { Prior::None };
    Sparsity {
        name: name.into(),
        weights: on(name != "dense"),
        vocabulary: on(name == "W+Voc"),
        inputs: Prior::None,
        neurons: on(name.ends_with("+N")),
        gates: on(name.contains("+G")),
        output: on(name != "dense"),
        magnitude: None,
        group_lasso: None,
    }
}

/// A run of ten epochs at a sparsity level.
pub fn spec(level: &str) -> RunSpec {
    RunSpec {
        experiment: "made-up".into(),
        task: None,
        dataset: "word-ptb".into(),
        reading: Reading::default(),
        model: ModelSpec {
            kind: ModelKind::LanguageModel,
            cell: CellName::default(),
            hidden: HIDDEN as usize,
            embedding: None,
            gate_activation: GateActivation::Sigmoid,
            init: Init::Orthogonal,
            forget_bias: 1.0,
            output_noise: None,
        },
        train: TrainSpec {
            epochs: 10,
            batch: 32,
            sequence: Some(35),
            carry_state: Some(true),
            optimizer: Optimizer::Adam(Adam { lr: 2e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
            clip_norm: Some(10.0),
            max_steps: None,
            kl: None,
            schedule: RateSchedule::Constant,
            lr_warm_up: WarmUp::default(),
            select: Select::Last,
            early_stop: None,
            drop_dead: None,
            start_from: StartFrom::Init,
        },
        sparsity: sparsity(level),
        seed: 0,
        backend: Backend::Flex,
    }
}

/// Metrics of epoch `epoch` of `of` at a sparsity level: the metric falls, and the counts fall to about the authors'
/// final ones.
pub fn epoch(level: &str, epoch: u32, of: u32) -> EpochMetrics {
    let done = (f64::from(epoch) / f64::from(of)).sqrt();
    // Fractions kept at the end: input, recurrent and output weights, vocabulary, units, gates by kind.
    let (w, u, out, vocabulary, units, gates) = match level {
        "dense" => (1.0, 1.0, 1.0, 1.0, 1.0, [1.0; 4]),
        "W" => (0.026, 0.103, 0.116, 0.999, 0.61, [0.13, 0.20, 0.45, 0.35]),
        "W+Voc" => (0.0227, 0.176, 0.155, 0.316, 0.816, [0.30, 0.41, 0.70, 0.59]),
        "W+N" => (0.0249, 0.085, 0.109, 0.999, 0.496, [0.12, 0.19, 0.43, 0.34]),
        _ => (0.0236, 0.060, 0.108, 0.997, 0.457, [0.06, 0.11, 0.36, 0.26]),
    };
    let kept = |share: f64, total: u64| KeptCount {
        kept: (((1.0 - done) * (1.0f64).min(share * 1.6) + done * share) * total as f64).round() as u64,
        total,
    };
    let input = kept(w, VOCABULARY * 4 * HIDDEN);
    let recurrent = kept(u, HIDDEN * 4 * HIDDEN);
    let output = kept(out, HIDDEN * VOCABULARY);
    let all = input.kept + recurrent.kept + output.kept;
    let total = input.total + recurrent.total + output.total;
    let exact = if level.contains("+G") { all - all / 30 } else { all };
    let (start, end) = match level {
        "dense" => (330.0, 132.0),
        "W" => (594.4, 115.0),
        "W+Voc" => (630.0, 126.0),
        "W+N" => (580.0, 116.1),
        _ => (566.0, 122.0),
    };
    let valid = end + (start - end) * (-6.0 * f64::from(epoch - 1) / f64::from(of)).exp();
    EpochMetrics {
        epoch,
        step: u64::from(epoch) * 830,
        train_objective: valid.ln() - if level == "dense" { 0.0 } else { 9.0 * done },
        train_loss: valid.ln(),
        gradient_norm: 0.4,
        valid,
        test: valid * 0.955,
        counts: Counts {
            compression: total as f64 / all as f64,
            compression_exact: total as f64 / exact as f64,
            embedding_weights: None,
            input_weights: input,
            recurrent_weights: recurrent,
            output_weights: output,
            weights_kept_exact: exact,
            vocabulary: kept(vocabulary, VOCABULARY),
            inputs: None,
            neurons: kept(units, HIDDEN),
            gates: ["i", "f", "g", "o"]
                .iter()
                .zip(gates)
                .map(|(kind, share)| {
                    let KeptCount { kept, total } = kept(share, HIDDEN);
                    GateCount { kind: (*kind).into(), flow: *kind == "g", kept, total }
                })
                .collect(),
        },
        trained_share: None,
        collapse: None,
    }
}

/// When epoch `epoch` of a run ended, and how long it took: less from epoch to epoch.
pub fn epoch_time(epoch: u32) -> EpochTime {
    let finished = Timestamp::from_milliseconds(1_796_033_472_345 + 13_500 * u64::from(epoch));
    EpochTime { epoch, finished, seconds: 10.0 + 4.0 / f64::from(epoch) }
}

/// Adds the times of the epochs 1 to `epochs` to the run `key` of the experiment of the other functions.
pub fn store_times(root: &Utf8Path, key: &str, epochs: u32) {
    let line = |epoch| serde_json::to_string(&epoch_time(epoch)).expect("JSON") + "\n";
    let path = RunDir::at(&root.join("runs/made-up").join(key)).times_path();
    fs_err::write(path, (1..=epochs).map(line).collect::<String>()).expect("a writable folder");
}

/// A structure that matches the counts of an epoch; which gates of a unit are live follows a fixed pattern.
pub fn structure(line: &EpochMetrics) -> Structure {
    let neurons: Vec<u32> = (0..line.counts.neurons.kept as u32).map(|n| n * 2).collect();
    let gates = neurons
        .iter()
        .enumerate()
        .map(|(place, unit)| {
            let constant = line
                .counts
                .gates
                .iter()
                .enumerate()
                .map(|(kind, gate)| {
                    // A different permutation per kind, so that many combinations of live gates occur.
                    let at = (place * [7, 5, 1, 3][kind % 4]) % neurons.len();
                    let value = ((place * 37 + kind * 11) % 100) as f64 / 100.0;
                    ((at as u64) >= gate.kept).then_some(if gate.kind == "g" { 2.0 * value - 1.0 } else { value })
                })
                .collect();
            UnitGates { unit: *unit, constant }
        })
        .collect();
    let vocabulary = (0..line.counts.vocabulary.kept as u32).collect();
    Structure {
        format: FORMAT,
        counts: line.counts.clone(),
        neurons,
        vocabulary,
        strengths: Vec::new(),
        inputs: Vec::new(),
        kinds: Vec::new(),
        gates,
        words: Vec::new(),
    }
}

/// Stores a run of `spec` with the given number of epochs under `root`, in a folder named `key`.
pub fn store(root: &Utf8Path, spec: &RunSpec, key: &str, epochs: u32, state: RunState) {
    let lines: Vec<EpochMetrics> =
        (1..=epochs).map(|n| epoch(&spec.sparsity.name, n, spec.train.epochs.max(epochs))).collect();
    let summary = Summary {
        format: FORMAT,
        state,
        epochs,
        metric: Some(EvaluationMetric::Perplexity),
        last: lines.last().cloned(),
        train_seconds: 170.0 * f64::from(epochs),
        error: (state == RunState::Failed).then(|| "loss is not a number at step 12 | tensor output/bias".into()),
        ground_truth: None,
        vectors: None,
        selected: None,
        stopped_early: None,
        baseline: None,
        usage: None,
    };
    let last = lines.last().filter(|_| state == RunState::Done);
    store_files(root, spec, key, &lines, &summary, last.map(structure).as_ref());
}

/// Writes the files of a run's folder, `run.json` included.
pub fn store_files(
    root: &Utf8Path,
    spec: &RunSpec,
    key: &str,
    lines: &[EpochMetrics],
    summary: &Summary,
    structure: Option<&Structure>,
) {
    let folder = store_record(root, spec, key);
    let json = |name: &str, text: String| fs_err::write(folder.join(name), text).expect("a writable folder");
    json("summary.json", serde_json::to_string(summary).expect("JSON"));
    let text: String = lines.iter().map(|line| serde_json::to_string(line).expect("JSON") + "\n").collect();
    json("metrics.jsonl", text);
    if let Some(structure) = structure {
        json("structure.json", serde_json::to_string(structure).expect("JSON"));
    }
}

/// Writes `run.json` of a run, and returns the run's folder.
pub fn store_record(root: &Utf8Path, spec: &RunSpec, key: &str) -> Utf8PathBuf {
    let folder = root.join("runs").join(&spec.experiment).join(key);
    fs_err::create_dir_all(&folder).expect("a writable folder");
    let provenance = [
        ("git", "0123456789abcdef"),
        ("dirty", "false"),
        ("host", "example"),
        ("cpu", "Example CPU, 2 cores"),
        ("version", "0.1.0"),
        ("threads", "2"),
    ];
    let record = RunRecord {
        format: FORMAT,
        key: key.into(),
        key_parts: BTreeMap::new(),
        spec: spec.clone(),
        provenance: provenance.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    };
    let text = serde_json::to_string(&record).expect("JSON");
    fs_err::write(folder.join("run.json"), text).expect("a writable folder");
    folder
}

/// An experiment with the given runs and no claims.
pub fn experiment(root: &Utf8Path, runs: &[RunSpec]) -> Experiment {
    Experiment {
        file: root.join("experiments/made-up.yaml"),
        name: "made-up".into(),
        about: Some("Numbers that were never measured".into()),
        also: Vec::new(),
        source: None,
        dataset: "word-ptb".into(),
        tasks: Vec::new(),
        runs: runs.to_vec(),
        expect: Vec::new(),
    }
}

/// A plan of runs with their keys and statuses.
pub fn plan(entries: Vec<(RunSpec, &str, Status)>) -> Plan {
    let entry = |(spec, key, status): (RunSpec, &str, Status)| PlanEntry {
        starts_from: None,
        dir: RunDir::new(Utf8Path::new(""), key),
        spec,
        key: key.into(),
        key_parts: BTreeMap::new(),
        status,
    };
    Plan { entries: entries.into_iter().map(entry).collect() }
}
