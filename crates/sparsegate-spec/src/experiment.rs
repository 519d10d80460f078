//! Resolves an experiment file into its runs and the claims about them.

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::de::from_node;
use super::diagnostic::Diagnostic;
use super::error::SpecError;
use super::file::{ExperimentFile, PublishedSource};
use super::locate::{EntryPart, locate};
use super::node::{Node, PathStep, dotted};
use super::overrides::Override;
use super::sweep::{SweepPoint, overlap};
use super::types::{Backend, Expectation, ModelKind, ModelSpec, Reading, RunSpec, Sparsity, TrainSpec};
use super::{expect, filter, keys, overrides, presets, suggest, validate, yaml};

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
    /// Name of the dataset manifest.
    pub dataset: String,
    /// The runs in sweep order, after `--set` and `--only`.
    pub runs: Vec<RunSpec>,
    /// Claims about the results.
    pub expect: Vec<Expectation>,
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

/// [`load`] for a text that has already been read.
///
/// # Errors
/// As [`load`].
pub fn from_text(file: &Utf8Path, text: &str, set: &[String], only: &[String]) -> Result<Experiment, SpecError> {
    let spoken = |(message, help): (String, String)| SpecError::new(file, message).help(help);
    let placed = |diagnostic: Diagnostic| yaml::placed(file, text, &diagnostic);

    let tree = yaml::tree(file, text)?;
    let written: ExperimentFile = from_node(&tree).map_err(placed)?;
    validate::name("name", &written.name).map_err(placed)?;
    check_source(file, written.source.as_ref()).map_err(placed)?;
    check_also(file, &written.also).map_err(placed)?;

    let overrides = overrides::parse(set).map_err(spoken)?;
    let points = match &written.sweep {
        Some(sweep) => sweep.points(&dotted("sweep")).map_err(placed)?,
        None => vec![SweepPoint::new()],
    };
    let resolver = Resolver { file, text, name: &written.name, base: base(&tree), overrides: &overrides };
    let runs = resolver.runs(&points)?;
    if overrides.is_empty() {
        expect::check(&written.expect, &runs).map_err(placed)?;
    }
    let keep = filter::matching(&runs.iter().collect::<Vec<_>>(), only).map_err(spoken)?;
    let runs: Vec<RunSpec> = runs.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(run, _)| run).collect();
    let dataset = runs.first().map_or_else(|| written.dataset.clone(), |run| run.dataset.clone());
    Ok(Experiment {
        file: file.to_owned(),
        name: written.name,
        about: written.about,
        source: written.source.map(|source| found_from(file, source)),
        also: written.also.iter().map(|other| folder(file).join(other)).collect(),
        dataset,
        runs,
        expect: written.expect,
    })
}

/// The keys of an experiment file that form the base document of its runs.
const BASE: [&str; 7] = ["dataset", "reading", "model", "train", "sparsity", "seed", "backend"];

fn base(tree: &Node) -> Node {
    let entry = |key: &str| tree.get(key).map(|value| (key.to_owned(), value.clone()));
    Node::Map(BASE.iter().filter_map(|key| entry(key)).collect())
}

/// The folder that paths in a spec are relative to.
fn folder(file: &Utf8Path) -> &Utf8Path {
    file.parent().unwrap_or(Utf8Path::new(""))
}

fn check_also(file: &Utf8Path, also: &[Utf8PathBuf]) -> Result<(), Diagnostic> {
    match also.iter().position(|other| !folder(file).join(other).is_file()) {
        Some(index) => {
            let mut at = dotted("also");
            at.push(PathStep::Index(index));
            Err(no_file(file, &at, &also[index]))
        }
        None => Ok(()),
    }
}

fn no_file(file: &Utf8Path, at: &[PathStep], path: &Utf8Path) -> Diagnostic {
    let help = format!("the path is relative to the folder of this file, `{}`", folder(file));
    Diagnostic::new(at, format!("no file `{path}`"), help)
}

fn check_source(file: &Utf8Path, source: Option<&PublishedSource>) -> Result<(), Diagnostic> {
    let Some(authors) = source.and_then(|source| source.authors.as_ref()) else { return Ok(()) };
    for (key, path) in [("final_values", &authors.final_values), ("curves", &authors.curves)] {
        if !folder(file).join(path).is_file() {
            return Err(no_file(file, &dotted(&format!("source.authors.{key}")), path));
        }
    }
    Ok(())
}

/// The source with its paths, which are relative to the spec's folder, resolved.
fn found_from(file: &Utf8Path, mut source: PublishedSource) -> PublishedSource {
    if let Some(authors) = &mut source.authors {
        authors.final_values = folder(file).join(&authors.final_values);
        authors.curves = folder(file).join(&authors.curves);
    }
    source
}

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

/// Turns points into runs and attributes errors to their origin: the base document, the sweep or an override.
struct Resolver<'a> {
    file: &'a Utf8Path,
    text: &'a str,
    name: &'a str,
    base: Node,
    overrides: &'a [Override],
}

