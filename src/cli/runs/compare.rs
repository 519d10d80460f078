//! `runs compare`: what differs between two runs.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::cli::args::{Global, OutputFormat};
use crate::cli::output;
use crate::cli::table::TextTable;
use crate::cli::{CliError, Exit};
use sparsegate_spec::varying;
use sparsegate_store::format::{EpochMetrics, RunRecord, Structure};
use sparsegate_store::{RunDir, find_run};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The first run: its key or a prefix of it, its folder, or EXPERIMENT:KEY=VALUE,... if that matches one run
    #[arg(value_name = "A")]
    a: String,
    /// The second run
    #[arg(value_name = "B")]
    b: String,
    /// Epochs shown of the curves, at most; JSON has all
    #[arg(long, value_name = "N", default_value_t = 20)]
    epochs: usize,
    /// Words and units listed of the structure, at most; JSON has all
    #[arg(long, value_name = "N", default_value_t = 20)]
    listed: usize,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

/// A verified run in memory.
struct ComparedRun {
    record: RunRecord,
    /// The epoch whose model is stored, or the last one.
    shown: Option<EpochMetrics>,
    metrics: Vec<EpochMetrics>,
    structure: Option<Structure>,
}

/// A value of both runs.
#[derive(Debug, PartialEq, Serialize)]
struct Pair<T> {
    name: String,
    a: Option<T>,
    b: Option<T>,
}

/// An epoch of both curves.
#[derive(Serialize)]
struct CurvePoint {
    epoch: u32,
    valid: [Option<f64>; 2],
    test: [Option<f64>; 2],
    compression: [Option<f64>; 2],
}

/// What one run keeps and the other does not.
#[derive(Debug, PartialEq, Serialize)]
struct KeptDifference {
    /// `words`, `symbols`, `units`, or `live gates` (each as its kind and unit).
    of: &'static str,
    both: usize,
    only_a: Vec<String>,
    only_b: Vec<String>,
}

#[derive(Serialize)]
struct RunComparison {
    a: String,
    b: String,
    settings: Vec<Pair<Value>>,
    numbers: Vec<Pair<f64>>,
    curves: Vec<CurvePoint>,
    /// Empty unless both runs are finished.
    structure: Vec<KeptDifference>,
}

/// Prints settings that differ, numbers, both curves, and what of the structure only one of the runs keeps.
///
/// # Errors
/// No such run, or several (2); a damaged file (4).
pub fn execute(global: &Global, args: &CompareArgs) -> Result<ExitCode, CliError> {
    let find = |text: &str| find_run(&global.root, text).map_err(sparsegate_compact::FindModelError::from);
    let (a, b) = (find(&args.a)?, find(&args.b)?);
    let compared = compare(&read(&a)?, &read(&b)?);
    let text = match args.format {
        OutputFormat::Json => output::json(&compared)?,
        OutputFormat::Table => tables(global, args, &compared),
    };
    output::print(&text)?;
    Ok(Exit::Done.into())
}

fn read(dir: &RunDir) -> Result<ComparedRun, CliError> {
    dir.verify()?;
    let missing = || CliError::usage(format!("the run {} was never started", dir.key()));
    let record = dir.record()?.ok_or_else(missing)?;
    let metrics = dir.metrics()?;
    let shown = dir.summary()?.and_then(|summary| summary.last).or_else(|| metrics.last().cloned());
    Ok(ComparedRun { record, shown, metrics, structure: dir.structure()? })
}

fn compare(a: &ComparedRun, b: &ComparedRun) -> RunComparison {
    let structure = a.structure.as_ref().zip(b.structure.as_ref());
    RunComparison {
        a: a.record.key.clone(),
        b: b.record.key.clone(),
        settings: settings(&a.record, &b.record),
        numbers: numbers(a.shown.as_ref(), b.shown.as_ref()),
        curves: curves(&a.metrics, &b.metrics),
        structure: structure.map(|(a, b)| kept(a, b)).unwrap_or_default(),
    }
}

