//! The runs of a report: one row per planned run, with the content of its folder.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use camino::Utf8Path;

use sparsegate_core::EvaluationMetric;
use sparsegate_spec::types::{RunSpec, Sparsity};
use sparsegate_spec::{Experiment, Preset, VaryingKeys};
use sparsegate_store::EpochTime;
use sparsegate_store::classes::ClassResults;
use sparsegate_store::format::{Collapse, EpochMetrics, RunRecord, Structure, Summary, TrivialBaseline};
use sparsegate_store::plan::{Plan, PlanEntry, Status};
use sparsegate_store::speed::Speed;

use super::stored_run::{StoredRun, chain, named_metric, read, stale_run};
use super::{ReportError, metric, points};

/// State of a run as shown in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// All epochs finished.
    Done,
    /// Not finished: stopped with its state saved, or still running.
    Interrupted,
    /// Stopped with an error.
    Failed,
    /// The planned run is not stored; the row shows another stored run of the same point.
    Stale,
    /// No run is stored for this point.
    Missing,
    /// The planned run is stored, but one of its files cannot be read.
    Damaged,
}

impl RowState {
    /// Name as written in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
            Self::Stale => "stale",
            Self::Missing => "missing",
            Self::Damaged => "damaged",
        }
    }
}

/// One run of the plan.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// Key of the run shown, or of the planned run if none is stored.
    pub run: String,
    /// Short name that distinguishes it from the plan's other runs.
    pub label: String,
    /// The label without the seed, which the runs of one point share.
    pub point: String,
    /// Place of the point among those of the same level and cell, which selects the shade of the level's colour, and
    /// their number.
    pub shade: (usize, usize),
    /// Spec of the run shown, or of the planned run if none is stored.
    pub spec: RunSpec,
    /// State.
    pub state: RowState,
    /// Epochs of the planned run.
    pub planned_epochs: u32,
    /// `run.json`.
    pub record: Option<Arc<RunRecord>>,
    /// `summary.json`.
    pub summary: Option<Arc<Summary>>,
    /// `metrics.jsonl`, oldest first.
    pub metrics: Arc<[EpochMetrics]>,
    /// `times.jsonl`, oldest first; empty for a run of a version that stored none.
    pub times: Arc<[EpochTime]>,
    /// `structure.json`, of which only what a report shows: the strongest words and the gates of each unit.
    pub structure: Option<Arc<Structure>>,
    /// `speed.json`.
    pub speed: Option<Arc<Speed>>,
    /// `classes.json`.
    pub classes: Option<Arc<ClassResults>>,
    /// The metric, if any stored run of the experiment or task says which.
    pub metric: Option<EvaluationMetric>,
    /// Index of the level among the experiment's levels that are not in the paper; selects its colour.
    pub level_index: usize,
}

impl RunRow {
    /// The recurrent cell's name.
    pub fn cell(&self) -> &'static str {
        self.spec.model.cell.name()
    }

    /// The sparsity level's name.
    pub fn level(&self) -> &str {
        &self.spec.sparsity.name
    }

    /// The epoch that the run is reported at: the last finished one, or the one whose model a finished run with
    /// `train.select: best` stored.
    pub fn last(&self) -> Option<&EpochMetrics> {
        self.selected().or(self.metrics.last())
    }

    /// The epoch that `train.select: best` chose, if the run is done.
    fn selected(&self) -> Option<&EpochMetrics> {
        self.summary.as_deref().and_then(|summary| summary.selected).and_then(|epoch| self.at(epoch))
    }

    /// The given epoch, if it was finished.
    pub fn at(&self, epoch: u32) -> Option<&EpochMetrics> {
        self.metrics.iter().find(|line| line.epoch == epoch)
    }

    /// The seconds that an epoch took, if that is stored.
    pub fn seconds_of(&self, epoch: u32) -> Option<f64> {
        let place = self.times.binary_search_by_key(&epoch, |time| time.epoch).ok()?;
        Some(self.times[place].seconds)
    }

    /// Number of finished epochs.
    pub fn epochs(&self) -> u32 {
        self.metrics.last().map_or(0, |line| line.epoch)
    }

    /// Whether any part of the model is sparsified.
    pub fn is_sparse(&self) -> bool {
        sparse(&self.spec.sparsity)
    }

    /// The epoch with the best validation metric; the first one in a tie. If `train.select: best` chose an epoch, that
    /// one. Figures of single values show dense runs at this epoch, since they overfit and the papers quote this value.
    /// Tables have both.
    pub fn best(&self) -> Option<&EpochMetrics> {
        self.selected().or_else(|| metric::best_epoch(self.metric, &self.metrics))
    }

    /// The epoch that the run is quoted at: a sparse run at [`RunRow::last`], a dense one at [`RunRow::best`], as in
    /// the paper.
    pub fn quoted(&self) -> Option<&EpochMetrics> {
        if self.is_sparse() { self.last() } else { self.best() }
    }

    /// Label, followed by the state unless it is `done`.
    pub fn title(&self) -> String {
        self.with_state(&self.label)
    }

    /// The same without the cell's name, for panels that have it as their title.
    pub fn title_in_cell(&self) -> String {
        self.with_state(&self.in_cell(&self.label))
    }

    /// A label without the cell's name; the level if nothing else is left.
    pub fn in_cell(&self, label: &str) -> String {
        let parts: Vec<&str> = label.split(", ").filter(|part| *part != self.cell()).collect();
        if parts.is_empty() { self.level().to_owned() } else { parts.join(", ") }
    }

    fn with_state(&self, label: &str) -> String {
        match (self.state, self.collapsed()) {
            (RowState::Done, None) => label.to_owned(),
            (RowState::Done, Some(_)) => format!("{label} (collapsed)"),
            _ => format!("{label} ({})", self.state_text()),
        }
    }

    /// The state as shown in tables, such as `done` or `done, collapsed`.
    pub fn state_text(&self) -> String {
        let collapsed = if self.collapsed().is_some() { ", collapsed" } else { "" };
        format!("{}{collapsed}", self.state.name())
    }

    /// Whether the network has learned nothing after the last finished epoch.
    pub fn collapsed(&self) -> Option<Collapse> {
        self.last().and_then(EpochMetrics::collapsed)
    }

    /// The epoch from which on every epoch was marked as collapsed.
    pub fn collapsed_since(&self) -> Option<u32> {
        let marked = self.metrics.iter().rev().take_while(|line| line.collapsed().is_some());
        marked.last().map(|line| line.epoch)
    }

    /// What a predictor that reads nothing reaches on the run's data, if it is stored.
    pub fn baseline(&self) -> Option<&TrivialBaseline> {
        self.summary.as_deref().and_then(|summary| summary.baseline.as_ref())
    }
}

