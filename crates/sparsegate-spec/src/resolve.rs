//! Turns the points of a sweep into runs, and attributes errors to the file, override or sweep value that they stem
//! from.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use camino::Utf8Path;
use serde::Deserialize;

use super::de::from_node;
use super::diagnostic::Diagnostic;
use super::error::SpecError;
use super::locate::{EntryPart, locate};
use super::node::{Node, PathStep, dotted, show};
use super::overrides::Override;
use super::sweep::{Assignment, SweepPoint, overlap};
use super::task::LoadedTask;
use super::types::{Backend, ModelKind, ModelSpec, Reading, RunSpec, Sparsity, TrainSpec};
use super::{keys, presets, suggest, validate, yaml};

/// Keys that a task fixes: its runs are about these data and this kind of network. Outer keys stand for the inner ones.
const FIXED: [&str; 3] = ["dataset", "reading", "model.kind"];

/// Mappings with one key that names a choice; another choice replaces them instead of being merged with them.
const CHOICES: [&str; 4] = ["train.optimizer", "train.schedule", "train.lr_warm_up", "train.kl.warm_up"];

/// The document of one run, after the sweep and overrides are applied.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resolved {
    dataset: String,
    #[serde(default)]
    reading: Reading,
    model: ModelSpec,
    train: TrainSpec,
    sparsity: Sparsity,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    backend: Backend,
}

/// An experiment file as its runs see it.
pub struct Resolver<'a> {
    /// The file.
    pub file: &'a Utf8Path,
    /// Its text.
    pub text: &'a str,
    /// The experiment's name.
    pub name: &'a str,
    /// The base document, without `task`.
    pub base: Node,
    /// The tasks of all points, by name.
    pub tasks: BTreeMap<String, LoadedTask>,
    /// What the experiment sets for one task, by name.
    pub of_task: BTreeMap<String, SweepPoint>,
    /// Overrides, as combinations of one value for each overridden key; one empty combination without overrides.
    pub overrides: &'a [Vec<Override>],
}

/// One run in the making.
#[derive(Clone, Copy)]
struct Draft<'a> {
    task: Option<&'a LoadedTask>,
    point: &'a SweepPoint,
    overrides: &'a [Override],
}

/// Runs in order. An equal one is looked for only among those with the same hash: a sweep may have 10,000 runs.
#[derive(Default)]
struct DistinctRuns {
    in_order: Vec<RunSpec>,
    places: HashMap<u64, Vec<usize>>,
}

impl DistinctRuns {
    /// A hash of all that the run's record would store of it.
    fn hash(run: &RunSpec) -> u64 {
        let mut hasher = DefaultHasher::new();
        // What cannot be serialized shares one hash, and is compared.
        serde_json::to_string(run).unwrap_or_default().hash(&mut hasher);
        hasher.finish()
    }

    fn contains(&self, run: &RunSpec) -> bool {
        self.places.get(&Self::hash(run)).is_some_and(|places| places.iter().any(|at| self.in_order[*at] == *run))
    }

    fn push(&mut self, run: RunSpec) {
        self.places.entry(Self::hash(&run)).or_default().push(self.in_order.len());
        self.in_order.push(run);
    }
}

