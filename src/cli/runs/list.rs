//! `runs list`: the stored runs.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::args::{Global, OutputFormat};
use crate::cli::output;
use crate::cli::table::TextTable;
use crate::cli::{CliError, Exit};
use crate::progress;
use sparsegate_core::EvaluationMetric;
use sparsegate_spec::types::RunSpec;
use sparsegate_store::plan::Status;
use sparsegate_store::{Notes, StoredRun};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Use only the runs that match, such as sparsity=W+G+N,seed=0; if repeated, those that match any filter
    #[arg(long, value_name = "KEY=VALUE[,KEY=VALUE]")]
    only: Vec<String>,
    /// Use only the runs of this experiment
    #[arg(long, value_name = "NAME")]
    experiment: Option<String>,
    /// Use only the runs in this state, such as done or damaged
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Use only the runs with this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// What to sort by, numbers rising; runs without the value come last
    #[arg(long, value_enum, default_value_t)]
    sort: SortKey,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

/// What runs are sorted by; those that are equal in it, by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum SortKey {
    #[default]
    Run,
    State,
    Task,
    Sparsity,
    Seed,
    Epochs,
    Valid,
    Test,
    Compression,
}

/// One run.
#[derive(Debug, Serialize)]
pub(super) struct ListedRun {
    pub(super) run: String,
    /// `done`, `interrupted`, `failed`, `damaged`, `running` or `not-started`.
    pub(super) state: String,
    pub(super) experiments: Vec<String>,
    pub(super) task: Option<String>,
    pub(super) dataset: Option<String>,
    pub(super) cell: Option<&'static str>,
    pub(super) sparsity: Option<String>,
    pub(super) seed: Option<u64>,
    pub(super) backend: Option<String>,
    pub(super) epochs: Option<u32>,
    pub(super) metric: Option<EvaluationMetric>,
    pub(super) valid: Option<f64>,
    pub(super) test: Option<f64>,
    pub(super) compression: Option<f64>,
    pub(super) folder: String,
    pub(super) tags: BTreeSet<String>,
    pub(super) note: String,
}

impl ListedRun {
    /// The row of a run. A damaged run has no numbers.
    pub(super) fn new(run: &StoredRun) -> Result<Self, CliError> {
        let spec = run.record.as_ref().map(|record| &record.spec);
        let shown = run.progress.shown.as_ref();
        // One damaged note must not hide the other runs.
        let notes = run.dir.notes().unwrap_or_else(|error| {
            output::message!("note: {error}");
            Notes::default()
        });
        let text = |get: fn(&RunSpec) -> &String| spec.map(|spec| get(spec).clone());
        Ok(Self {
            run: run.dir.key().to_owned(),
            state: state(run)?,
            experiments: run.experiments.clone(),
            task: spec.and_then(|spec| spec.task.clone()),
            dataset: text(|spec| &spec.dataset),
            cell: spec.map(|spec| spec.model.cell.name()),
            sparsity: text(|spec| &spec.sparsity.name),
            seed: spec.map(|spec| spec.seed),
            backend: spec.map(|spec| spec.backend.to_string()),
            epochs: run.progress.last.as_ref().map(|line| line.epoch),
            metric: run.metric,
            valid: shown.map(|line| line.valid),
            test: shown.map(|line| line.test),
            compression: shown.and_then(|line| line.counts.compression_ratio()),
            folder: run.dir.path().to_string(),
            tags: notes.tags,
            note: notes.note,
        })
    }
}

/// The state as one word; that of an unfinished run may be `running`.
fn state(run: &StoredRun) -> Result<String, CliError> {
    let running = || Ok::<_, CliError>(run.dir.holder()?.is_some());
    Ok(match &run.status {
        Some(status @ (Status::Done | Status::Damaged { .. })) => status.word(),
        _ if running()? => "running",
        Some(status) => status.word(),
        None => "not-started",
    }
    .to_owned())
}

