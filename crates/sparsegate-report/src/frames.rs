//! The report's data as polars frames, and their encoding as CSV and Parquet.

use polars::prelude::*;

use sparsegate_spec::VaryingKeys;
use sparsegate_store::format::{EpochMetrics, GroundTruthCounts, KeptCount, ResourceUsage, Structure};
use sparsegate_store::speed::{Int8Bytes, Timing};

use super::class_scores::macro_f1;
use super::drift::BackendDrift;
use super::gate_kinds::{self, GateKind};
use super::metric::{gates_kept, gates_total, weights_kept, weights_total};
use super::rows::{RowState, RunRow};
use super::speedup::RunSpeed;
use super::swept;
use super::tables::{precision, recall};

/// A layer's name and its weight counts.
type LayerCounts = (&'static str, fn(&EpochMetrics) -> KeptCount);

/// One row per run. The first 22 columns are stable (`docs/report.md`); unknown values are null. The columns of the
/// swept keys come last.
///
/// # Errors
/// polars cannot build the frame, because columns differ in length (a bug in this function).
pub fn results(experiment: &str, rows: &[RunRow], varying: &VaryingKeys) -> PolarsResult<DataFrame> {
    let text = |name: &str, of: &dyn Fn(&RunRow) -> Option<String>| {
        Column::new(name.into(), rows.iter().map(of).collect::<Vec<Option<String>>>())
    };
    let number = |name: &str, of: &dyn Fn(&EpochMetrics) -> f64| {
        Column::new(name.into(), rows.iter().map(|row| row.last().map(of)).collect::<Vec<Option<f64>>>())
    };
    let ratio = |name: &str, of: &dyn Fn(&EpochMetrics) -> Option<f64>| {
        Column::new(name.into(), rows.iter().map(|row| row.last().and_then(of)).collect::<Vec<Option<f64>>>())
    };
    let count = |name: &str, of: &dyn Fn(&EpochMetrics) -> u64| {
        Column::new(name.into(), rows.iter().map(|row| row.last().map(of)).collect::<Vec<Option<u64>>>())
    };
    let optional = |name: &str, of: &dyn Fn(&EpochMetrics) -> Option<u64>| {
        Column::new(name.into(), rows.iter().map(|row| row.last().and_then(of)).collect::<Vec<Option<u64>>>())
    };
    let seconds: Vec<Option<f64>> =
        rows.iter().map(|row| row.summary.as_deref().map(|summary| summary.train_seconds)).collect();

    let mut columns = vec![
        text("experiment", &|_| Some(experiment.to_owned())),
        text("run", &|row| Some(row.run.clone())),
        text("dataset", &|row| Some(row.spec.dataset.clone())),
        text("cell", &|row| variant_name(&row.spec.model.cell)),
        text("sparsity", &|row| Some(row.level().to_owned())),
        Column::new("seed".into(), rows.iter().map(|row| row.spec.seed).collect::<Vec<u64>>()),
        text("backend", &|row| variant_name(&row.spec.backend)),
        text("state", &|row| Some(row.state.name().to_owned())),
        Column::new("epochs".into(), rows.iter().map(shown_epochs).collect::<Vec<Option<u32>>>()),
        text("metric", &|row| row.metric.map(|metric| metric.name().to_owned())),
        number("valid", &|line| line.valid),
        number("test", &|line| line.test),
        ratio("compression", &|line| line.counts.compression_ratio()),
        count("weights_kept", &weights_kept),
        count("weights_total", &weights_total),
        count("vocabulary_kept", &|line| line.counts.vocabulary.kept),
        // Embedding dimensions; null for a network without an embedding.
        optional("inputs_kept", &|line| line.counts.inputs.map(|inputs| inputs.kept)),
        count("neurons_kept", &|line| line.counts.neurons.kept),
        count("neurons_total", &|line| line.counts.neurons.total),
        count("gates_kept", &gates_kept),
        count("gates_total", &gates_total),
        Column::new("train_seconds".into(), seconds),
        // Further columns, after the stable ones.
        Column::new("planned_epochs".into(), rows.iter().map(|row| row.planned_epochs).collect::<Vec<u32>>()),
        count("steps", &|line| line.step),
        number("train_objective", &|line| line.train_objective),
        number("train_loss", &|line| line.train_loss),
        number("gradient_norm", &|line| line.gradient_norm),
        ratio("compression_exact", &|line| line.counts.exact_compression_ratio()),
        count("weights_kept_exact", &|line| line.counts.weights_kept_exact),
        count("vocabulary_total", &|line| line.counts.vocabulary.total),
    ];
    let layers: [LayerCounts; 3] = [
        ("input_weights", |line| line.counts.input_weights),
        ("recurrent_weights", |line| line.counts.recurrent_weights),
        ("output_weights", |line| line.counts.output_weights),
    ];
    for (layer, of) in layers {
        columns.push(count(&format!("{layer}_kept"), &|line| of(line).kept));
        columns.push(count(&format!("{layer}_total"), &|line| of(line).total));
    }
    let of_kind = |kind: &str| {
        optional(&format!("gates_kept_{kind}"), &|line| {
            line.counts.gates.iter().find(|gate| gate.kind == kind).map(|gate| gate.kept)
        })
    };
    columns.extend(LSTM_KINDS.map(of_kind));
    let error = |row: &RunRow| row.summary.as_deref().and_then(|summary| summary.error.clone());
    columns.push(text("error", &error));
    // Newer columns are appended, so that the positions of the older ones do not change.
    let embedding = |of: fn(KeptCount) -> u64| move |line: &EpochMetrics| line.counts.embedding_weights.map(of);
    columns.extend([
        optional("inputs_total", &|line| line.counts.inputs.map(|inputs| inputs.total)),
        optional("embedding_weights_kept", &embedding(|weights| weights.kept)),
        optional("embedding_weights_total", &embedding(|weights| weights.total)),
    ]);
    let facts = |row: &RunRow| row.summary.as_deref().and_then(|summary| summary.ground_truth.clone());
    let ground_truth = |name: &str, of: fn(&GroundTruthCounts) -> Option<f64>| {
        let values = rows.iter().map(|row| facts(row).and_then(|facts| of(&facts)));
        Column::new(name.into(), values.collect::<Vec<Option<f64>>>())
    };
    columns.extend([ground_truth("planted_precision", precision), ground_truth("planted_recall", recall)]);
    columns.extend(other_kinds(rows).iter().map(|kind| of_kind(kind)));
    let of_run = |name: &str, of: &dyn Fn(&RunRow) -> Option<f64>| {
        Column::new(name.into(), rows.iter().map(of).collect::<Vec<Option<f64>>>())
    };
    columns.extend([
        Column::new(
            "best_epoch".into(),
            rows.iter().map(|row| row.best().map(|line| line.epoch)).collect::<Vec<Option<u32>>>(),
        ),
        of_run("valid_best", &|row| row.best().map(|line| line.valid)),
        of_run("test_best", &|row| row.best().map(|line| line.test)),
        text("collapse", &|row| row.collapsed().map(|collapse| collapse.name().to_owned())),
        text("baseline", &|row| row.baseline().map(|baseline| baseline.predictor.to_string())),
        of_run("baseline_valid", &|row| row.baseline().map(|baseline| baseline.valid)),
        of_run("baseline_test", &|row| row.baseline().map(|baseline| baseline.test)),
    ]);
    if rows.iter().any(|row| row.classes.is_some()) {
        columns.push(of_run("macro_f1", &|row| row.classes.as_deref().and_then(macro_f1)));
    }
    columns.extend(usage_columns(rows));
    columns.extend(swept::columns(rows, varying));
    DataFrame::new_infer_height(columns)
}

/// What the last process of each run used, and the shares of what its Slurm job was given; those of which a run knows
/// something.
fn usage_columns(rows: &[RunRow]) -> Vec<Column> {
    type Quantity = (&'static str, fn(&ResourceUsage) -> Option<f64>);
    let quantities: [Quantity; 9] = [
        ("peak_memory_bytes", |usage| usage.peak_memory.map(|bytes| bytes as f64)),
        ("cpu_seconds", |usage| usage.cpu_seconds),
        ("energy_joules", |usage| usage.energy_joules),
        ("cpus_given", |usage| usage.allocation?.cpus.map(|cpus| cpus as f64)),
        ("memory_given_bytes", |usage| usage.allocation?.memory.map(|bytes| bytes as f64)),
        ("seconds_given", |usage| usage.allocation?.seconds),
        ("cpu_efficiency", ResourceUsage::cpu_efficiency),
        ("memory_efficiency", ResourceUsage::memory_efficiency),
        ("time_efficiency", ResourceUsage::time_efficiency),
    ];
    let usage = |row: &RunRow| row.summary.as_deref().and_then(|summary| summary.usage);
    let column = |(name, of): Quantity| {
        let values: Vec<Option<f64>> = rows.iter().map(|row| of(&usage(row)?)).collect();
        values.iter().any(Option::is_some).then(|| Column::new(name.into(), values))
    };
    quantities.into_iter().filter_map(column).collect()
}

/// Kinds of gates that have columns for every cell.
const LSTM_KINDS: [&str; 4] = ["i", "f", "g", "o"];

/// Further kinds of gates, in order of appearance.
fn other_kinds(rows: &[RunRow]) -> Vec<String> {
    let mut others: Vec<String> = Vec::new();
    for kind in gate_kinds::union(rows) {
        if !LSTM_KINDS.contains(&kind.name.as_str()) && !others.contains(&kind.name) {
            others.push(kind.name);
        }
    }
    others
}

/// One row per gate of each kept unit, for all runs with a stored structure; `value` is null for a live gate.
///
/// # Errors
/// polars cannot build the frame, because columns differ in length (a bug in this function).
pub fn gates(rows: &[RunRow]) -> PolarsResult<DataFrame> {
    let stored: Vec<(&str, Vec<GateKind>, &Structure)> = rows
        .iter()
        .filter_map(|row| Some((row.run.as_str(), gate_kinds::of(row), row.structure.as_deref()?)))
        .collect();
    let (mut run, mut unit, mut name, mut role, mut value) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (key, kinds, structure) in &stored {
        for gates in &structure.gates {
            for (kind, constant) in kinds.iter().zip(&gates.constant) {
                run.push(*key);
                unit.push(gates.unit);
                name.push(kind.name.as_str());
                role.push(kind.role());
                value.push(*constant);
            }
        }
    }
    let live: Vec<bool> = value.iter().map(Option::is_none).collect();
    DataFrame::new_infer_height(vec![
        Column::new("run".into(), run),
        Column::new("unit".into(), unit),
        Column::new("kind".into(), name),
        Column::new("role".into(), role),
        Column::new("live".into(), live),
        Column::new("value".into(), value),
    ])
}

fn shown_epochs(row: &RunRow) -> Option<u32> {
    (!matches!(row.state, RowState::Missing | RowState::Damaged)).then(|| row.epochs())
}

/// The name of a unit variant as written in YAML; `None` for other values.
pub fn variant_name<T: serde::Serialize>(value: &T) -> Option<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => Some(text),
        _ => None,
    }
}

