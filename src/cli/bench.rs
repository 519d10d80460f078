//! `bench`: times the forward pass of a run's compact model on this machine, next to the dense network in this and in
//! other programs.

mod metric_check;
mod python_helper;
mod table;
mod target;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use sparsegate_runtime::format::File;
use sparsegate_runtime::runtime::{CostModel, Options, Runtime, StorageFormat};

use super::args::{Global, OutputFormat};
use super::output;
use super::{CliError, Exit};
use python_helper::PythonHelper;
use sparsegate_compact::Details;
use sparsegate_pipeline::measure::forward::{
    HelperCase, Timed, Workload, masked, packed, pinned, time_alternately, work,
};
use sparsegate_store::format::FORMAT;
use sparsegate_store::provenance;
use sparsegate_store::speed::{Implementation, InputMode, Int8Bytes, Speed, Timing};
use target::BenchTarget;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Finished runs, each by its key or a prefix of it, its folder, or EXPERIMENT:KEY=VALUE,...; or files of compact
    /// models
    #[arg(value_name = "RUN", required_unless_present = "authors")]
    runs: Vec<String>,
    /// Also time a random model with the published sizes of the authors' W+G+N model of TASK; needs no trained run
    #[arg(long, value_name = "TASK")]
    authors: Vec<String>,
    /// Batch sizes
    #[arg(long, value_name = "B,...", value_delimiter = ',', default_values_t = [1, 32, 128], value_parser = clap::value_parser!(u16).range(1..=4096))]
    batch: Vec<u16>,
    /// Numbers of threads; 0 for all processors
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_values_t = [1, 0])]
    threads: Vec<u16>,
    /// Symbols per sequence [default: as in training]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    steps: Option<u16>,
    /// Samples per measurement, at least
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    samples: u16,
    /// Also time the models with 8-bit weights, ours and, with --python, those of ONNX Runtime
    #[arg(long)]
    int8: bool,
    /// Also time PyTorch and ONNX Runtime, with this Python interpreter
    #[arg(long, value_name = "PROGRAM")]
    python: Option<String>,
    /// With --python: only these of eager, compiled, onnx, reduced, onnx-int8 and reduced-int8
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', requires = "python")]
    peers: Vec<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

/// Times each model, prints the results and stores them as `speed.json` in the runs' folders.
///
/// # Errors
/// No such run (2); a run without a compact model (4); the Python helper does not start, or a compact model does not
/// reproduce its run's metric (1).
pub fn execute(global: &Global, args: &BenchArgs) -> Result<ExitCode, CliError> {
    let mut subjects = Vec::new();
    for run in &args.runs {
        subjects.push(BenchTarget::of_run(global, run)?);
    }
    for task in &args.authors {
        subjects.push(BenchTarget::random_paper_model(task)?);
    }
    // The cost model describes this machine, so it is fitted once for all models.
    let cost = CostModel::fit();
    for target in &subjects {
        let details = serde_json::from_str::<Details>(&target.file.details).ok();
        super::note_constant_answer(global, &target.model, details.as_ref());
        let proof = metric_check::line(&global.root, target)?;
        let speed = time(global, args, target, &cost)?;
        let text = match args.format {
            OutputFormat::Table => table::render(target, &speed, proof.as_deref(), global),
            OutputFormat::Json => serde_json::to_string(&speed).map_err(CliError::failed)? + "\n",
        };
        output::print(&text)?;
        // Last, since a run that another process holds must not cost minutes of measurements.
        if let Some(dir) = &target.dir {
            dir.lock().and_then(|lock| lock.write_speed(&speed))?;
        }
    }
    Ok(Exit::Done.into())
}

fn time(global: &Global, args: &BenchArgs, target: &BenchTarget, cost: &CostModel) -> Result<Speed, CliError> {
    let steps = args.steps.map_or(target.steps, usize::from);
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let mut threads: Vec<usize> =
        args.threads.iter().map(|&threads| if threads == 0 { all } else { usize::from(threads).min(all) }).collect();
    threads.sort_unstable();
    threads.dedup();
    let options = |threads, storage| Options { threads, cost: cost.clone(), storage };
    let int8 = args.int8.then(|| File { model: target.model.to_int8(), details: target.file.details.clone() });
    let runtime = Runtime::new(&target.model, &options(1, None)).map_err(CliError::data)?;
    let mut speed = Speed {
        format: FORMAT,
        provenance: provenance::collect(&global.root, all),
        steps,
        dense: work(&target.dense, steps),
        compact: work(&target.model, steps),
        file_bytes: target.file_bytes,
        dense_bytes: target.dense_bytes(),
        int8: None,
        cost: cost.clone(),
        choices: runtime.choices().to_vec(),
        timings: Vec::new(),
        missing: BTreeMap::new(),
    };
    if let Some(file) = &int8 {
        let compact = file.write().map_err(CliError::failed)?.len() as u64;
        speed.int8 = Some(Int8Bytes { compact, onnxruntime: None });
    }
    for &threads in &threads {
        let python = args.python.as_deref().map(|python| (python, args.peers.as_slice()));
        let mut helper = PythonHelper::start(python, target, int8.as_ref(), steps, threads)?;
        speed.provenance.append(&mut helper.versions);
        speed.missing.append(&mut helper.missing);
        if let (Some(sizes), Some(bytes)) = (&mut speed.int8, helper.int8_bytes) {
            sizes.onnxruntime = Some(bytes);
        }
        for (mode, batch) in cases(&args.batch) {
            if global.verbosity() >= 0 {
                output::message!("{}: {}, {batch} at a time, {threads} threads", target.name, table::mode(mode));
            }
            let int8 = &int8;
            let workload = Workload::new(mode, batch, steps, &target.model.symbols.stored);
            let (helper, compact, dense) =
                (&mut helper.helper, options(threads, None), options(threads, Some(StorageFormat::Dense)));
            let samples = usize::from(args.samples);
            let timed = pinned(threads, move |pool| {
                let helper = helper.as_mut().map(RefCell::new);
                let mut names = vec![Implementation::Compact, Implementation::Dense];
                let mut contestants: Vec<Box<dyn Timed + '_>> =
                    vec![packed(&target.model, &compact, &workload)?, packed(&target.dense, &dense, &workload)?];
                if let Some(file) = int8 {
                    names.push(Implementation::CompactInt8);
                    contestants.push(packed(&file.model, &compact, &workload)?);
                }
                if let (Some(network), InputMode::Whole) = (&target.masked, mode) {
                    names.push(Implementation::Masked);
                    contestants.push(masked(network, pool, &workload));
                }
                for (implementation, helper_case) in
                    helper.iter().flat_map(|helper| HelperCase::all(helper, mode, batch))
                {
                    names.push(implementation);
                    contestants.push(Box::new(helper_case));
                }
                Ok::<_, String>((names, time_alternately(&mut contestants, samples)))
            });
            let (names, found) = timed.and_then(|timed| timed).map_err(CliError::failed)?;
            for (implementation, found) in names.into_iter().zip(found) {
                match found {
                    Ok(microseconds) => {
                        speed.timings.push(Timing { implementation, mode, batch, threads, microseconds });
                    }
                    Err(problem) => drop(speed.missing.insert(implementation.title().to_owned(), problem)),
                }
            }
        }
    }
    Ok(speed)
}

/// Streaming has one sequence at a time; whole sequences are timed at every requested batch size.
fn cases(batches: &[u16]) -> Vec<(InputMode, usize)> {
    let whole = batches.iter().map(|&batch| (InputMode::Whole, usize::from(batch)));
    std::iter::once((InputMode::Streaming, 1)).chain(whole).collect()
}