impl Resolver<'_> {
    fn runs(&self, points: &[SweepPoint]) -> Result<Vec<RunSpec>, SpecError> {
        let swept = |over: &Override| points.iter().flatten().any(|assign| overlap(&assign.key, over.key));
        let replaced: Vec<&Override> = self.overrides.iter().filter(|over| swept(over)).collect();
        for over in &replaced {
            tracing::warn!("--set {} replaces the values of the sweep for {}", over.written, over.key);
        }
        let mut written: Vec<RunSpec> = Vec::new();
        let mut runs: Vec<RunSpec> = Vec::new();
        for point in points {
            let run = self.run(point)?;
            if written.contains(&run) && replaced.is_empty() {
                let diagnostic = Diagnostic::new(&dotted("sweep"), "", "");
                return Err(self.twice(&diagnostic, point));
            }
            written.push(run.clone());
            // Runs that differ only in options without effect, such as the KL weight of a dense network, are one run.
            let run = run.without_idle_options();
            if runs.contains(&run) {
                continue;
            }
            if let Some(other) = runs.iter().find(|other| other.sparsity.name == run.sparsity.name)
                && other.sparsity != run.sparsity
            {
                let message = format!("two different levels are named `{}`", run.sparsity.name);
                let diagnostic = Diagnostic::new(&dotted("sparsity.name"), message, "give each level its own name");
                return Err(self.locate_error(&diagnostic, point));
            }
            runs.push(run);
        }
        Ok(runs)
    }

    fn twice(&self, at_sweep: &Diagnostic, point: &SweepPoint) -> SpecError {
        let what: Vec<String> = point.iter().map(|assign| format!("{}={}", assign.key, assign.value.label())).collect();
        let path = point.first().map_or_else(|| at_sweep.path(), |assign| assign.origin.clone());
        SpecError::new(self.file, format!("the sweep has the run {} twice", what.join(", ")))
            .at(locate(self.text, &path, EntryPart::Value), self.text)
            .help("remove one of the two, or `exclude` it")
    }

    fn run(&self, point: &SweepPoint) -> Result<RunSpec, SpecError> {
        let mut document = self.base.clone();
        let assigned = point.iter().map(|assign| (assign.key.as_str(), &assign.value));
        let overridden = self.overrides.iter().map(|over| (over.key, &over.value));
        for (key, value) in assigned.chain(overridden) {
            let path = dotted(key);
            document.set(&path, value.clone()).map_err(|depth| {
                let (inside, kind) =
                    (super::node::show(&path[..depth]), document.at(&path[..depth]).map_or("", Node::kind));
                let message = format!("`{inside}` is {kind} here, so nothing can be set inside it");
                self.locate_error(&Diagnostic::new(&path, message, format!("write `{inside}` as a mapping")), point)
            })?;
        }
        // `--set key=null` takes the value away, so the key's default holds.
        for over in self.overrides.iter().filter(|over| over.value == Node::Null) {
            document.remove(&dotted(over.key));
        }
        let read = level(&mut document).and_then(|()| from_node::<Resolved>(&document));
        let Resolved { dataset, reading, model, train, sparsity, seed, backend } =
            read.map_err(|diagnostic| self.locate_error(&diagnostic, point))?;
        let experiment = self.name.to_owned();
        let run = RunSpec { experiment, dataset, reading, model, train, sparsity, seed, backend };
        validate::run(&run).map_err(|diagnostic| self.locate_error(&diagnostic, point))?;
        Ok(run)
    }

    /// Locates an error in a run's document: it is attributed to the last override, sweep value or base key that wrote
    /// the wrong value.
    fn locate_error(&self, diagnostic: &Diagnostic, point: &SweepPoint) -> SpecError {
        let path = diagnostic.path();
        let help = diagnostic.help(keys::full_name);
        let add_help = |error: SpecError| match &help {
            Some(help) => error.help(help),
            None => error,
        };
        if let Some(over) = self.overrides.iter().rev().find(|over| self.wrote(&dotted(over.key), &path)) {
            return add_help(SpecError::new(self.file, format!("--set {}: {}", over.written, diagnostic.message())));
        }
        let Some(assign) = point.iter().rev().find(|assign| self.wrote(&dotted(&assign.key), &path)) else {
            return yaml::placed(self.file, self.text, diagnostic);
        };
        let deeper = path.len().min(assign.key.split('.').count());
        let origin: Vec<PathStep> = assign.origin.iter().chain(&path[deeper..]).cloned().collect();
        let place = locate(self.text, &origin, diagnostic.part);
        add_help(SpecError::new(self.file, diagnostic.message()).at(place, self.text))
    }

    /// Whether an assignment to `key` wrote the value at `path`.
    fn wrote(&self, key: &[PathStep], path: &[PathStep]) -> bool {
        path.starts_with(key) || (key.starts_with(path) && !path.is_empty() && self.base.at(path).is_none())
    }
}

/// Replaces the name of a preset by its definition, which depends on the kind of model.
///
/// An invalid `model.kind` is ignored here; deserialising the run reports it afterwards.
fn level(document: &mut Node) -> Result<(), Diagnostic> {
    let path = dotted("sparsity");
    let kind = document.at(&dotted("model.kind")).and_then(|kind| from_node::<ModelKind>(kind).ok());
    let kind = kind.unwrap_or(ModelKind::LanguageModel);
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
