//! The tables of `status`: one for each experiment, under its name.

use crate::cli::args::Global;
use crate::cli::heading::{common_metric, metric_head, metric_name, title};
use crate::cli::table::TextTable;
use crate::cli::varying_columns::VaryingColumns;
use crate::progress;
use camino::Utf8PathBuf;
use sparsegate_core::EvaluationMetric;
use sparsegate_pipeline::exec::slurm::{Jobs, Phase, RunJob};
use sparsegate_pipeline::sweep::{ExperimentPlan, RunStatus, Sweep, not_compiled};
use sparsegate_spec::VaryingKeys;
use sparsegate_store::format::EpochMetrics;
use sparsegate_store::plan::Status;

/// The tables of all experiments, with one row a run.
pub(super) fn tables(global: &Global, sweep: &Sweep, statuses: &[RunStatus<'_>], jobs: &Jobs) -> String {
    let submitted = sweep.runs().any(|run| jobs.of(&run.entry.key).is_some());
    let mut texts = Vec::new();
    for (planned, statuses) in by_experiment(sweep, statuses) {
        let experiment = ExperimentTable::of(planned);
        let mut table = experiment.varying_heads().words("run").spare().words("state");
        table = experiment.number_heads(table).numbers("time left");
        if submitted {
            table = table.words("job").words("output of the job").spare();
        }
        for status in statuses {
            let job = jobs.of(&status.entry.key);
            let mut cells = experiment.varying_cells(status);
            cells.extend([status.entry.key.clone(), state(status, job)]);
            cells.extend(experiment.number_cells(status));
            cells.push(time_left(status));
            cells.extend(job.into_iter().flat_map(|job| [job.id(), output_path(global, job)]));
            table.row(cells);
        }
        texts.push(format!(
            "{}\n{}",
            title(&planned.experiment),
            table.render(global.color_stdout(), Global::width_stdout())
        ));
    }
    texts.join("\n")
}

/// The experiments with the runs of each.
pub(super) fn by_experiment<'a, T>(sweep: &'a Sweep, mut runs: &'a [T]) -> Vec<(&'a ExperimentPlan, &'a [T])> {
    let mut parts = Vec::new();
    for planned in sweep.experiments() {
        let (own, others) = runs.split_at(planned.plan.entries.len().min(runs.len()));
        parts.push((planned, own));
        runs = others;
    }
    parts
}

/// The columns that the tables of an experiment share.
pub(super) struct ExperimentTable<'a> {
    planned: &'a ExperimentPlan,
    varying: VaryingKeys,
    columns: VaryingColumns,
    /// The metric of all runs; `None` if they differ.
    metric: Option<EvaluationMetric>,
}

impl<'a> ExperimentTable<'a> {
    pub(super) fn of(planned: &'a ExperimentPlan) -> Self {
        let varying = VaryingKeys::of(planned.plan.entries.iter().map(|entry| &entry.spec));
        let columns = VaryingColumns::of([&varying]);
        let metric = common_metric(planned.plan.entries.iter().map(|entry| planned.metric(&entry.spec)));
        Self { planned, varying, columns, metric }
    }

    /// The columns of the keys that vary.
    pub(super) fn varying_heads(&self) -> TextTable {
        self.columns.heads().fold(TextTable::new(), TextTable::words)
    }

    /// The cells of [`ExperimentTable::varying_heads`].
    pub(super) fn varying_cells(&self, status: &RunStatus<'_>) -> Vec<String> {
        self.columns.cells(&self.varying, &status.entry.spec)
    }

    /// Adds the columns of what the run has reached.
    pub(super) fn number_heads(&self, table: TextTable) -> TextTable {
        let table = table.numbers("epoch");
        let table = if self.metric.is_some() { table } else { table.words("metric") };
        table.numbers(metric_head("valid", self.metric)).numbers("compression").numbers("live gates").spare()
    }

