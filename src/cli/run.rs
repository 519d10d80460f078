//! `run`: trains the unfinished runs of experiments.

mod backends;
mod prepare;
mod results;
mod run_labels;

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Args;

use super::args::{Global, OutputFormat, SpecArgs};
use super::output;
use super::{CliError, Exit, report};
use crate::progress::{Display, ProgressMode};
use sparsegate_data::{Corpus, DataError, Manifest, Sources};
use sparsegate_pipeline::exec::{Interrupt, Outcome, local};
use sparsegate_pipeline::train::RunData;
use sparsegate_spec::Experiment;
use sparsegate_spec::types::{Backend, Reading, RunSpec};
use sparsegate_store::plan::{self, Plan, PlanEntry, Status};
use sparsegate_store::provenance;

use backends::UnavailableBackends;
pub(super) use backends::not_compiled;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    specs: SpecArgs,
    /// Backend to train on; overrides the specs
    #[arg(long, value_name = "BACKEND")]
    backend: Option<Backend>,
    /// Number of runs in parallel, each in its own process [default: the number of processors, at most that of runs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Retrain finished runs from scratch
    #[arg(long)]
    force: bool,
    /// Use only cached data; download nothing
    #[arg(long)]
    offline: bool,
    /// A folder or URL that holds the data files under the manifests' paths
    #[arg(long, value_name = "DIR|URL", env = sparsegate_data::MIRROR_VARIABLE)]
    mirror: Option<String>,
    /// Write the report afterwards; print its table and the path of its page instead of the results
    #[arg(long)]
    report: bool,
    /// How to show progress
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    progress: ProgressMode,
    /// Output format of the results
    #[arg(long, value_enum, default_value_t, conflicts_with = "report")]
    format: OutputFormat,
}

/// Runs the command.
///
/// # Errors
/// A spec or the command line is wrong (2); data are missing or corrupt (4); a run folder cannot be used (1). A failed
/// run is not such an error: the other runs continue, and the exit code is 1 at the end.
pub fn execute(global: &Global, args: &RunArgs) -> Result<ExitCode, CliError> {
    let experiments = load(global, args)?;
    let unavailable = UnavailableBackends::look(&experiments, args.backend)?;
    let sweep = |experiment| plan(global, experiment, &unavailable);
    let sweeps = experiments.iter().map(sweep).collect::<Result<Vec<_>, _>>()?;
    for sweep in &sweeps {
        get_data(global, args, sweep)?;
    }
    unavailable.note(global, sweeps.iter().flat_map(|sweep| sweep.left_out(args.force)));
    let interrupt = Interrupt::install().map_err(CliError::failed)?;
    let outcomes = train(global, args, &sweeps, &interrupt)?;

    let interrupted = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Interrupted | Outcome::NotStarted));
    if interrupted || !args.report {
        results::print(global, &sweeps, &outcomes, args.format)?;
    }
    if interrupted {
        output::message!("interrupted, state saved; run the same command again to resume");
        return Ok(Exit::Interrupted.into());
    }
    let failed = results::print_failures(global, &sweeps, &outcomes);
    if args.report {
        report::write_all(global, &experiments, None)?;
    }
    Ok(if failed { Exit::Failed } else { Exit::Done }.into())
}

/// One experiment with its plan and data sources.
pub(super) struct PlannedSweep<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) plan: Plan,
    sources: Sources,
    unavailable: &'a UnavailableBackends,
}

impl PlannedSweep<'_> {
    /// Indices into the plan of the runs to train.
    fn trainable(&self, force: bool) -> impl Iterator<Item = usize> {
        self.wanted(force).filter(|(_, entry)| self.unavailable.why(&entry.spec).is_none()).map(|(index, _)| index)
    }

    /// Unfinished runs whose backend is not available.
    fn left_out(&self, force: bool) -> impl Iterator<Item = &RunSpec> {
        self.wanted(force).map(|(_, entry)| &entry.spec).filter(|spec| self.unavailable.why(spec).is_some())
    }

    fn wanted(&self, force: bool) -> impl Iterator<Item = (usize, &PlanEntry)> {
        self.plan.entries.iter().enumerate().filter(move |(_, entry)| force || entry.status != Status::Done)
    }
}

fn load(global: &Global, args: &RunArgs) -> Result<Vec<Experiment>, CliError> {
    let backend: Vec<String> = args.backend.iter().map(|backend| format!("backend={backend}")).collect();
    args.specs.load_with(global, &backend)
}

