//! Resolves an experiment file into its runs and the claims about them.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::de::from_node;
use super::diagnostic::Diagnostic;
use super::error::SpecError;
use super::file::{ExperimentFile, PublishedSource};
use super::locate::{EntryPart, locate};
use super::node::{Node, PathStep, dotted, show};
use super::overrides::Override;
use super::paths::{check_also, check_source, folder, found_from};
use super::resolve::Resolver;
use super::sweep::{OrderedMap, SweepPoint, assign_all, overlap};
use super::task::{self, LoadedTask, Task, TaskError};
use super::types::{Expectation, RunSpec};
use super::{expect, filter, overrides, suggest, validate, yaml};

/// An experiment file with overrides applied, its sweep expanded and filtered.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// The file it was read from.
    pub file: Utf8PathBuf,
    /// Its name, which is also the name of its folders under `runs/` and `reports/`.
    pub name: String,
    /// One-line description.
    pub about: Option<String>,
    /// Source of its published numbers.
    pub source: Option<PublishedSource>,
    /// Further experiment files that [`super::load_all()`] loads with it.
    pub also: Vec<Utf8PathBuf>,
    /// Name of the dataset manifest of the first run; [`Experiment::datasets`] has all of them.
    pub dataset: String,
    /// The tasks of the runs, in order of appearance; none if the file gives data set, network and training itself.
    pub tasks: Vec<Task>,
    /// The runs in sweep order, after `--set` and `--only`.
    pub runs: Vec<RunSpec>,
    /// Claims about the results.
    pub expect: Vec<Expectation>,
}

impl Experiment {
    /// The names of the dataset manifests, in order of appearance.
    pub fn datasets(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.runs.iter().map(|run| run.dataset.as_str()).collect();
        distinct(&mut names);
        if names.is_empty() { vec![&self.dataset] } else { names }
    }

    /// The names of the parts within which results can be compared, in order of appearance: the tasks, or the data sets
    /// of runs without a task.
    pub fn parts(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.runs.iter().map(RunSpec::part).collect();
        distinct(&mut names);
        names
    }

    /// The task of this name.
    pub fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }
}

/// Keeps the first of equal names.
fn distinct(names: &mut Vec<&str>) {
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
}

/// Reads `file`, applies the overrides `set` (`key=value`), expands the sweep and keeps the runs that match one of
/// the filters `only` (`key=value[,key=value]`).
///
/// Overrides take precedence over the sweep; runs that become equal through an override are merged.
///
/// # Errors
/// An error in the file, an override or a filter.
pub fn load(file: &Utf8Path, set: &[String], only: &[String]) -> Result<Experiment, SpecError> {
    let text = yaml::read(file)?;
    from_text(file, &text, set, only)
}

/// [`load`] for a text that has already been read. `file` need not exist; its folder is the one that paths and tasks
/// are looked for in.
///
/// # Errors
/// As [`load`].
pub fn from_text(file: &Utf8Path, text: &str, set: &[String], only: &[String]) -> Result<Experiment, SpecError> {
    read(file, text, Selection { set, only, later: &[] }, None)
}

/// What a command line makes of an experiment.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// Overrides, `key=value`.
    pub set: &'a [String],
    /// Filters that each must match a run.
    pub only: &'a [String],
    /// Filters that the caller applies afterwards, to the runs of several experiments.
    pub later: &'a [String],
}

