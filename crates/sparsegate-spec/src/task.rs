//! Task files: a data set with the network and the training that suit it, for experiments that sweep over tasks.

use camino::{Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::Deserialize;

use super::de::from_node;
use super::diagnostic::Diagnostic;
use super::error::SpecError;
use super::file::PublishedSource;
use super::node::{Node, dotted};
use super::paths::{check_source, found_from};
use super::types::{ModelSpec, Reading, TrainSpec};
use super::{suggest, validate, yaml};

/// Name of the folder that holds task files.
const FOLDER: &str = "tasks";

/// Keys of a task that give the document of its runs.
const BASE: [&str; 4] = ["dataset", "reading", "model", "train"];

/// A task as written: a data set, a network and its training.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "sparsegate task")]
#[expect(
    dead_code,
    reason = "the base of the runs is read from the tree; its fields here define the known keys and the schema"
)]
pub struct TaskFile {
    /// Name of the task, which is also the name of its file.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"))]
    pub task: String,
    /// One-line description.
    #[serde(default)]
    pub about: Option<String>,
    /// Source of the published numbers; paths relative to this file's folder.
    #[serde(default)]
    pub source: Option<PublishedSource>,
    /// Name of the dataset manifest, `datasets/<name>.yaml`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"))]
    pub dataset: String,
    /// Deviations from the manifest when reading labelled texts. Default: none.
    #[serde(default)]
    #[schemars(with = "Option<Reading>")]
    pub reading: Option<Node>,
    /// The network.
    #[schemars(with = "ModelSpec")]
    pub model: Node,
    /// The training loop.
    #[schemars(with = "TrainSpec")]
    pub train: Node,
}

/// A task of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// The file it was read from.
    pub file: Utf8PathBuf,
    /// One-line description.
    pub about: Option<String>,
    /// Source of its published numbers, with paths resolved.
    pub source: Option<PublishedSource>,
}

/// A task with the document that its runs start from.
#[derive(Debug, Clone)]
pub struct LoadedTask {
    /// What an experiment keeps of it.
    pub task: Task,
    /// The file's text, for the position of errors.
    pub text: String,
    /// Data set, network and training.
    pub base: Node,
}

/// Why a task cannot be loaded.
#[derive(Debug)]
pub enum TaskError {
    /// The name is wrong: message and hint, to be reported where the name is written.
    Name(String, String),
    /// The task's own file is wrong.
    File(SpecError),
}

impl From<SpecError> for TaskError {
    fn from(error: SpecError) -> Self {
        Self::File(error)
    }
}

/// The folders in which an experiment's tasks are looked for, the nearest first: `tasks` beside the experiment file and
/// in the folders above it, up to the project folder (the one that contains `datasets`), then `shared`.
pub fn folders(file: &Utf8Path, shared: Option<&Utf8Path>) -> Vec<Utf8PathBuf> {
    let beside = file.parent().unwrap_or(Utf8Path::new(""));
    let mut above: Vec<Utf8PathBuf> = vec![beside.to_owned()];
    // A relative path does not name the folders above the working directory.
    if let Ok(real) = if beside.as_str().is_empty() { Utf8Path::new(".") } else { beside }.canonicalize_utf8() {
        let mut inside = true;
        for folder in real.ancestors() {
            if !inside {
                break;
            }
            inside = !folder.join("datasets").is_dir();
            above.push(folder.to_owned());
        }
        // Outside a project only the file's own folder counts.
        if inside {
            above.truncate(1);
        }
    }
    let mut found: Vec<Utf8PathBuf> = Vec::new();
    for folder in above.iter().map(|folder| folder.join(FOLDER)).chain(shared.map(Utf8Path::to_owned)) {
        let same = |other: &Utf8PathBuf| other.canonicalize_utf8().ok() == folder.canonicalize_utf8().ok();
        if folder.is_dir() && !found.iter().any(same) {
            found.push(folder);
        }
    }
    found
}