impl Resolver<'_> {
    /// The runs of all points in order, each once. `task` names the task of a point.
    ///
    /// # Errors
    /// The first run that is invalid or that the sweep has twice.
    pub fn runs(
        &self,
        points: &[SweepPoint],
        task: &dyn Fn(&SweepPoint, &[Override]) -> Option<String>,
    ) -> Result<Vec<RunSpec>, SpecError> {
        let replaced = self.warn_of_replaced(points);
        let mut written = DistinctRuns::default();
        let mut runs = DistinctRuns::default();
        for point in points {
            for overrides in self.overrides {
                let task = task(point, overrides).and_then(|name| self.tasks.get(&name));
                let draft = Draft { task, point, overrides };
                let run = self.run(draft)?;
                if written.contains(&run) && !replaced {
                    return Err(self.twice(point));
                }
                written.push(run.clone());
                // Runs that differ only in options without effect, such as the KL weight of a dense network, are one
                // run.
                let run = run.without_idle_options();
                if runs.contains(&run) {
                    continue;
                }
                // A preset means something else for another kind of model.
                let same_name =
                    |other: &&RunSpec| other.sparsity.name == run.sparsity.name && other.model.kind == run.model.kind;
                if runs.in_order.iter().find(same_name).is_some_and(|other| other.sparsity != run.sparsity) {
                    let message = format!("two different levels are named `{}`", run.sparsity.name);
                    let diagnostic = Diagnostic::new(&dotted("sparsity.name"), message, "give each level its own name");
                    return Err(self.locate_error(&diagnostic, draft, &self.base));
                }
                runs.push(run);
            }
        }
        Ok(runs.in_order)
    }

    /// Warns of overrides that replace values of the sweep; returns whether there are any.
    fn warn_of_replaced(&self, points: &[SweepPoint]) -> bool {
        let Some(overrides) = self.overrides.first() else { return false };
        let swept = |over: &&Override| points.iter().flatten().any(|assign| overlap(&assign.key, over.key));
        let replaced: Vec<&Override> = overrides.iter().filter(swept).collect();
        for over in &replaced {
            tracing::warn!("--set {} replaces the values of the sweep for {}", over.written, over.key);
        }
        !replaced.is_empty()
    }

    fn twice(&self, point: &SweepPoint) -> SpecError {
        let what: Vec<String> = point.iter().map(|assign| format!("{}={}", assign.key, assign.value.label())).collect();
        let path = point.first().map_or_else(|| dotted("sweep"), |assign| assign.origin.clone());
        SpecError::new(self.file, format!("the sweep has the run {} twice", what.join(", ")))
            .at(locate(self.text, &path, EntryPart::Value), self.text)
            .help("remove one of the two, or `exclude` it")
    }

    /// What the experiment sets for the draft's task, then what the sweep assigns.
    fn assigned<'a>(&'a self, draft: Draft<'a>) -> impl DoubleEndedIterator<Item = &'a Assignment> {
        let of_task = draft.task.and_then(|task| self.of_task.get(&task.task.name));
        of_task.into_iter().flatten().chain(draft.point).filter(|assign| assign.key != "task")
    }

    fn run(&self, draft: Draft<'_>) -> Result<RunSpec, SpecError> {
        let mut base = self.base.clone();
        if let Some(task) = draft.task {
            self.check_fixed(task, draft)?;
            base = merged(&[], task.base.clone(), &self.base);
        }
        let mut document = base.clone();
        let assigned = self.assigned(draft).map(|assign| (assign.key.as_str(), &assign.value));
        let overridden = draft.overrides.iter().map(|over| (over.key, &over.value)).filter(|(key, _)| *key != "task");
        for (key, value) in assigned.chain(overridden) {
            let path = dotted(key);
            document.set(&path, value.clone()).map_err(|depth| {
                let (inside, kind) = (show(&path[..depth]), document.at(&path[..depth]).map_or("", Node::kind));
                let message = format!("`{inside}` is {kind} here, so nothing can be set inside it");
                let diagnostic = Diagnostic::new(&path, message, format!("write `{inside}` as a mapping"));
                self.locate_error(&diagnostic, draft, &base)
            })?;
        }
        // `--set key=null` takes the value away, so the key's default holds.
        for over in draft.overrides.iter().filter(|over| over.value == Node::Null) {
            document.remove(&dotted(over.key));
        }
        if draft.task.is_none() && document.get("dataset").is_none() {
            let help = "add `dataset: NAME` for a manifest, or `task: NAME` for a task file";
            return Err(yaml::placed(
                self.file,
                self.text,
                &Diagnostic::new(&[], "the key `dataset` is missing", help),
            ));
        }
        let locate = |diagnostic: Diagnostic| self.locate_error(&diagnostic, draft, &base);
        let read = self.check_used(&document, draft).and_then(|()| level(&mut document));
        let read = read.and_then(|()| from_node::<Resolved>(&document));
        let Resolved { dataset, reading, model, train, sparsity, seed, backend } = read.map_err(locate)?;
        let experiment = self.name.to_owned();
        let task = draft.task.map(|task| task.task.name.clone());
        let run = RunSpec { experiment, task, dataset, reading, model, train, sparsity, seed, backend };
        validate::run(&run).map_err(locate)?;
        Ok(run)
    }

    /// Refuses to set what the task fixes.
    fn check_fixed(&self, task: &LoadedTask, draft: Draft<'_>) -> Result<(), SpecError> {
        let name = &task.task.name;
        let fixed = |key: &str| FIXED.iter().any(|fixed| overlap(key, fixed));
        let message = |key: &str| format!("`{key}` is fixed by the task `{name}`, see {}", task.task.file);
        let help = "remove it here; for other data or another kind of network write another task file";
        let refuse = |key: &str, place: &[PathStep]| {
            let position = locate(self.text, place, EntryPart::Key);
            Err(SpecError::new(self.file, message(key)).at(position, self.text).help(help))
        };
        if let Some(over) = draft.overrides.iter().find(|over| fixed(over.key)) {
            let message = format!("--set {}: {}", over.written, message(over.key));
            return Err(SpecError::new(self.file, message).help("override a key that the task does not fix"));
        }
        if let Some(assign) = self.assigned(draft).find(|assign| fixed(&assign.key)) {
            let listed = matches!(assign.origin.last(), Some(PathStep::Index(_)));
            return refuse(&assign.key, &assign.origin[..assign.origin.len() - usize::from(listed)]);
        }
        match FIXED.into_iter().find(|key| self.base.at(&dotted(key)).is_some()) {
            Some(key) => refuse(key, &dotted(key)),
            None => Ok(()),
        }
    }

    /// Refuses to set a key that no run of the draft's task can have.
    fn check_used(&self, document: &Node, draft: Draft<'_>) -> Result<(), Diagnostic> {
        let Some(task) = draft.task else { return Ok(()) };
        let Some(kind) = kind_of(document) else { return Ok(()) };
        for assign in self.assigned(draft) {
            let Some(why) = validate::unused(kind, &assign.key) else { continue };
            let message = format!("no run of the task `{}` has this key: {why}", task.task.name);
            let others: Vec<&str> = self
                .tasks
                .values()
                .filter(|other| kind_of(&other.base).is_some_and(|kind| validate::unused(kind, &assign.key).is_none()))
                .map(|other| other.task.name.as_str())
                .collect();
            let help = if others.is_empty() {
                "remove it: none of the experiment's tasks has it".to_owned()
            } else {
                format!(
                    "sweep over it with {} alone, in an entry of `concat`, or set it there under `tasks:`",
                    suggest::list(others)
                )
            };
            return Err(Diagnostic::new(&dotted(&assign.key), message, help).on_key());
        }
        Ok(())
    }

    /// Locates an error in a run's document: it is attributed to the last override, value of the sweep or of `tasks`,
    /// key of the base, or key of the task file that wrote the wrong value. `base` is what the sweep starts from.
    fn locate_error(&self, diagnostic: &Diagnostic, draft: Draft<'_>, base: &Node) -> SpecError {
        let path = diagnostic.path();
        let help = diagnostic.help(keys::full_name);
        let add_help = |error: SpecError| match &help {
            Some(help) => error.help(help),
            None => error,
        };
        let name = draft.task.map(|task| format!("`{}`", task.task.name));
        let name = name.filter(|name| !diagnostic.message().contains(name));
        let of_task = name.map_or_else(String::new, |name| format!(" (task {name})"));
        let wrote = |key: &str| wrote(base, &dotted(key), &path);
        if let Some(over) = draft.overrides.iter().rev().find(|over| wrote(over.key)) {
            let message = format!("--set {}: {}{of_task}", over.written, diagnostic.message());
            return add_help(SpecError::new(self.file, message));
        }
        let Some(assign) = self.assigned(draft).rev().find(|assign| wrote(&assign.key)) else {
            let in_task = !path.is_empty() && self.base.at(&path).is_none();
            return match draft.task.filter(|_| in_task) {
                Some(task) => yaml::placed(&task.task.file, &task.text, diagnostic),
                None => yaml::placed(self.file, self.text, diagnostic),
            };
        };
        let deeper = path.len().min(assign.key.split('.').count());
        let mut origin: Vec<PathStep> = assign.origin.iter().chain(&path[deeper..]).cloned().collect();
        // The key of a list of values is that of the list.
        if diagnostic.part == EntryPart::Key && matches!(origin.last(), Some(PathStep::Index(_))) {
            origin.pop();
        }
        let place = locate(self.text, &origin, diagnostic.part);
        add_help(SpecError::new(self.file, format!("{}{of_task}", diagnostic.message())).at(place, self.text))
    }
}