/// [`from_text`] with a further folder of task files.
pub fn read(
    file: &Utf8Path,
    text: &str,
    Selection { set, only, later }: Selection<'_>,
    shared_tasks: Option<&Utf8Path>,
) -> Result<Experiment, SpecError> {
    let spoken = |(message, help): (String, String)| SpecError::new(file, message).help(help);
    let placed = |diagnostic: Diagnostic| yaml::placed(file, text, &diagnostic);

    let tree = yaml::tree(file, text)?;
    refuse_task_file(&tree).map_err(placed)?;
    let written: ExperimentFile = from_node(&tree).map_err(placed)?;
    validate::name("name", &written.name).map_err(placed)?;
    check_source(file, written.source.as_ref()).map_err(placed)?;
    check_also(file, &written.also).map_err(placed)?;
    expect::refuse_empty_where(&tree).map_err(placed)?;

    let overrides = overrides::combinations(&overrides::parse(set).map_err(spoken)?).map_err(spoken)?;
    let mut points = match &written.sweep {
        Some(sweep) => {
            sweep.refuse_empty_where(tree.get("sweep"), &dotted("sweep")).map_err(placed)?;
            sweep.points(&dotted("sweep")).map_err(placed)?
        }
        None => vec![SweepPoint::new()],
    };
    let in_file = names_of_tasks(&points, written.task.as_ref());
    if !set.is_empty() {
        keep_chosen_tasks(&mut points, &overrides, written.task.as_ref(), &[only, later].concat());
    }
    let tasks = Place { file, text }.load_tasks(&points, &overrides, written.task.as_ref(), shared_tasks)?;
    let of_task = settings_of_tasks(written.tasks.as_ref(), &tasks, &in_file, &points).map_err(placed)?;
    let base = base(&tree);
    let resolver = Resolver { file, text, name: &written.name, base, tasks, of_task, overrides: &overrides };
    let name = |point: &SweepPoint, overrides: &[Override]| match task_of(point, overrides, written.task.as_ref()) {
        Some((Node::Text(name), _)) => Some(name.clone()),
        _ => None,
    };
    let runs = resolver.runs(&points, &name)?;
    if set.is_empty() {
        expect::check(&written.expect, &runs).map_err(placed)?;
    }
    let keep = filter::matching(&runs.iter().collect::<Vec<_>>(), only).map_err(spoken)?;
    let runs: Vec<RunSpec> = runs.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(run, _)| run).collect();
    let dataset = runs.first().map_or_else(String::new, |run| run.dataset.clone());
    let mut names: Vec<&str> = runs.iter().filter_map(|run| run.task.as_deref()).collect();
    distinct(&mut names);
    let tasks = names.iter().filter_map(|name| resolver.tasks.get(*name)).map(|task| task.task.clone()).collect();
    Ok(Experiment {
        file: file.to_owned(),
        name: written.name,
        about: written.about,
        source: written.source.map(|source| found_from(file, source)),
        also: written.also.iter().map(|other| folder(file).join(other)).collect(),
        dataset,
        tasks,
        runs,
        expect: written.expect,
    })
}

/// Keeps the points of tasks that the filters choose, if every filter names a task. An override may suit only these: no
/// other task need have an embedding for `--only task=imdb --set model.embedding.size=50`. Filters that choose no task
/// here change nothing, so that they are reported with the tasks that there are.
fn keep_chosen_tasks(
    points: &mut Vec<SweepPoint>,
    overrides: &[Vec<Override>],
    base: Option<&Node>,
    filters: &[String],
) {
    let task_in = |filter: &String| {
        let mut pairs = filter.split(',').filter_map(filter::split);
        pairs.find(|(key, _)| *key == "task").map(|(_, name)| name.to_owned())
    };
    let Some(chosen) = filters.iter().map(task_in).collect::<Option<Vec<String>>>().filter(|all| !all.is_empty())
    else {
        return;
    };
    let is_chosen = |point: &SweepPoint| {
        let mut tasks = overrides.iter().filter_map(|some| task_of(point, some, base));
        tasks.any(|(name, _)| chosen.contains(&name.label()))
    };
    if points.iter().any(is_chosen) {
        points.retain(is_chosen);
    }
}

/// Says what a task file is to somebody who takes it for an experiment.
fn refuse_task_file(tree: &Node) -> Result<(), Diagnostic> {
    match tree.get("task") {
        Some(Node::Text(task)) if tree.get("name").is_none() => {
            let help = format!("name an experiment that has `sweep: {{ product: {{ task: [{task}] }} }}`");
            Err(Diagnostic::new(&dotted("task"), "this file is a task, not an experiment", help).on_key())
        }
        _ => Ok(()),
    }
}

/// The value that names the task of a run, and where the file has it; the last override wins over the sweep, which wins
/// over the key `task` of the file.
fn task_of<'a>(
    point: &'a SweepPoint,
    overrides: &'a [Override],
    base: Option<&'a Node>,
) -> Option<(&'a Node, Option<Vec<PathStep>>)> {
    if let Some(over) = overrides.iter().find(|over| over.key == "task") {
        return Some((&over.value, None));
    }
    let swept = point.iter().find(|assign| assign.key == "task");
    swept.map(|assign| (&assign.value, Some(assign.origin.clone()))).or_else(|| Some((base?, Some(dotted("task")))))
}