    /// The cells of [`ExperimentTable::number_heads`].
    pub(super) fn number_cells(&self, status: &RunStatus<'_>) -> Vec<String> {
        let spec = &status.entry.spec;
        let shown = status.shown.as_ref();
        let gates = |line: &EpochMetrics| {
            let sum =
                |of: fn(&sparsegate_store::format::GateCount) -> u64| line.counts.gates.iter().map(of).sum::<u64>();
            format!("{}/{}", sum(|gate| gate.kept), sum(|gate| gate.total))
        };
        let mut cells = vec![format!("{}/{}", status.epoch(), spec.train.epochs)];
        cells.extend(self.metric.is_none().then(|| metric_name(self.planned.metric(spec)).to_owned()));
        cells.push(shown.map(|line| format!("{:.3}", line.valid)).unwrap_or_default());
        cells.push(shown.map(|line| progress::compression(line.counts.compression_ratio())).unwrap_or_default());
        cells.push(shown.filter(|line| !line.counts.gates.is_empty()).map(gates).unwrap_or_default());
        cells
    }
}

/// The estimated time until the run's end.
pub(super) fn time_left(status: &RunStatus<'_>) -> String {
    status.seconds_left.map(progress::seconds).unwrap_or_default()
}

/// What is stored of a run and who works on it, in words.
pub(super) fn state(status: &RunStatus<'_>, job: Option<&RunJob>) -> String {
    // A lock may not be seen from another node, so an active job counts first.
    match job.filter(|job| job.is_active()).and_then(RunJob::describe) {
        Some(active) => format!("{active}{}", collapsed(status)),
        None => match &status.holder {
            Some(holder) => format!("running ({holder}){}", collapsed(status)),
            None => stored_state(status, job),
        },
    }
}

/// The same in few words, because [`place`] says where.
pub(super) fn short_state(status: &RunStatus<'_>, job: Option<&RunJob>) -> String {
    match job.map(|job| &job.phase) {
        Some(Phase::Queued { reason }) if reason.is_empty() => "queued".to_owned(),
        Some(Phase::Queued { reason }) => format!("queued ({reason})"),
        Some(Phase::Running { .. }) => format!("running{}", collapsed(status)),
        _ if status.holder.is_some() => format!("running{}", collapsed(status)),
        _ => stored_state(status, job).replace("not-started", "new"),
    }
}

/// Where a run trains or waits: a machine or a job.
pub(super) fn place(status: &RunStatus<'_>, job: Option<&RunJob>) -> String {
    match job.filter(|job| job.is_active()) {
        Some(job) => match &job.phase {
            Phase::Running { node } => format!("job {} on {node}", job.id()),
            _ => format!("job {}", job.id()),
        },
        None => status.holder.as_ref().map(|holder| holder.host.clone()).unwrap_or_default(),
    }
}

/// Whether somebody works on the run, or Slurm is going to.
pub(super) fn is_active(status: &RunStatus<'_>, job: Option<&RunJob>) -> bool {
    status.holder.is_some() || job.is_some_and(RunJob::is_active)
}

fn stored_state(status: &RunStatus<'_>, job: Option<&RunJob>) -> String {
    let entry = status.entry;
    // A folder that was only prepared, for a job or for a later place in a sweep, is no run that was interrupted.
    let is_prepared_only = status.last.is_none() && job.is_none_or(|job| !job.began);
    let word = match entry.status {
        Status::New { .. } if job.is_some() => "not-started",
        Status::Interrupted { epoch: 0 } if is_prepared_only && matches!(entry.dir.position(), Ok(None)) => {
            "not-started"
        }
        ref other => other.word(),
    };
    let ended = job.filter(|_| entry.status != Status::Done).and_then(RunJob::describe);
    let state = if entry.status != Status::Done && not_compiled(&entry.spec).is_some() {
        format!("{} (backend not in this build)", entry.status.word())
    } else {
        ended.map_or_else(|| word.to_owned(), |how| format!("{word}, {how}"))
    };
    format!("{state}{}", collapsed(status))
}

fn collapsed(status: &RunStatus<'_>) -> &'static str {
    if status.shown.as_ref().and_then(EpochMetrics::collapsed).is_some() { ", collapsed" } else { "" }
}

/// Path of what the job printed, relative to the project folder where that is shorter.
fn output_path(global: &Global, job: &RunJob) -> String {
    let path: Utf8PathBuf = job.output.strip_prefix(&global.root).unwrap_or(&job.output).to_owned();
    path.to_string()
}