/// The settings that differ.
fn settings(a: &RunRecord, b: &RunRecord) -> Vec<Pair<Value>> {
    let (a, b) = (varying::settings(&a.spec), varying::settings(&b.spec));
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let pair = |name: &String| Pair { name: name.clone(), a: a.get(name).cloned(), b: b.get(name).cloned() };
    let is_set = |value: &Option<Value>| value.clone().filter(|value| !value.is_null());
    names.into_iter().map(pair).filter(|pair| is_set(&pair.a) != is_set(&pair.b)).collect()
}

/// The numbers of the epochs whose models are stored.
fn numbers(a: Option<&EpochMetrics>, b: Option<&EpochMetrics>) -> Vec<Pair<f64>> {
    let pair = |name: &str, get: &dyn Fn(&EpochMetrics) -> Option<f64>| Pair {
        name: name.to_owned(),
        a: a.and_then(get),
        b: b.and_then(get),
    };
    vec![
        pair("epoch", &|line| Some(f64::from(line.epoch))),
        pair("valid", &|line| Some(line.valid)),
        pair("test", &|line| Some(line.test)),
        pair("train objective", &|line| Some(line.train_objective)),
        pair("compression", &|line| line.counts.compression_ratio()),
        pair("vocabulary kept", &|line| Some(line.counts.vocabulary.kept as f64)),
        pair("neurons kept", &|line| Some(line.counts.neurons.kept as f64)),
        pair("gates kept", &|line| Some(line.counts.gates.iter().map(|gate| gate.kept).sum::<u64>() as f64)),
    ]
}

fn curves(a: &[EpochMetrics], b: &[EpochMetrics]) -> Vec<CurvePoint> {
    let point = |at: usize| {
        let lines = [a.get(at), b.get(at)];
        CurvePoint {
            epoch: u32::try_from(at + 1).unwrap_or(u32::MAX),
            valid: lines.map(|line| line.map(|line| line.valid)),
            test: lines.map(|line| line.map(|line| line.test)),
            compression: lines.map(|line| line.and_then(|line| line.counts.compression_ratio())),
        }
    };
    (0..a.len().max(b.len())).map(point).collect()
}

/// What only one of the structures keeps.
fn kept(a: &Structure, b: &Structure) -> Vec<KeptDifference> {
    let difference = |of, names: &dyn Fn(&Structure) -> Vec<String>| {
        let (of_a, of_b) = (names(a), names(b));
        let (in_a, in_b): (BTreeSet<&String>, BTreeSet<&String>) = (of_a.iter().collect(), of_b.iter().collect());
        KeptDifference {
            of,
            both: in_a.intersection(&in_b).count(),
            // In the order of the file: by index.
            only_a: of_a.iter().filter(|name| !in_b.contains(name)).cloned().collect(),
            only_b: of_b.iter().filter(|name| !in_a.contains(name)).cloned().collect(),
        }
    };
    let numbers = |all: &[u32]| all.iter().map(u32::to_string).collect::<Vec<_>>();
    // A network that keeps no symbol has no words either.
    let names_all = |structure: &Structure| structure.words.len() == structure.vocabulary.len();
    let have_words = names_all(a) && names_all(b) && !(a.words.is_empty() && b.words.is_empty());
    let symbols = if have_words {
        difference("words", &|structure| structure.words.clone())
    } else {
        difference("symbols", &|structure| numbers(&structure.vocabulary))
    };
    vec![symbols, difference("units", &|structure| numbers(&structure.neurons)), difference("live gates", &live_gates)]
}