/// One row per finished epoch of each run, in the order of the results.
///
/// # Errors
/// polars cannot build the frame, because columns differ in length (a bug in this function).
pub fn curves(rows: &[RunRow]) -> PolarsResult<DataFrame> {
    let lines: Vec<(&RunRow, &EpochMetrics)> =
        rows.iter().flat_map(|row| row.metrics.iter().map(move |line| (row, line))).collect();
    let number = |name: &str, of: &dyn Fn(&EpochMetrics) -> f64| {
        Column::new(name.into(), lines.iter().map(|(_, line)| of(line)).collect::<Vec<f64>>())
    };
    let count = |name: &str, of: &dyn Fn(&EpochMetrics) -> u64| {
        Column::new(name.into(), lines.iter().map(|(_, line)| of(line)).collect::<Vec<u64>>())
    };
    DataFrame::new_infer_height(vec![
        Column::new("run".into(), lines.iter().map(|(row, _)| row.run.as_str()).collect::<Vec<&str>>()),
        Column::new("epoch".into(), lines.iter().map(|(_, line)| line.epoch).collect::<Vec<u32>>()),
        number("train_objective", &|line| line.train_objective),
        number("valid", &|line| line.valid),
        number("test", &|line| line.test),
        Column::new(
            "compression".into(),
            lines.iter().map(|(_, line)| line.counts.compression_ratio()).collect::<Vec<Option<f64>>>(),
        ),
        count("gates_kept", &gates_kept),
        count("neurons_kept", &|line| line.counts.neurons.kept),
        Column::new(
            "trained_share".into(),
            lines.iter().map(|(_, line)| line.trained_share).collect::<Vec<Option<f64>>>(),
        ),
    ])
}