fn kind_of(document: &Node) -> Option<ModelKind> {
    document.at(&dotted("model.kind")).and_then(|kind| from_node::<ModelKind>(kind).ok())
}

/// Whether an assignment to `key` wrote the value at `path`, in a document that began as `base`.
fn wrote(base: &Node, key: &[PathStep], path: &[PathStep]) -> bool {
    path.starts_with(key) || (key.starts_with(path) && !path.is_empty() && base.at(path).is_none())
}

/// `under`, the document of a task, with the values of `over`, the base of an experiment. Mappings are merged.
fn merged(path: &[&str], under: Node, over: &Node) -> Node {
    match (under, over) {
        (Node::Map(mut entries), Node::Map(more)) => {
            let first = |entries: &[(String, Node)]| entries.first().map(|(key, _)| key.clone());
            if CHOICES.contains(&path.join(".").as_str()) && first(&entries) != first(more) {
                return over.clone();
            }
            for (key, value) in more {
                let path: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
                match entries.iter_mut().find(|(name, _)| name == key) {
                    Some((_, inner)) => *inner = merged(&path, std::mem::replace(inner, Node::Null), value),
                    None => entries.push((key.clone(), value.clone())),
                }
            }
            Node::Map(entries)
        }
        // `model:` without anything below it changes nothing.
        (map @ Node::Map(_), Node::Null) if path.len() == 1 => map,
        (_, over) => over.clone(),
    }
}

