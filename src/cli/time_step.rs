//! `time-step`: seconds a training step, without the data set.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::args::{Format, Global, SpecArgs};
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
    /// Where tensors live, instead of what the specs say
    #[arg(long, value_name = "BACKEND")]
    backend: Option<Backend>,
    /// Rounds, each a time of its own
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Steps of a round, which end with the numbers of the last one
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    steps: u16,
    /// Steps before the first round
    #[arg(long, value_name = "N", default_value_t = 3)]
    warm_up: u16,
    /// Texts all as long as the longest one, as in programs that pad
    #[arg(long)]
    equal_lengths: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A run's times.
#[derive(Serialize)]
struct Timed {
    experiment: String,
    cell: &'static str,
    sparsity: String,
    backend: String,
    threads: usize,
    warm_up: u16,
    rounds: u16,
    steps: u16,
    equal_lengths: bool,
    /// Seconds a step over the rounds.
    median: f64,
    quartiles: [f64; 2],
    /// Seconds a step of each round.
    seconds: Vec<f64>,
    /// Seconds to evaluate a batch.
    evaluation: f64,
    /// Data loss plus penalty of each step from the first on, nats: the same on every backend but for rounding.
    objective: Vec<f64>,
}

/// Times training steps of each run on made-up data of its data set's shape.
///
/// # Errors
/// A spec or the command line is wrong, a backend is not compiled in, a data set's shape is not known (2); a step failed (1).
pub fn execute(global: &Global, args: &TimeStepArgs) -> Result<ExitCode, CliError> {
    let backend: Vec<String> = args.backend.iter().map(|backend| format!("backend={backend}")).collect();
    let mut timed = Vec::new();
    for experiment in args.specs.load_with(global, &backend)? {
        for run in &experiment.runs {
            timed.push(time(run, args)?);
        }
    }
    let text = match args.format {
        Format::Json => output::json(&timed)?,
        Format::Table => table(&timed).render(global.color_stdout()),
    };
    output::print(&text)?;
    Ok(Exit::Done.into())
}

fn time(run: &RunSpec, args: &TimeStepArgs) -> Result<Timed, CliError> {
    engine::open(run.backend)?;
    let lengths = if args.equal_lengths { Lengths::Equal } else { Lengths::Unequal };
    let corpus = measure::corpus(&run.dataset, lengths).map_err(CliError::usage)?;
    let rounds = Rounds { warm_up: args.warm_up.into(), rounds: args.rounds.into(), steps: args.steps.into() };
    let times = measure::time_steps(run, &corpus, rounds).map_err(|error| match error {
        MeasureError::Build(error) => CliError::usage(error),
        MeasureError::Data(error) => CliError::usage(error),
        MeasureError::NonFinite(error) => CliError::failed(error),
    })?;
    let StepTimes { seconds, evaluation, reports } = &times;
    let quantile = |share| times.quantile(share).unwrap_or(f64::NAN);
    Ok(Timed {
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
        objective: reports.iter().map(|report| report.data_loss + report.penalty).collect(),
    })
}

fn table(timed: &[Timed]) -> TextTable {
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