/// One row per run of each point that was trained on several backends. Drifts are null for the reference.
///
/// # Errors
/// polars cannot build the frame, because columns differ in length (a bug in this function).
pub fn backends<'a>(drifts: &[BackendDrift<'a>]) -> PolarsResult<DataFrame> {
    let text = |name: &str, of: &dyn Fn(&BackendDrift<'a>) -> String| {
        Column::new(name.into(), drifts.iter().map(of).collect::<Vec<String>>())
    };
    let number = |name: &str, of: &dyn Fn(&BackendDrift<'a>) -> Option<f64>| {
        let values = drifts.iter().map(|drift| if drift.is_reference() { None } else { of(drift) });
        Column::new(name.into(), values.collect::<Vec<Option<f64>>>())
    };
    let count = |name: &str, of: &dyn Fn(&BackendDrift<'a>) -> Option<u64>| {
        Column::new(name.into(), drifts.iter().map(of).collect::<Vec<Option<u64>>>())
    };
    let within: Vec<Option<bool>> =
        drifts.iter().map(|drift| if drift.is_reference() { None } else { drift.within_tolerance() }).collect();
    DataFrame::new_infer_height(vec![
        text("point", &|drift| drift.point.clone()),
        text("run", &|drift| drift.row.run.clone()),
        text("backend", &BackendDrift::backend),
        text("reference", &|drift| drift.reference.run.clone()),
        count("epochs", &|drift| Some(drift.epochs.len() as u64)),
        number("objective_first_epoch", &|drift| drift.objective().first().map(|(_, drift)| *drift)),
        number("objective", &BackendDrift::largest_objective),
        number("loss", &BackendDrift::largest_loss),
        number("gradient_norm", &BackendDrift::largest_gradient_norm),
        number("valid", &BackendDrift::valid),
        number("test", &BackendDrift::test),
        count("weights_kept", &|drift| drift.weights().map(|(ours, _)| ours)),
        count("weights_kept_reference", &|drift| drift.weights().map(|(_, theirs)| theirs)),
        count("gates_kept", &|drift| drift.gates().map(|(ours, _)| ours)),
        count("gates_kept_reference", &|drift| drift.gates().map(|(_, theirs)| theirs)),
        Column::new(
            "epoch_seconds".into(),
            drifts.iter().map(BackendDrift::epoch_seconds).collect::<Vec<Option<f64>>>(),
        ),
        Column::new("within".into(), within),
    ])
}