/// Replaces the name of a preset by its definition, which depends on the kind of model.
///
/// An invalid `model.kind` is ignored here; deserialising the run reports it afterwards.
fn level(document: &mut Node) -> Result<(), Diagnostic> {
    let path = dotted("sparsity");
    let kind = kind_of(document).unwrap_or(ModelKind::LanguageModel);
    match document.get("sparsity") {
        Some(Node::Text(name)) => {
            let Some(preset) = presets::level(kind, name) else {
                let help = suggest::hint(name, "levels", presets::NAMES);
                return Err(Diagnostic::new(&path, format!("unknown level `{name}`"), help));
            };
            let written = serde_json::to_value(preset).map_or(Node::Null, Node::from);
            document.set(&path, written).map_err(|_| Diagnostic::new(&path, "expected a level", "name a level"))
        }
        Some(Node::Map(_)) => Ok(()),
        Some(Node::Null) | None => {
            let help = format!(
                "add `sparsity: NAME` or sweep over it; levels: {}",
                suggest::list(presets::NAMES.iter().copied())
            );
            Err(Diagnostic::new(&[], "the key `sparsity` is missing", help))
        }
        Some(other) => {
            let help = suggest::hint("", "levels", presets::NAMES);
            Err(Diagnostic::new(
                &path,
                format!("expected the name of a level or a mapping, found {}", other.kind()),
                help,
            ))
        }
    }
}
