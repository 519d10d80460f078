//! `check`: compares the claims of experiments with stored runs.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::args::{Global, OutputFormat, SpecArgs};
use super::output;
use super::table::TextTable;
use super::{CliError, Exit};
use sparsegate_pipeline::sweep::Sweep;
use sparsegate_report::{CollapsedRun, Comparison, NoiseEstimate, OrderComparison, SeedTest, ValueComparison};
use sparsegate_spec::Experiment;
use sparsegate_spec::types::{PublishedOrdering, Tolerance};
use sparsegate_store::format::Collapse;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    specs: SpecArgs,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

/// One experiment, as `--format json` prints it.
#[derive(Serialize)]
struct CheckJson<'a> {
    experiment: &'a str,
    holds: bool,
    values: Vec<ValueJson<'a>>,
    orders: Vec<OrderJson<'a>>,
    /// Runs that learned nothing, with or without a claim.
    collapsed: Vec<CollapsedJson<'a>>,
}

/// A collapsed run.
#[derive(Serialize)]
struct CollapsedJson<'a> {
    run: &'a str,
    epoch: u32,
    collapse: &'a Collapse,
}

/// A value claim and the run it is compared with, with unrounded numbers.
#[derive(Serialize)]
struct ValueJson<'a> {
    run: &'a str,
    metric: &'a str,
    about: Option<&'a str>,
    ours: Option<f64>,
    our_epoch: Option<u32>,
    theirs: f64,
    their_epoch: Option<u32>,
    tolerance: Tolerance,
    noise: Option<f64>,
    noise_from: Option<&'static str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    test: Option<TestJson>,
    verdict: &'static str,
    why: Option<&'a str>,
}

/// The test over several seeds; the keys are missing without one.
#[derive(Serialize)]
struct TestJson {
    /// Number of seeds, of an ordering for each side.
    n: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<[f64; 2]>,
    /// Missing, as its correction, if all seeds of each side have the same value.
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p_corrected: Option<f64>,
}

impl From<&SeedTest> for TestJson {
    fn from(test: &SeedTest) -> Self {
        Self {
            n: test.n.clone(),
            interval: test.interval.map(<[f64; 2]>::from),
            p: test.p,
            p_corrected: test.corrected,
        }
    }
}

/// An ordering claim.
#[derive(Serialize)]
struct OrderJson<'a> {
    claim: &'a str,
    about: Option<&'a str>,
    ours: Option<[f64; 2]>,
    theirs: Option<[f64; 2]>,
    authors: Option<PublishedOrdering>,
    noise: Option<f64>,
    noise_from: Option<&'static str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    test: Option<TestJson>,
    verdict: &'static str,
    why: Option<&'a str>,
}

impl<'a> From<&'a ValueComparison> for ValueJson<'a> {
    fn from(line: &'a ValueComparison) -> Self {
        Self {
            run: &line.run,
            metric: &line.metric,
            about: line.about.as_deref(),
            ours: line.ours,
            our_epoch: line.our_epoch,
            theirs: line.published,
            their_epoch: line.epoch,
            tolerance: line.tolerance,
            noise: line.noise.map(|noise| noise.width),
            noise_from: line.noise.as_ref().map(NoiseEstimate::origin),
            test: line.test.as_ref().map(TestJson::from),
            verdict: line.verdict.name(),
            why: line.verdict.why(),
        }
    }
}

impl<'a> From<&'a OrderComparison> for OrderJson<'a> {
    fn from(line: &'a OrderComparison) -> Self {
        Self {
            claim: &line.claim,
            about: line.about.as_deref(),
            ours: line.ours.map(<[f64; 2]>::from),
            theirs: line.theirs.map(<[f64; 2]>::from),
            authors: line.authors,
            noise: line.noise.map(|noise| noise.width),
            noise_from: line.noise.as_ref().map(NoiseEstimate::origin),
            test: line.test.as_ref().map(TestJson::from),
            verdict: line.verdict.name(),
            why: line.verdict.why(),
        }
    }
}

impl<'a> From<&'a CollapsedRun> for CollapsedJson<'a> {
    fn from(CollapsedRun { run, epoch, collapse }: &'a CollapsedRun) -> Self {
        Self { run, epoch: *epoch, collapse }
    }
}

/// Prints each claim of each experiment with its verdict, and the runs that learned nothing; trains nothing and needs
/// no data file.
///
/// The exit code is 3 if a claim is off or about a collapsed run, except for orderings that the authors' own figures
/// contradict.
///
/// # Errors
/// A spec, a manifest or the command line is wrong (2); runs or the authors' figures cannot be read (1).
pub fn execute(global: &Global, args: &CheckArgs) -> Result<ExitCode, CliError> {
    let sweep = Sweep::plan(&global.root, args.specs.load(global)?)?;
    let mut checked: Vec<(&Experiment, Comparison)> = Vec::new();
    for planned in sweep.experiments() {
        let experiment = &planned.experiment;
        let (comparison, warnings) =
            sparsegate_report::check(&global.root, experiment, &planned.plan).map_err(CliError::failed)?;
        for warning in warnings {
            output::message!("note: {warning}");
        }
        checked.push((experiment, comparison));
    }
    let text = match args.format {
        OutputFormat::Table => table(global, &checked),
        OutputFormat::Json => json(&checked)?,
    };
    output::print(&text)?;
    let fails = checked.iter().any(|(_, comparison)| comparison.fails());
    Ok(if fails { Exit::Claim } else { Exit::Done }.into())
}

fn table(global: &Global, checked: &[(&Experiment, Comparison)]) -> String {
    let mut text = String::new();
    for (experiment, comparison) in checked {
        if !text.is_empty() {
            text.push('\n');
        }
        let claims = !comparison.values.is_empty() || !comparison.orders.is_empty();
        let tally = if claims { comparison.tally() } else { "no claims".to_owned() };
        let _ = writeln!(text, "{}: {tally}", experiment.name);
        for run in &comparison.collapsed {
            let _ = writeln!(text, "{run}");
        }
        for grid in [sparsegate_report::value_table(comparison), sparsegate_report::order_table(comparison)]
            .into_iter()
            .flatten()
        {
            let _ = write!(text, "\n{}", TextTable::from(&grid).render(global.color_stdout(), Global::width_stdout()));
        }
        if let Some(method) = comparison.method() {
            let _ = writeln!(text, "\n{method}");
        }
    }
    text
}

fn json(checked: &[(&Experiment, Comparison)]) -> Result<String, CliError> {
    let printed: Vec<CheckJson<'_>> = checked
        .iter()
        .map(|(experiment, comparison)| CheckJson {
            experiment: &experiment.name,
            holds: !comparison.fails(),
            values: comparison.values.iter().map(ValueJson::from).collect(),
            orders: comparison.orders.iter().map(OrderJson::from).collect(),
            collapsed: comparison.collapsed.iter().map(CollapsedJson::from).collect(),
        })
        .collect();
    output::json(&printed)
}