/// One row per timing of each run whose compact model was timed.
///
/// # Errors
/// polars cannot build the frame, because columns differ in length (a bug in this function).
pub fn speed(found: &[RunSpeed<'_>]) -> PolarsResult<DataFrame> {
    let all: Vec<(&RunSpeed<'_>, &Timing)> =
        found.iter().flat_map(|run| run.speed.timings.iter().map(move |timing| (run, timing))).collect();
    let text = |name: &str, of: &dyn Fn(&RunSpeed<'_>, &Timing) -> Option<String>| {
        Column::new(name.into(), all.iter().map(|(run, timing)| of(run, timing)).collect::<Vec<Option<String>>>())
    };
    let number = |name: &str, of: &dyn Fn(&RunSpeed<'_>, &Timing) -> f64| {
        Column::new(name.into(), all.iter().map(|(run, timing)| of(run, timing)).collect::<Vec<f64>>())
    };
    let count = |name: &str, of: &dyn Fn(&RunSpeed<'_>, &Timing) -> u64| {
        Column::new(name.into(), all.iter().map(|(run, timing)| of(run, timing)).collect::<Vec<u64>>())
    };
    let int8 = |name: &str, of: &dyn Fn(Int8Bytes) -> Option<u64>| {
        let bytes = all.iter().map(|(run, _)| run.speed.int8.and_then(of));
        Column::new(name.into(), bytes.collect::<Vec<Option<u64>>>())
    };
    DataFrame::new_infer_height(vec![
        text("run", &|run, _| Some(run.row.run.clone())),
        text("what", &|_, timing| variant_name(&timing.implementation)),
        text("mode", &|_, timing| variant_name(&timing.mode)),
        count("batch", &|_, timing| timing.batch as u64),
        count("threads", &|_, timing| timing.threads as u64),
        number("microseconds", &|_, timing| timing.microseconds.median),
        number("low", &|_, timing| timing.microseconds.low),
        number("high", &|_, timing| timing.microseconds.high),
        count("samples", &|_, timing| timing.microseconds.samples as u64),
        number("macs_compact", &|run, _| run.speed.compact.macs),
        number("macs_dense", &|run, _| run.speed.dense.macs),
        count("file_bytes", &|run, _| run.speed.file_bytes),
        count("dense_bytes", &|run, _| run.speed.dense_bytes),
        Column::new(
            "fastest".into(),
            all.iter().map(|(_, timing)| timing.microseconds.fastest).collect::<Vec<Option<f64>>>(),
        ),
        int8("int8_file_bytes", &|bytes| Some(bytes.compact)),
        int8("int8_dense_bytes", &|bytes| bytes.onnxruntime),
    ])
}

/// A frame as CSV with a header; null is an empty cell.
///
/// # Errors
/// polars cannot write the frame.
pub fn csv(frame: &mut DataFrame) -> PolarsResult<Vec<u8>> {
    let mut bytes = Vec::new();
    CsvWriter::new(&mut bytes).include_header(true).finish(&mut without_formulas(frame)?)?;
    Ok(bytes)
}

/// The frame with an apostrophe before each text that a spreadsheet would evaluate as a formula. Numbers written as
/// text stay as they are.
fn without_formulas(frame: &DataFrame) -> PolarsResult<DataFrame> {
    let is_formula = |text: &str| {
        text.len() > 1 && text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err()
    };
    let defused = |text: &str| if is_formula(text) { format!("'{text}") } else { text.to_owned() };
    let columns = frame.columns().iter().map(|column| match column.str() {
        Ok(texts) => {
            let texts: Vec<Option<String>> = texts.iter().map(|text| text.map(defused)).collect();
            Column::new(column.name().clone(), texts)
        }
        Err(_) => column.clone(),
    });
    DataFrame::new_infer_height(columns.collect())
}

/// A frame as a Parquet file.
///
/// # Errors
/// polars cannot write the frame.
pub fn parquet(frame: &mut DataFrame) -> PolarsResult<Vec<u8>> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).with_compression(ParquetCompression::Uncompressed).finish(frame)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_reads_text_as_text() {
        let texts = ["=1+1", "@SUM(A1)", "+x", "-cmd", "-0.5", "-", "W+N", "a=b"].map(|text| Some(text.to_owned()));
        let texts: Vec<Option<String>> = texts.into_iter().chain([None]).collect();
        let numbers: Vec<f64> = vec![-1.0; texts.len()];
        let columns = vec![Column::new("level".into(), texts), Column::new("value".into(), numbers)];
        let mut frame = DataFrame::new_infer_height(columns).unwrap();
        let text = String::from_utf8(csv(&mut frame).unwrap()).unwrap();
        let lines: Vec<&str> = text.lines().map(|line| line.trim_end_matches(",-1.0")).collect();
        assert_eq!(lines, ["level,value", "'=1+1", "'@SUM(A1)", "'+x", "'-cmd", "-0.5", "-", "W+N", "a=b", ""]);
        assert_eq!(frame.column("level").unwrap().str().unwrap().get(0), Some("=1+1"), "the frame stays as it is");
    }
}
