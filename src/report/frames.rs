//! The report's tables as polars frames, and their CSV and Parquet bytes.

use polars::prelude::*;

use crate::store::format::{EpochMetrics, Kept};

use super::metric::{gates_kept, gates_total, weights_kept, weights_total};
use super::rows::{Row, State};

/// A layer's name and its counted weights.
type Layer = (&'static str, fn(&EpochMetrics) -> Kept);

/// One row a run. The first 22 columns are a promise (`docs/report.md`); what is not known is null.
///
/// # Errors
/// polars cannot build the frame (columns of different length: a mistake in this function).
pub fn results(experiment: &str, rows: &[Row]) -> PolarsResult<DataFrame> {
    let text = |name: &str, of: &dyn Fn(&Row) -> Option<String>| {
        Column::new(name.into(), rows.iter().map(of).collect::<Vec<Option<String>>>())
    };
    let number = |name: &str, of: &dyn Fn(&EpochMetrics) -> f64| {
        Column::new(name.into(), rows.iter().map(|row| row.last().map(of)).collect::<Vec<Option<f64>>>())
    };
    let count = |name: &str, of: &dyn Fn(&EpochMetrics) -> u64| {
        Column::new(name.into(), rows.iter().map(|row| row.last().map(of)).collect::<Vec<Option<u64>>>())
    };
    let nothing = |name: &str| Column::new(name.into(), vec![None::<u64>; rows.len()]);
    let seconds: Vec<Option<f64>> =
        rows.iter().map(|row| row.summary.as_ref().map(|summary| summary.train_seconds)).collect();

    let mut columns = vec![
        text("experiment", &|_| Some(experiment.to_owned())),
        text("run", &|row| Some(row.run.clone())),
        text("dataset", &|row| Some(row.spec.dataset.clone())),
        text("cell", &|row| variant(&row.spec.model.cell)),
        text("sparsity", &|row| Some(row.level().to_owned())),
        Column::new("seed".into(), rows.iter().map(|row| row.spec.seed).collect::<Vec<u64>>()),
        text("backend", &|row| variant(&row.spec.backend)),
        text("state", &|row| Some(row.state.name().to_owned())),
        Column::new("epochs".into(), rows.iter().map(shown_epochs).collect::<Vec<Option<u32>>>()),
        text("metric", &|row| row.metric.clone()),
        number("valid", &|line| line.valid),
        number("test", &|line| line.test),
        number("compression", &|line| line.counts.compression),
        count("weights_kept", &weights_kept),
        count("weights_total", &weights_total),
        count("vocabulary_kept", &|line| line.counts.vocabulary.kept),
        // Dimensions of an embedding; these networks read the vocabulary itself.
        nothing("inputs_kept"),
        count("neurons_kept", &|line| line.counts.neurons.kept),
        count("neurons_total", &|line| line.counts.neurons.total),
        count("gates_kept", &gates_kept),
        count("gates_total", &gates_total),
        Column::new("train_seconds".into(), seconds),
        // Others, after the promised ones.
        Column::new("planned_epochs".into(), rows.iter().map(|row| row.planned_epochs).collect::<Vec<u32>>()),
        count("steps", &|line| line.step),
        number("train_objective", &|line| line.train_objective),
        number("train_loss", &|line| line.train_loss),
        number("gradient_norm", &|line| line.gradient_norm),
        number("compression_exact", &|line| line.counts.compression_exact),
        count("weights_kept_exact", &|line| line.counts.weights_kept_exact),
        count("vocabulary_total", &|line| line.counts.vocabulary.total),
    ];
    let layers: [Layer; 3] = [
        ("input_weights", |line| line.counts.input_weights),
        ("recurrent_weights", |line| line.counts.recurrent_weights),
        ("output_weights", |line| line.counts.output_weights),
    ];
    for (layer, of) in layers {
        columns.push(count(&format!("{layer}_kept"), &|line| of(line).kept));
        columns.push(count(&format!("{layer}_total"), &|line| of(line).total));
    }
    for kind in gate_kinds(rows) {
        let kept = |row: &Row| {
            row.last().and_then(|line| line.counts.gates.iter().find(|gate| gate.kind == kind)).map(|gate| gate.kept)
        };
        columns.push(Column::new(
            format!("gates_kept_{kind}").as_str().into(),
            rows.iter().map(kept).collect::<Vec<Option<u64>>>(),
        ));
    }
    let error = |row: &Row| row.summary.as_ref().and_then(|summary| summary.error.clone());
    columns.push(text("error", &error));
    DataFrame::new_infer_height(columns)
}

/// Gate kinds in the report's columns: an LSTM's four, then any others in order of appearance.
pub fn gate_kinds(rows: &[Row]) -> Vec<String> {
    let mut kinds: Vec<String> = ["i", "f", "g", "o"].map(String::from).to_vec();
    for gate in rows.iter().filter_map(Row::last).flat_map(|line| &line.counts.gates) {
        if !kinds.contains(&gate.kind) {
            kinds.push(gate.kind.clone());
        }
    }
    kinds
}

fn shown_epochs(row: &Row) -> Option<u32> {
    (!matches!(row.state, State::Missing | State::Damaged)).then(|| row.epochs())
}

/// A unit variant as it is spelt in YAML.
pub fn variant<T: serde::Serialize>(value: &T) -> Option<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => Some(text),
        _ => None,
    }
}

/// One row an epoch of every run that finished one, in the order of the results.
///
/// # Errors
/// polars cannot build the frame (columns of different length: a mistake in this function).
pub fn curves(rows: &[Row]) -> PolarsResult<DataFrame> {
    let lines: Vec<(&Row, &EpochMetrics)> =
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
        number("compression", &|line| line.counts.compression),
        count("gates_kept", &gates_kept),
        count("neurons_kept", &|line| line.counts.neurons.kept),
    ])
}

/// A frame as CSV with a header; null is an empty cell.
///
/// # Errors
/// polars cannot write the frame.
pub fn csv(frame: &mut DataFrame) -> PolarsResult<Vec<u8>> {
    let mut bytes = Vec::new();
    CsvWriter::new(&mut bytes).include_header(true).finish(frame)?;
    Ok(bytes)
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