/// The gates that are not constants, such as `f of unit 3`.
fn live_gates(structure: &Structure) -> Vec<String> {
    let kind = |at: usize| {
        let stored = structure.kinds.get(at).map(|kind| kind.name.clone());
        stored.or_else(|| structure.counts.gates.get(at).map(|gate| gate.kind.clone())).unwrap_or_default()
    };
    let of_unit = |unit: &sparsegate_store::format::UnitGates| {
        let live = unit.constant.iter().enumerate().filter(|(_, constant)| constant.is_none());
        live.map(|(at, _)| format!("{} of unit {}", kind(at), unit.unit)).collect::<Vec<_>>()
    };
    structure.gates.iter().flat_map(of_unit).collect()
}

fn tables(global: &Global, args: &CompareArgs, compared: &RunComparison) -> String {
    let number = |value: &Option<f64>| value.map(|value| format!("{value:.4}")).unwrap_or_default();
    let mut text = format!("a: {}\nb: {}\n\n", compared.a, compared.b);
    let mut add = |table: &TextTable| {
        text.push_str(&table.render(global.color_stdout(), Global::width_stdout()));
        text.push('\n');
    };
    let mut settings = TextTable::new().words("setting").words("a").words("b");
    for Pair { name, a, b } in &compared.settings {
        let value = |value: &Option<Value>| match value {
            None | Some(Value::Null) => "none".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        settings.row([name.clone(), value(a), value(b)]);
    }
    add(&settings);
    let mut numbers = TextTable::new().words("number").numbers("a").numbers("b").numbers("b - a");
    for Pair { name, a, b } in &compared.numbers {
        let difference = a.zip(*b).map(|(a, b)| b - a);
        numbers.row([name.clone(), number(a), number(b), number(&difference)]);
    }
    add(&numbers);
    let heads = ["epoch", "valid a", "valid b", "test a", "test b", "compression a", "compression b"];
    let mut curves = heads.into_iter().fold(TextTable::new(), TextTable::numbers);
    for point in sampled(&compared.curves, args.epochs) {
        let [valid, test, compression] = [&point.valid, &point.test, &point.compression];
        let cells = valid.iter().chain(test).chain(compression).map(number);
        curves.row(std::iter::once(point.epoch.to_string()).chain(cells));
    }
    add(&curves);
    if compared.structure.is_empty() {
        return text.trim_end().to_owned() + "\n";
    }
    let mut kept = TextTable::new().words("kept").numbers("by both").numbers("only a").numbers("only b").words("which");
    for KeptDifference { of, both, only_a, only_b } in &compared.structure {
        let first = |names: &[String]| {
            let more = if names.len() > args.listed { ", ..." } else { "" };
            names[..names.len().min(args.listed)].join(", ") + more
        };
        let which = format!("a: {}; b: {}", first(only_a), first(only_b));
        let count = |names: &[String]| names.len().to_string();
        kept.row([(*of).to_owned(), both.to_string(), count(only_a), count(only_b), which]);
    }
    add(&kept);
    text.trim_end().to_owned() + "\n"
}

/// At most `most` of the epochs, evenly, with the last one.
fn sampled(curves: &[CurvePoint], most: usize) -> Vec<&CurvePoint> {
    let step = curves.len().div_ceil(most.max(1)).max(1);
    let last = curves.len().saturating_sub(1);
    curves.iter().enumerate().filter(|(at, _)| (last - at).is_multiple_of(step)).map(|(_, point)| point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_sampled_evenly_up_to_the_last() {
        let none = [None, None];
        let curve = |epochs: u32| -> Vec<CurvePoint> {
            (1..=epochs).map(|epoch| CurvePoint { epoch, valid: none, test: none, compression: none }).collect()
        };
        let shown = |epochs, most| sampled(&curve(epochs), most).iter().map(|point| point.epoch).collect::<Vec<_>>();
        assert_eq!(shown(3, 20), [1, 2, 3]);
        assert_eq!(shown(10, 4), [1, 4, 7, 10]);
        assert_eq!(shown(9, 4), [3, 6, 9]);
        assert!(shown(0, 4).is_empty());
    }
}