/// A file with its text, for errors.
#[derive(Clone, Copy)]
struct Place<'a> {
    file: &'a Utf8Path,
    text: &'a str,
}

impl Place<'_> {
    /// Loads the tasks of all runs.
    fn load_tasks(
        self,
        points: &[SweepPoint],
        overrides: &[Vec<Override>],
        base: Option<&Node>,
        shared: Option<&Utf8Path>,
    ) -> Result<BTreeMap<String, LoadedTask>, SpecError> {
        let mut loaded = BTreeMap::new();
        let mut folders = None;
        for (point, overrides) in points.iter().flat_map(|point| overrides.iter().map(move |some| (point, some))) {
            let Some((value, origin)) = task_of(point, overrides, base) else { continue };
            let refuse = |message: String, help: String| {
                let error = match &origin {
                    Some(path) => SpecError::new(self.file, format!("`{}`: {message}", show(path)))
                        .at(locate(self.text, path, EntryPart::Value), self.text),
                    None => SpecError::new(self.file, format!("--set task: {message}")),
                };
                error.help(help)
            };
            let name = match value {
                Node::Text(name) => name,
                Node::Null => continue,
                other => {
                    let help = "put a name that looks like a number in quotes";
                    return Err(refuse(format!("expected the name of a task, found {}", other.kind()), help.into()));
                }
            };
            if loaded.contains_key(name) {
                continue;
            }
            let folders = folders.get_or_insert_with(|| task::folders(self.file, shared));
            let task = task::load(folders, name).map_err(|error| match error {
                TaskError::Name(message, help) => refuse(message, help),
                TaskError::File(error) => error,
            })?;
            loaded.insert(name.clone(), task);
        }
        Ok(loaded)
    }
}

/// The tasks that the file itself names, whatever overrides and filters leave of them.
fn names_of_tasks(points: &[SweepPoint], base: Option<&Node>) -> BTreeSet<String> {
    points.iter().filter_map(|point| task_of(point, &[], base)).map(|(name, _)| name.label()).collect()
}

/// What the section `tasks` sets, by task. A task `in_file` that no run has was left out by overrides or filters, and so
/// are its settings.
fn settings_of_tasks(
    written: Option<&OrderedMap<OrderedMap<Node>>>,
    tasks: &BTreeMap<String, LoadedTask>,
    in_file: &BTreeSet<String>,
    points: &[SweepPoint],
) -> Result<BTreeMap<String, SweepPoint>, Diagnostic> {
    let mut all = BTreeMap::new();
    for (name, values) in written.into_iter().flat_map(|map| &map.0) {
        let here = vec![PathStep::Key("tasks".into()), PathStep::Key(name.clone())];
        if !tasks.contains_key(name) {
            if in_file.contains(name) {
                continue;
            }
            let known: Vec<&str> = tasks.keys().map(String::as_str).collect();
            let help = suggest::hint(name, "tasks of this experiment", &known);
            return Err(Diagnostic::new(&here, "no run has this task", help).on_key());
        }
        let point = assign_all(values, &here)?;
        for assign in &point {
            if assign.key == "task" {
                return Err(Diagnostic::new(&assign.origin, "a task cannot become another one", "remove it").on_key());
            }
            if points.iter().flatten().any(|other| overlap(&other.key, &assign.key)) {
                let message = "the sweep assigns this key too";
                let help = format!("keep `{}` here or in the sweep", assign.key);
                return Err(Diagnostic::new(&assign.origin, message, help).on_key());
            }
        }
        all.insert(name.clone(), point);
    }
    Ok(all)
}

/// The keys of an experiment file that form the base document of its runs.
const BASE: [&str; 7] = ["dataset", "reading", "model", "train", "sparsity", "seed", "backend"];

fn base(tree: &Node) -> Node {
    let entry = |key: &str| tree.get(key).map(|value| (key.to_owned(), value.clone()));
    Node::Map(BASE.iter().filter_map(|key| entry(key)).collect())
}