fn plan<'a>(
    global: &Global,
    experiment: &'a Experiment,
    unavailable: &'a UnavailableBackends,
) -> Result<PlannedSweep<'a>, CliError> {
    let sources = Sources::load(&global.root, &experiment.dataset, &experiment.runs)?;
    let plan = plan::plan(&global.root, experiment, &sources.hashes()).map_err(CliError::failed)?;
    Ok(PlannedSweep { experiment, plan, sources, unavailable })
}

/// Downloads and checks the data and vectors before any process starts, including that they suffice for each run's
/// batches. Does nothing if no run is to be trained.
fn get_data(global: &Global, args: &RunArgs, sweep: &PlannedSweep<'_>) -> Result<(), CliError> {
    if sweep.trainable(args.force).next().is_none() {
        return Ok(());
    }
    let manifest = &sweep.sources.dataset;
    fetch(global, args, manifest, || sparsegate_data::load(&global.root, manifest, Reading::default()).err())?;
    let mut read = BTreeSet::new();
    let mut loaded: Option<(Reading, Corpus)> = None;
    for index in sweep.trainable(args.force) {
        let spec = &sweep.plan.entries[index].spec;
        let (_, corpus) = match loaded.take().filter(|(reading, _)| *reading == spec.reading) {
            Some(same) => loaded.insert(same),
            None => loaded.insert((spec.reading, sparsegate_data::load(&global.root, manifest, spec.reading)?)),
        };
        let data = RunData::new(spec, corpus)?;
        (data.train)(0)?;
        if let Some(vectors) = sweep.sources.vectors_of(spec).filter(|vectors| read.insert(&vectors.name)) {
            let load = || sparsegate_data::load_vectors(&global.root, vectors, &corpus.vocabulary);
            fetch(global, args, vectors, || load().err())?;
            load()?;
        }
    }
    Ok(())
}

/// Downloads missing files, unless `--offline` is set; `wrong` returns the error of the cached files, if any.
fn fetch(
    global: &Global,
    args: &RunArgs,
    manifest: &Manifest,
    wrong: impl FnOnce() -> Option<DataError>,
) -> Result<(), CliError> {
    if args.offline {
        return Ok(());
    }
    sparsegate_data::fetch(&global.root, manifest, args.mirror.as_deref(), &()).map_err(|error| {
        // An altered file is fetched again. If that fails, the alteration is the error to report.
        match wrong() {
            Some(local @ (DataError::Altered { .. } | DataError::WrongSize { .. })) => {
                CliError::from(local).help(format!("fetching it again failed: {error}"))
            }
            _ => CliError::from(error),
        }
    })?;
    Ok(())
}

/// Trains the runs to train; returns the outcomes of all entries of all sweeps, in order.
fn train(
    global: &Global,
    args: &RunArgs,
    sweeps: &[PlannedSweep<'_>],
    interrupt: &Interrupt,
) -> Result<Vec<Outcome>, CliError> {
    let trainable: Vec<usize> = sweeps.iter().map(|sweep| sweep.trainable(args.force).count()).collect();
    let runs: usize = trainable.iter().sum();
    let cores = provenance::cores();
    let at_once = args.jobs.map_or(cores.min(runs), usize::from).max(1);
    let machine = prepare::Launcher::new(&global.root, cores, at_once).map_err(CliError::failed)?;
    let labels = run_labels::labels(sweeps);

    let mut outcomes = Vec::new();
    let mut jobs = Vec::new();
    let mut job_labels = Vec::new();
    let mut places = Vec::new();
    for sweep in sweeps {
        let chosen: Vec<usize> = sweep.trainable(args.force).collect();
        for (index, entry) in sweep.plan.entries.iter().enumerate() {
            let place = outcomes.len();
            if let (false, Some(why)) = (entry.status == Status::Done, sweep.unavailable.why(&entry.spec)) {
                outcomes.push(Outcome::Excluded { why: why.to_string() });
                continue;
            }
            if !chosen.contains(&index) {
                outcomes.push(results::stored(global, sweep, entry)?);
                continue;
            }
            if let (Status::Damaged { error }, false) = (&entry.status, args.force) {
                outcomes.push(Outcome::Failed { error: error.clone(), log: String::new() });
                continue;
            }
            match prepare::job(&global.root, sweep, entry, args.force, &machine) {
                Ok(job) => {
                    jobs.push(job);
                    places.push(place);
                    job_labels.push(labels[place].clone());
                    outcomes.push(Outcome::NotStarted);
                }
                Err(error) => outcomes.push(Outcome::failed(&error)),
            }
        }
    }
    let mut display = Display::new(args.progress, global.verbosity() < 0, job_labels);
    let ended = local::run(jobs, at_once, interrupt, &mut |job, news| display.show(job, &news));
    display.finish();
    for (place, outcome) in places.into_iter().zip(ended) {
        outcomes[place] = outcome;
    }
    Ok(outcomes)
}
