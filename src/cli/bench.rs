//! `bench`: times the forward pass of a run's compact model on this machine, next to the dense network in this and in
//! other programs.

mod peers;
mod proof;
mod subject;
mod table;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use sparsegate_runtime::runtime::{CostModel, Options, Runtime, StorageFormat};

use super::args::{Format, Global};
use super::output;
use super::{CliError, Exit};
use peers::Peers;
use sparsegate_pipeline::measure::forward::{Contestant, Load, Rival, contest, masked, ours, pinned, work};
use sparsegate_store::format::FORMAT;
use sparsegate_store::provenance;
use sparsegate_store::speed::{Implementation, InputMode, Speed, Timing};
use subject::Subject;

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
    /// Also time PyTorch and ONNX Runtime, with this Python interpreter
    #[arg(long, value_name = "PROGRAM")]
    python: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Times each model, prints the results and stores them as `speed.json` in the runs' folders.
///
/// # Errors
/// No such run (2); a run without a compact model (4); the Python helper does not start, or a compact model does not
/// reproduce its run's metric (1).
pub fn execute(global: &Global, args: &BenchArgs) -> Result<ExitCode, CliError> {
    let mut subjects = Vec::new();
    for run in &args.runs {
        subjects.push(Subject::of_run(global, run)?);
    }
    for task in &args.authors {
        subjects.push(Subject::of_authors(task)?);
    }
    // The cost model describes this machine, so it is fitted once for all models.
    let cost = CostModel::fit();
    for subject in &subjects {
        let proof = proof::line(&global.root, subject)?;
        let speed = time(global, args, subject, &cost)?;
        if let Some(dir) = &subject.dir {
            dir.lock().and_then(|lock| lock.write_speed(&speed)).map_err(CliError::failed)?;
        }
        let text = match args.format {
            Format::Table => table::render(subject, &speed, proof.as_deref(), global.color_stdout()),
            Format::Json => serde_json::to_string(&speed).map_err(CliError::failed)? + "\n",
        };
        output::print(&text)?;
    }
    Ok(Exit::Done.into())
}

fn time(global: &Global, args: &BenchArgs, subject: &Subject, cost: &CostModel) -> Result<Speed, CliError> {
    let steps = args.steps.map_or(subject.steps, usize::from);
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let mut threads: Vec<usize> =
        args.threads.iter().map(|&threads| if threads == 0 { all } else { usize::from(threads).min(all) }).collect();
    threads.sort_unstable();
    threads.dedup();
    let options = |threads, storage| Options { threads, cost: cost.clone(), storage };
    let runtime = Runtime::new(&subject.model, &options(1, None)).map_err(CliError::data)?;
    let mut speed = Speed {
        format: FORMAT,
        provenance: provenance::collect(&global.root, all),
        steps,
        dense: work(&subject.dense, steps),
        compact: work(&subject.model, steps),
        file_bytes: subject.file_bytes,
        dense_bytes: subject.dense_bytes(),
        cost: cost.clone(),
        choices: runtime.choices().to_vec(),
        timings: Vec::new(),
        missing: BTreeMap::new(),
    };
    for &threads in &threads {
        let mut peers = Peers::start(args.python.as_deref(), subject, steps, threads)?;
        speed.provenance.append(&mut peers.versions);
        speed.missing.append(&mut peers.missing);
        for (mode, batch) in cases(&args.batch) {
            if global.verbosity() >= 0 {
                output::say!("{}: {}, {batch} at a time, {threads} threads", subject.name, table::mode(mode));
            }
            let load = Load::new(mode, batch, steps, &subject.model.symbols.stored);
            let (peer, compact, dense) =
                (&mut peers.peer, options(threads, None), options(threads, Some(StorageFormat::Dense)));
            let samples = usize::from(args.samples);
            let timed = pinned(threads, move |pool| {
                let peer = peer.as_mut().map(RefCell::new);
                let mut names = vec![Implementation::Compact, Implementation::Dense];
                let mut contestants: Vec<Box<dyn Contestant + '_>> =
                    vec![ours(&subject.model, &compact, &load)?, ours(&subject.dense, &dense, &load)?];
                if let (Some(network), InputMode::Whole) = (&subject.masked, mode) {
                    names.push(Implementation::Masked);
                    contestants.push(masked(network, pool, &load));
                }
                for (implementation, rival) in peer.iter().flat_map(|peer| Rival::all(peer, mode, batch)) {
                    names.push(implementation);
                    contestants.push(Box::new(rival));
                }
                Ok::<_, String>((names, contest(&mut contestants, samples)))
            });
            let (names, found) = timed.and_then(|timed| timed).map_err(CliError::failed)?;
            for (implementation, found) in names.into_iter().zip(found) {
                match found {
                    Ok(microseconds) => {
                        speed.timings.push(Timing { implementation, mode, batch, threads, microseconds })
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
