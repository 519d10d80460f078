//! `time-step`: times training steps on synthetic data, without the data set.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::args::{Global, OutputFormat, SpecArgs};
use super::output;
use super::table::TextTable;
use super::{CliError, Exit};
use sparsegate_nn::engine;
use sparsegate_pipeline::measure::{self, Lengths, MeasureError, Rounds, StepTimes};
use sparsegate_spec::types::{Backend, RunSpec};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct TimeStepArgs {
    #[command(flatten)]
    specs: SpecArgs,
    /// Backend to train on; overrides the specs
    #[arg(long, value_name = "BACKEND")]
    backend: Option<Backend>,
    /// Number of rounds; each gives one measurement
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Steps per round; a round ends when the metrics of its last step are read
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    steps: u16,
    /// Untimed steps before the first round
    #[arg(long, value_name = "N", default_value_t = 3)]
    warm_up: u16,
    /// Give all texts the length of the longest one, as in programs that pad
    #[arg(long)]
    equal_lengths: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

/// Measurements of one run.
#[derive(Serialize)]
struct StepTimeJson {
    experiment: String,
    cell: &'static str,
    sparsity: String,
    backend: String,
    threads: usize,
    warm_up: u16,
    rounds: u16,
    steps: u16,
    equal_lengths: bool,
    /// Median over the rounds, seconds per step.
    median: f64,
    quartiles: [f64; 2],
    /// Seconds per step of each round.
    seconds: Vec<f64>,
    /// Seconds per evaluated batch.
    evaluation: f64,
    /// Objective (data loss plus KL term) of each step from the first on, nats; equal on all backends up to rounding.
    objective: Vec<f64>,
}

/// Times training steps of each run on synthetic data of its data set's shape.
///
/// # Errors
/// A spec or the command line is wrong, a backend is not compiled in, or a data set's shape is not known (2); a step
/// failed (1).
pub fn execute(global: &Global, args: &TimeStepArgs) -> Result<ExitCode, CliError> {
    let backend: Vec<String> = args.backend.iter().map(|backend| format!("backend={backend}")).collect();
    let mut timed = Vec::new();
    for experiment in args.specs.load_with(global, &backend)? {
        for run in &experiment.runs {
            timed.push(time(run, args)?);
        }
    }
    let text = match args.format {
        OutputFormat::Json => output::json(&timed)?,
        OutputFormat::Table => table(&timed).render(global.color_stdout(), Global::width_stdout()),
    };
    output::print(&text)?;
    Ok(Exit::Done.into())
}

fn time(run: &RunSpec, args: &TimeStepArgs) -> Result<StepTimeJson, CliError> {
    engine::open(run.backend)?;
    let lengths = if args.equal_lengths { Lengths::Equal } else { Lengths::Unequal };
    let corpus = measure::corpus_for(run, lengths, None).map_err(CliError::usage)?;
    let rounds = Rounds { warm_up: args.warm_up.into(), rounds: args.rounds.into(), steps: args.steps.into() };
    let times = measure::time_steps(run, &corpus, rounds).map_err(|error| match error {
        MeasureError::Build(error) => CliError::usage(error),
        MeasureError::Data(error) => CliError::usage(error),
        MeasureError::NonFinite(error) => CliError::failed(error),
    })?;
    let StepTimes { seconds, evaluation, reports } = &times;
    let quantile = |fraction| times.quantile(fraction).unwrap_or(f64::NAN);
    Ok(StepTimeJson {
        experiment: run.experiment.clone(),
        cell: run.model.cell.name(),
        sparsity: run.sparsity.name.clone(),
        backend: run.backend.to_string(),
        threads: rayon::current_num_threads(),
        warm_up: args.warm_up,
        rounds: args.rounds,
        steps: args.steps,
        equal_lengths: args.equal_lengths,
        median: quantile(0.5),
        quartiles: [quantile(0.25), quantile(0.75)],
        seconds: seconds.clone(),
        evaluation: *evaluation,
        objective: reports.iter().map(|report| report.data_loss + report.kl_term).collect(),
    })
}

fn table(timed: &[StepTimeJson]) -> TextTable {
    let mut table = TextTable::new().words("experiment").words("cell").words("sparsity").words("backend");
    for head in ["threads", "median s a step", "quartile", "quartile", "s an evaluated batch"] {
        table = table.numbers(head);
    }
    for one in timed {
        let seconds = |seconds: f64| format!("{seconds:.5}");
        table.row([
            one.experiment.clone(),
            one.cell.to_owned(),
            one.sparsity.clone(),
            one.backend.clone(),
            one.threads.to_string(),
            seconds(one.median),
            seconds(one.quartiles[0]),
            seconds(one.quartiles[1]),
            seconds(one.evaluation),
        ]);
    }
    table
}