/// The different baselines of the runs, each with the first run that has it; usually one, that of the data set.
pub fn baselines(rows: &[RunRow]) -> Vec<(&RunRow, &TrivialBaseline)> {
    let mut found: Vec<(&RunRow, &TrivialBaseline)> = Vec::new();
    for (row, baseline) in rows.iter().filter_map(|row| Some((row, row.baseline()?))) {
        if found.iter().all(|(_, other)| *other != baseline) {
            found.push((row, baseline));
        }
    }
    found
}

fn sparse(level: &Sparsity) -> bool {
    level.is_variational() || level.is_baseline()
}

/// The runs of a report, with warnings from reading them.
#[derive(Debug, Clone, Default)]
pub struct RunRows {
    /// One row per planned run, in the plan's order.
    pub rows: Vec<RunRow>,
    /// The keys in which the planned runs differ.
    pub varying: VaryingKeys,
    /// Folders that cannot be read, one sentence each.
    pub warnings: Vec<String>,
    /// Number of stored runs of the experiment that are in no row.
    pub left_out: usize,
}

impl RunRows {
    /// Whether all planned runs are missing.
    pub fn is_empty(&self) -> bool {
        self.rows.iter().all(|row| row.state == RowState::Missing)
    }
}

impl RunRows {
    /// The rows of one part of an experiment, with names and colours that tell them apart there. Warnings and the
    /// number of runs left out stay with the whole.
    #[must_use]
    pub fn part(&self, plan: &Plan, part: &str) -> Self {
        let rows = self.rows.iter().zip(&plan.entries).filter(|(_, entry)| entry.spec.part() == part);
        let (rows, entries): (Vec<&RunRow>, Vec<PlanEntry>) = rows.map(|(row, entry)| (row, entry.clone())).unzip();
        let plan = Plan { entries };
        let names = RowNames::of(&plan);
        let named = |(index, row): (usize, &RunRow)| RunRow {
            label: names.label(&plan.entries[index].spec),
            point: names.point(&plan.entries[index].spec),
            shade: names.shades[index],
            level_index: names.level_indices[index],
            ..row.clone()
        };
        let rows = rows.into_iter().enumerate().map(named).collect();
        Self { rows, varying: names.varying, warnings: Vec::new(), left_out: 0 }
    }
}

/// What tells the runs of a plan apart in tables and figures.
struct RowNames {
    varying: VaryingKeys,
    without_seed: VaryingKeys,
    shades: Vec<(usize, usize)>,
    level_indices: Vec<usize>,
}

impl RowNames {
    fn of(plan: &Plan) -> Self {
        let varying = VaryingKeys::of(plan.entries.iter().map(|entry| &entry.spec));
        let mut own_levels: Vec<&str> = Vec::new();
        let level_index = |level| {
            let known = Preset::from_name(level).is_some();
            let index = own_levels.iter().position(|own| *own == level).unwrap_or(own_levels.len());
            if !known && index == own_levels.len() {
                own_levels.push(level);
            }
            index
        };
        let level_indices =
            plan.entries.iter().map(|entry| entry.spec.sparsity.name.as_str()).map(level_index).collect();
        let without_seed = varying.without(&["seed"]);
        Self { shades: points::shades(plan, &varying), level_indices, without_seed, varying }
    }

    fn label(&self, spec: &RunSpec) -> String {
        self.varying.label(spec)
    }

    /// The label without the seed.
    fn point(&self, spec: &RunSpec) -> String {
        self.without_seed.label(spec)
    }
}