/// Loads the task `name` from the first of `folders` that has it.
///
/// # Errors
/// No such task, two files that define it, or an invalid file.
pub fn load(folders: &[Utf8PathBuf], name: &str) -> Result<LoadedTask, TaskError> {
    let known: Vec<(Utf8PathBuf, Option<String>)> = folders.iter().flat_map(|folder| defined(folder)).collect();
    let stem = |file: &Utf8PathBuf| file.file_stem().unwrap_or_default().to_owned();
    let Some((file, _)) = known.iter().find(|(file, _)| stem(file) == name) else {
        return Err(unknown(name, folders, &known));
    };
    let beside = |other: &&(Utf8PathBuf, Option<String>)| {
        other.0 != *file && other.0.parent() == file.parent() && other.1.as_deref() == Some(name)
    };
    if let Some((other, _)) = known.iter().find(beside) {
        let help = format!("give the task in {other} the name of its file, `{}`", stem(other));
        return Err(TaskError::Name(format!("two files define the task `{name}`: {file} and {other}"), help));
    }
    read(file, name)
}

/// The task files of a folder, in alphabetical order, with the names that they give.
fn defined(folder: &Utf8Path) -> Vec<(Utf8PathBuf, Option<String>)> {
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    let mut files: Vec<Utf8PathBuf> =
        entries.map(camino::Utf8DirEntry::into_path).filter(|file| file.extension() == Some("yaml")).collect();
    files.sort();
    let name = |file: &Utf8PathBuf| {
        let tree = yaml::read(file).and_then(|text| yaml::tree(file, &text)).ok()?;
        match tree.get("task") {
            Some(Node::Text(name)) => Some(name.clone()),
            _ => None,
        }
    };
    files.into_iter().map(|file| (file.clone(), name(&file))).collect()
}

fn unknown(name: &str, folders: &[Utf8PathBuf], known: &[(Utf8PathBuf, Option<String>)]) -> TaskError {
    if let Some((file, _)) = known.iter().find(|(_, defines)| defines.as_deref() == Some(name)) {
        let help = format!("rename it to `{name}.yaml`");
        return TaskError::Name(format!("the task `{name}` is in {file}, which has another name"), help);
    }
    let names: Vec<&str> = known.iter().filter_map(|(file, _)| file.file_stem()).collect();
    let help = match (folders, names.as_slice()) {
        ([], _) => {
            "a task is a file `tasks/NAME.yaml` beside the experiment; `sparsegate new task` writes one".to_owned()
        }
        (_, []) => format!(
            "{} has no task file; `sparsegate new task` writes one",
            suggest::list(folders.iter().map(|folder| folder.as_str()))
        ),
        _ => suggest::hint(name, "tasks", &names),
    };
    TaskError::Name(format!("there is no task `{name}`"), help)
}

fn read(file: &Utf8Path, name: &str) -> Result<LoadedTask, TaskError> {
    let text = yaml::read(file)?;
    let placed = |diagnostic: Diagnostic| yaml::placed(file, &text, &diagnostic);
    let tree = yaml::tree(file, &text)?;
    let written: TaskFile = from_node(&tree).map_err(placed)?;
    validate::name("task", &written.task).map_err(placed)?;
    if written.task != name {
        let message = format!("the file of the task `{name}` names another task, `{}`", written.task);
        let help = format!("write `task: {name}`, or rename the file to `{}.yaml`", written.task);
        return Err(placed(Diagnostic::new(&dotted("task"), message, help)).into());
    }
    check_source(file, written.source.as_ref()).map_err(placed)?;
    let entry = |key: &str| tree.get(key).map(|value| (key.to_owned(), value.clone()));
    let base = Node::Map(BASE.iter().filter_map(|key| entry(key)).collect());
    let source = written.source.map(|source| found_from(file, source));
    let task = Task { name: written.task, file: file.to_owned(), about: written.about, source };
    Ok(LoadedTask { task, text, base })
}

/// JSON Schema of a task file.
pub fn task_schema() -> serde_json::Value {
    schemars::schema_for!(TaskFile).to_value()
}