/// Prints one line for each stored run.
///
/// # Errors
/// An invalid filter, or one that no run matches (2); the runs cannot be listed (1).
pub fn execute(global: &Global, args: &ListArgs) -> Result<ExitCode, CliError> {
    let mut stored = sparsegate_store::list(&global.root)?;
    if let Some(name) = &args.experiment {
        stored.retain(|run| run.experiments.contains(name));
    }
    if !args.only.is_empty() {
        stored.retain(|run| run.record.is_some());
        let specs: Vec<&RunSpec> =
            stored.iter().filter_map(|run| run.record.as_ref()).map(|record| &record.spec).collect();
        let keep = sparsegate_spec::matching(&specs, &args.only)
            .map_err(|(problem, hint)| CliError::usage(problem).help(hint))?;
        let mut keep = keep.into_iter();
        stored.retain(|_| keep.next().unwrap_or_default());
    }
    let mut rows = stored.iter().map(ListedRun::new).collect::<Result<Vec<_>, _>>()?;
    if let Some(state) = &args.state {
        rows.retain(|row| row.state == *state);
    }
    if let Some(tag) = &args.tag {
        rows.retain(|row| row.tags.contains(tag));
    }
    rows.sort_by(|a, b| compare(args.sort, a, b).then_with(|| a.run.cmp(&b.run)));
    let text = match args.format {
        OutputFormat::Json => output::json(&rows)?,
        OutputFormat::Table => table(&rows).render(global.color_stdout(), Global::width_stdout()),
    };
    output::print(&text)?;
    Ok(Exit::Done.into())
}

fn compare(key: SortKey, a: &ListedRun, b: &ListedRun) -> Ordering {
    let numbers = |get: fn(&ListedRun) -> Option<f64>| {
        let value = |row| get(row).unwrap_or(f64::INFINITY);
        value(a).total_cmp(&value(b))
    };
    match key {
        SortKey::Run => Ordering::Equal,
        SortKey::State => a.state.cmp(&b.state),
        SortKey::Task => (&a.task, &a.dataset).cmp(&(&b.task, &b.dataset)),
        SortKey::Sparsity => a.sparsity.cmp(&b.sparsity),
        SortKey::Seed => a.seed.cmp(&b.seed),
        SortKey::Epochs => a.epochs.cmp(&b.epochs),
        SortKey::Valid => numbers(|row| row.valid),
        SortKey::Test => numbers(|row| row.test),
        SortKey::Compression => numbers(|row| row.compression),
    }
}

fn table(rows: &[ListedRun]) -> TextTable {
    let table = TextTable::new().words("run").words("state").words("experiments").spare().words("data");
    let table = table.words("cell").spare().words("sparsity").numbers("seed").spare();
    let mut table = table.words("backend").spare().numbers("epochs").spare().words("metric").spare();
    table = ["valid", "test", "compression"].into_iter().fold(table, TextTable::numbers);
    // Most stores have no tags.
    let are_tagged = rows.iter().any(|row| !row.tags.is_empty());
    if are_tagged {
        table = table.words("tags").spare();
    }
    for row in rows {
        let number = |value: Option<f64>| value.map(|value| format!("{value:.3}")).unwrap_or_default();
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        table.row([
            row.run.clone(),
            row.state.clone(),
            row.experiments.join(", "),
            text(if row.task.is_some() { &row.task } else { &row.dataset }),
            row.cell.unwrap_or_default().to_owned(),
            text(&row.sparsity),
            row.seed.map(|seed| seed.to_string()).unwrap_or_default(),
            text(&row.backend),
            row.epochs.map(|epochs| epochs.to_string()).unwrap_or_default(),
            row.metric.map_or("", EvaluationMetric::name).to_owned(),
            number(row.valid),
            number(row.test),
            row.valid.map(|_| progress::compression(row.compression)).unwrap_or_default(),
            row.tags.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
        ]);
    }
    table
}