/// Reads the experiment's run folders and selects one for each planned run: the run with its key, or else the stored
/// run of the same point (level, cell, seed, backend and whatever the sweep varies) with the most finished epochs.
///
/// # Errors
/// The runs folder cannot be listed. A run folder that cannot be read only gives a warning.
pub fn collect(root: &Utf8Path, experiment: &Experiment, plan: &Plan) -> Result<RunRows, ReportError> {
    let store_error = |source| ReportError::Store { experiment: experiment.name.clone(), source };
    let mut dirs = sparsegate_store::runs(root, &experiment.name).map_err(store_error)?;
    // A planned run may have been trained by another experiment.
    dirs.extend(plan.entries.iter().map(|entry| entry.dir.clone()).filter(|dir| dir.path().join("run.json").exists()));
    dirs.sort_by(|a, b| a.path().cmp(b.path()));
    dirs.dedup();
    let mut found = RunRows::default();
    let mut stored = Vec::new();
    let planned: BTreeMap<&Utf8Path, &Status> =
        plan.entries.iter().map(|entry| (entry.dir.path(), &entry.status)).collect();
    for dir in &dirs {
        let status = planned.get(dir.path());
        if let Some(Status::Damaged { error }) = status {
            found.warnings.push(format!("{} is left out: {error}", dir.path()));
            continue;
        }
        // The planned runs were verified for the plan.
        let verified = if status.is_some() { Ok(true) } else { dir.check_manifest() };
        match verified.and_then(|_| read(dir)) {
            Ok(Some(run)) => stored.push(run),
            Ok(None) => found.warnings.push(format!("{} is left out: it has no run.json", dir.path())),
            Err(error) => found.warnings.push(format!("{} is left out: {}", dir.path(), chain(&error))),
        }
    }
    let several_parts = plan.entries.iter().any(|entry| entry.spec.part() != plan.entries[0].spec.part());
    let metric = |spec: &RunSpec| {
        let same = |run: &&StoredRun| !several_parts || run.record.spec.part() == spec.part();
        stored.iter().filter(same).find_map(named_metric)
    };
    let names = RowNames::of(plan);
    let by_key: HashMap<&str, usize> = stored.iter().enumerate().map(|(at, run)| (run.key.as_str(), at)).collect();
    let planned: HashSet<&str> = plan.entries.iter().map(|entry| entry.key.as_str()).collect();
    let mut used = vec![false; stored.len()];
    for (index, entry) in plan.entries.iter().enumerate() {
        let exact = by_key.get(entry.key.as_str()).copied();
        // Substituting another run for a damaged one would hide the damage.
        let damaged = matches!(entry.status, Status::Damaged { .. });
        let substitute = || if damaged { None } else { stale_run(&stored, &planned, &entry.spec, &names.varying) };
        let chosen = exact.filter(|_| !damaged).or_else(substitute);
        if let Some(stored) = chosen {
            used[stored] = true;
        }
        let run = chosen.map(|at| &stored[at]);
        let state = match (exact, chosen, &entry.status) {
            (_, _, Status::Damaged { .. }) => RowState::Damaged,
            (_, None, _) => RowState::Missing,
            (None, Some(_), _) | (Some(_), _, Status::Stale { .. }) => RowState::Stale,
            (Some(_), _, Status::Done) => RowState::Done,
            (Some(_), _, Status::Failed { .. }) => RowState::Failed,
            (Some(_), _, Status::New { .. } | Status::Continues { .. } | Status::Interrupted { .. }) => {
                RowState::Interrupted
            }
        };
        found.rows.push(RunRow {
            run: run.map_or_else(|| entry.key.clone(), |run| run.key.clone()),
            label: names.label(&entry.spec),
            point: names.point(&entry.spec),
            shade: names.shades[index],
            spec: spec_of_row(entry, run),
            state,
            planned_epochs: entry.spec.train.epochs,
            record: run.map(|run| run.record.clone()),
            summary: run.and_then(|run| run.summary.clone()),
            metrics: run.map_or_else(|| Arc::from([]), |run| run.metrics.clone()),
            times: run.map_or_else(|| Arc::from([]), |run| run.times.clone()),
            structure: run.and_then(|run| run.structure.clone()),
            speed: run.and_then(|run| run.speed.clone()),
            classes: run.and_then(|run| run.classes.clone()),
            metric: run.and_then(named_metric).or_else(|| metric(&entry.spec)),
            level_index: names.level_indices[index],
        });
    }
    found.varying = names.varying;
    found.left_out = used.iter().filter(|used| !**used).count();
    Ok(found)
}

/// The settings that a row shows and that claims are matched with. A run that is shared with another experiment was
/// stored under the names of that one: of its experiment, and of a task or none.
fn spec_of_row(entry: &PlanEntry, run: Option<&StoredRun>) -> RunSpec {
    match run {
        Some(run) if run.key != entry.key => {
            let RunSpec { experiment, task, .. } = entry.spec.clone();
            RunSpec { experiment, task, ..run.record.spec.clone() }
        }
        _ => entry.spec.clone(),
    }
}
