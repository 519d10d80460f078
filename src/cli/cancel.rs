//! `cancel`: takes the jobs of an experiment's runs out of the queue.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::args::{Global, SpecArgs, find};
use super::run::run_labels;
use super::table::TextTable;
use super::{CliError, Exit, output};
use sparsegate_pipeline::exec::slurm::{Jobs, RunJob};
use sparsegate_pipeline::sweep::Sweep;

/// Arguments of the command.
#[derive(Debug, Args)]
#[command(
    after_help = "Instead of an experiment file, the name of an experiment or a job (7, 7_3) is also a SPEC: that \
                        finds runs which an edited file does not have any more."
)]
pub struct CancelArgs {
    #[command(flatten)]
    specs: SpecArgs,
}

/// Cancels the queued and running jobs of the runs and prints which there were. A running one saves its state first.
///
/// # Errors
/// An error in a spec (2); Slurm does not answer or refuses (1).
pub fn execute(global: &Global, args: &CancelArgs) -> Result<ExitCode, CliError> {
    let (names, specs): (Vec<Utf8PathBuf>, Vec<Utf8PathBuf>) =
        args.specs.specs.iter().cloned().partition(|text| is_name(&global.root, text));
    let specs = SpecArgs { specs, ..args.specs.clone() };
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    if !specs.specs.is_empty() || !specs.set.is_empty() || !specs.only.is_empty() {
        let sweep = Sweep::plan(&global.root, specs.load(global)?)?;
        labels = sweep.runs().map(|run| run.entry.key.clone()).zip(run_labels::labels(&sweep)).collect();
    }
    let jobs = Jobs::read(&global.root)?;
    jobs.problems().for_each(|problem| output::message!("note: {problem}"));
    let is_named = |job: &RunJob| {
        names.iter().any(|name| [job.experiment.as_str(), job.array(), &job.id()].contains(&name.as_str()))
    };
    let cancelled = jobs.cancel(|job| labels.contains_key(&job.key) || is_named(job));
    // A file may include other experiments (`also`), which its name does not mean.
    let is_cancelled = |name: &str| cancelled.jobs.iter().any(|job| job.experiment == name);
    if cancelled.jobs.is_empty() && cancelled.refused.is_empty() {
        output::message!("none of its runs is queued or running in Slurm");
        return Ok(Exit::Done.into());
    }
    let mut table = TextTable::new().words("run").words("key").words("cancelled job");
    for job in &cancelled.jobs {
        let label = labels.get(&job.key).unwrap_or(&job.experiment);
        table.row([label.clone(), job.key.clone(), job.id()]);
    }
    if !cancelled.jobs.is_empty() {
        output::print(&table.render(global.color_stdout(), Global::width_stdout()))?;
    }
    let others: BTreeSet<&str> =
        jobs.active().map(|(_, job)| job.experiment.as_str()).filter(|name| !is_cancelled(name)).collect();
    if names.iter().any(|name| is_cancelled(name.as_str())) && !others.is_empty() {
        let others = others.into_iter().collect::<Vec<_>>().join(", ");
        output::message!("note: the jobs of other experiments go on: {others}");
    }
    if let Some(error) = cancelled.error {
        let left: Vec<String> = cancelled.refused.iter().map(RunJob::id).collect();
        let help = error.hint().unwrap_or("`sparsegate status SPEC` shows which are left");
        let error = CliError::failed(format!("{} cannot be cancelled: {error}", left.join(", ")));
        return Err(error.help(help));
    }
    Ok(Exit::Done.into())
}

/// Whether an argument is the name of an experiment or a job rather than a file or a filter.
fn is_name(root: &Utf8Path, text: &Utf8Path) -> bool {
    !text.as_str().contains(['=', '/'])
        && !matches!(text.extension(), Some("yaml" | "yml"))
        && !find(root, text).exists()
}
