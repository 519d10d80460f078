//! Benchmark results as a table.

use std::fmt::Write as _;

use super::target::BenchTarget;
use crate::cli::args::Global;
use crate::cli::table::TextTable;
use crate::cli::terminal_text::printable;
use sparsegate_report::number;
use sparsegate_store::speed::{Implementation, InputMode, Speed};

/// Description of a mode.
pub fn mode(mode: InputMode) -> &'static str {
    match mode {
        InputMode::Whole => "whole sequences",
        InputMode::Streaming => "symbol by symbol",
    }
}

/// The results of one model as text; `proof` is the line that compares its metric with its run's.
pub fn render(target: &BenchTarget, speed: &Speed, proof: Option<&str>, global: &Global) -> String {
    let model = &target.model;
    let mut text = format!(
        "{}: {} of {} symbols, {} of {} units, {} live preactivations; {} of {} kB\n",
        printable(&target.name),
        model.symbols.stored.len(),
        model.original.symbols,
        model.units(),
        model.original.units,
        model.columns.live.iter().map(Vec::len).sum::<usize>(),
        kilobytes(speed.file_bytes),
        kilobytes(speed.dense_bytes),
    );
    let fewer = match speed.compact.macs {
        macs if macs > 0.0 => format!("{:.1}x fewer", speed.dense.macs / macs),
        _ => "none are left".to_owned(),
    };
    let _ = writeln!(
        text,
        "multiply-adds a token: {:.0} of {:.0} ({fewer}), with {} of {} kB of weights; sequences of {} symbols",
        speed.compact.macs,
        speed.dense.macs,
        kilobytes(speed.compact.bytes() as u64),
        kilobytes(speed.dense.bytes() as u64),
        speed.steps,
    );
    if let Some(bytes) = speed.int8 {
        let theirs = bytes
            .onnxruntime
            .map(|bytes| format!("; the dense network in ONNX Runtime: {} kB", kilobytes(bytes)))
            .unwrap_or_default();
        let _ = writeln!(text, "with 8-bit weights: {} kB{theirs}", kilobytes(bytes.compact));
    }
    text += proof.unwrap_or_default();
    let mut table = TextTable::new().words("").numbers("batch").numbers("threads").words("what");
    for head in ["us a token", "95 %", "fastest", "tokens a second", "times compact"] {
        table = table.numbers(head);
    }
    for timing in &speed.timings {
        let time = timing.microseconds;
        let compact = speed.time(Implementation::Compact, timing.mode, timing.batch, timing.threads);
        table.row([
            mode(timing.mode).to_owned(),
            timing.batch.to_string(),
            timing.threads.to_string(),
            timing.implementation.title().to_owned(),
            number::time(time.median),
            format!("{}-{}", number::time(time.low), number::time(time.high)),
            time.fastest.map(number::time).unwrap_or_default(),
            format!("{:.0}", 1e6 / time.median),
            compact.map_or_else(String::new, |compact| format!("{:.1}", time.over(&compact))),
        ]);
    }
    text += &table.render(global.color_stdout(), Global::width_stdout());
    for (implementation, why) in &speed.missing {
        let _ = writeln!(text, "not timed: {implementation}: {why}");
    }
    text
}

fn kilobytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e3)
}
