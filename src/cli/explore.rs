//! `explore`: makes a page in which the compact models of runs read texts.

use std::cmp::Reverse;
use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use sparsegate_runtime::format::File;

use super::args::Global;
use super::output;
use super::{CliError, Exit};
use sparsegate_compact::{CompactModel, FoundModel, check_outputs, find_model, model_of};
use sparsegate_explorer::{DEFAULT_BUDGET, ExplorerPage, ExplorerRun, page};
use sparsegate_spec::Experiment;
use sparsegate_store::plan::{Plan, PlanEntry, Status};
use sparsegate_store::{RunDir, find_runs};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct ExploreArgs {
    /// Runs: a key or a prefix of it, a run's folder, EXPERIMENT or EXPERIMENT:KEY=VALUE,... for all finished runs that
    /// match, or the file of a compact model
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<String>,
    /// File to write
    #[arg(long, value_name = "FILE", default_value = "explore.html")]
    out: Utf8PathBuf,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
    /// Title of the page [default: the experiments' names]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Size of all models together in MB; the largest beyond it are left out
    #[arg(long, value_name = "MB", default_value_t = DEFAULT_BUDGET as f64 / 1e6, value_parser = megabytes)]
    budget: f64,
}

fn megabytes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("it must be a number above 0".to_owned()),
    }
}

/// Writes the page and prints its path.
///
/// # Errors
/// No such run, none that is finished, an existing file, or a budget below the size of every model (2); a damaged run
/// or compact model (4); a page that cannot be written (1).
pub fn execute(global: &Global, args: &ExploreArgs) -> Result<ExitCode, CliError> {
    output::check_target(&args.out, args.force)?;
    let (mut runs, mut notes) = (Vec::new(), Vec::new());
    for text in &args.runs {
        let found = named(&global.root, text, &mut notes)?;
        // A run that is named twice is shown once.
        runs.extend(found.into_iter().filter(|run| !is_among(run, &runs)).collect::<Vec<_>>());
    }
    let title = args.title.clone().unwrap_or_else(|| experiments(&runs));
    let page = page(&title, None, &runs, &notes, (args.budget * 1e6) as u64).map_err(CliError::data)?;
    if page.models == 0 {
        let problem = page.notes.first().cloned().unwrap_or_default();
        return Err(CliError::usage(problem).help("give a larger --budget"));
    }
    sparsegate_store::write_atomic(&args.out, page.html.as_bytes()).map_err(CliError::failed)?;
    if global.verbosity() >= 0 {
        for note in &page.notes {
            output::message!("note: {note}");
        }
    }
    output::print(&format!("{}\n", args.out))?;
    Ok(Exit::Done.into())
}

fn is_among(run: &ExplorerRun, runs: &[ExplorerRun]) -> bool {
    runs.iter().any(|other| other.model.path == run.model.path)
}

/// The names of the runs' experiments.
fn experiments(runs: &[ExplorerRun]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for run in runs {
        let name = run.model.details.run.experiment.as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// The models that an argument names. Of several, the largest file first: dense networks before sparsified ones.
fn named(root: &Utf8Path, text: &str, notes: &mut Vec<String>) -> Result<Vec<ExplorerRun>, CliError> {
    if Utf8Path::new(text).is_file() {
        return Ok(vec![with_run(find_model(root, text)?)?]);
    }
    let dirs = find_runs(root, text).map_err(|error| CliError::from(sparsegate_compact::FindModelError::Run(error)))?;
    let mut runs = Vec::new();
    let several = dirs.len() > 1;
    for dir in dirs {
        if several && dir.finished().map_err(CliError::data)?.is_none() {
            notes.push(format!("the run {} is not finished and is left out", dir.key()));
            continue;
        }
        runs.push(with_run(model_of(root, dir)?)?);
    }
    if runs.is_empty() {
        let error = CliError::usage(format!("no run that `{text}` matches is finished"));
        return Err(error.help("train them with `sparsegate run`"));
    }
    let size = |run: &ExplorerRun| run.file().map_or(0, |file| file.len());
    runs.sort_by_key(|run| Reverse(size(run)));
    Ok(runs)
}

/// A model with what its run's folder says about it.
fn with_run(found: FoundModel) -> Result<ExplorerRun, CliError> {
    let dir = found.run.clone();
    let (record, summary) = match &dir {
        Some(dir) => (dir.record().map_err(CliError::data)?, dir.summary().map_err(CliError::data)?),
        None => (None, None),
    };
    let model = found.load()?;
    Ok(ExplorerRun { model, spec: record.map(|record| record.spec), last: summary.and_then(|summary| summary.last) })
}

/// The page of an experiment's finished runs; `None` if there is none with a compact model. Makes no compact model:
/// what is missing is a note.
///
/// # Errors
/// A model that is not consistent, which a compact file never has.
pub fn of_plan(experiment: &Experiment, plan: &Plan) -> Result<Option<ExplorerPage>, CliError> {
    let (mut runs, mut notes) = (Vec::new(), Vec::new());
    for entry in plan.entries.iter().filter(|entry| entry.status == Status::Done) {
        match stored(entry) {
            Ok(run) => runs.push(run),
            Err(problem) => notes.push(format!(
                "the run {} is not in explore.html: {problem}; `sparsegate export {} --format compact` makes its \
                 compact model",
                short(&entry.dir),
                short(&entry.dir)
            )),
        }
    }
    if runs.is_empty() {
        return Ok(None);
    }
    let about = experiment.about.as_deref();
    let page = page(&experiment.name, about, &runs, &notes, DEFAULT_BUDGET).map_err(CliError::data)?;
    Ok(Some(page).filter(|page| page.models > 0))
}

fn short(dir: &RunDir) -> &str {
    dir.key().get(..12).unwrap_or(dir.key())
}

/// A planned run with the compact model in its folder.
fn stored(entry: &PlanEntry) -> Result<ExplorerRun, String> {
    let dir = &entry.dir;
    let bytes = dir.compact().map_err(|error| error.to_string())?.ok_or("it has no compact model")?;
    let path = dir.compact_path();
    let file = File::read(&bytes).map_err(|error| format!("{path}: {error}"))?;
    check_outputs(&file.model).map_err(|error| format!("{path}: {error}"))?;
    let model = CompactModel::new(&path, file).map_err(|error| error.to_string())?;
    let last = dir.summary().map_err(|error| error.to_string())?.and_then(|summary| summary.last);
    Ok(ExplorerRun { model, spec: Some(entry.spec.clone()), last })
}
