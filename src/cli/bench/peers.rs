//! PyTorch and ONNX Runtime, in a process that takes its samples when told to.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use sparsegate_runtime::model::Task;

use super::subject::Subject;
use crate::cli::CliError;
use sparsegate_export::Format;
use sparsegate_pipeline::exec::Peer;

/// The program that does it, which comes along inside this one.
const SCRIPT: &str = include_str!("../../../scripts/peer_forward.py");

/// The peer of a subject and a number of threads.
#[derive(Default)]
pub struct Peers {
    /// The process.
    pub peer: Option<Peer>,
    /// Versions by package.
    pub versions: BTreeMap<String, String>,
    /// What cannot be timed, and why.
    pub missing: BTreeMap<String, String>,
    /// Its files.
    _folder: Option<tempfile::TempDir>,
}

impl Peers {
    /// None without a `python`. Our export goes along, if the model has one.
    ///
    /// # Errors
    /// A Python that does not start or has nothing of what is needed.
    pub fn start(python: Option<&str>, subject: &Subject, steps: usize, threads: usize) -> Result<Self, CliError> {
        let Some(python) = python else {
            return Ok(Self::default());
        };
        let folder = tempfile::tempdir().map_err(CliError::failed)?;
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned())
            .map_err(|path| CliError::failed(format!("{} is not UTF-8", path.display())))?;
        let script = root.join("peer_forward.py");
        fs_err::write(&script, SCRIPT).map_err(CliError::failed)?;
        let mut arguments = arguments(subject, steps, threads);
        arguments.insert(0, script.to_string());
        let mut missing = BTreeMap::new();
        match Format::Onnx.write(&subject.file) {
            Ok(bytes) => {
                let file = root.join("reduced.onnx");
                fs_err::write(&file, bytes).map_err(CliError::failed)?;
                arguments.extend(["--reduced".to_owned(), file.to_string()]);
            }
            Err(error) => drop(missing.insert("reduced".to_owned(), error.to_string())),
        }
        let peer = Peer::start(python, &arguments).map_err(|problem| {
            CliError::failed(problem).help("give --python a Python with torch, onnxruntime and onnx, or leave it out")
        })?;
        let greeting = &peer.greeting;
        missing.extend(greeting.missing.clone());
        let versions = [("torch", &greeting.torch), ("onnxruntime", &greeting.onnxruntime)];
        let versions =
            versions.into_iter().filter_map(|(name, version)| Some((name.to_owned(), version.clone()?))).collect();
        Ok(Self { peer: Some(peer), versions, missing, _folder: Some(folder) })
    }
}

/// Sizes of the original network, as the program takes them.
fn arguments(subject: &Subject, steps: usize, threads: usize) -> Vec<String> {
    let (model, original) = (&subject.model, subject.model.original);
    // Without an embedding symbols are one-hot: few of them are read as they are, of many PyTorch has no such layer, and
    // vectors as long as the layer is wide stand in.
    let dimensions = match original.dimensions {
        0 => original.symbols.min(original.units),
        dimensions => dimensions,
    };
    let cell = if model.cell == sparsegate_runtime::Cell::GruState { "gru" } else { model.cell.name() };
    let numbers = [
        ("symbols", original.symbols as usize),
        ("dimensions", dimensions as usize),
        ("hidden", original.units as usize),
        ("outputs", original.outputs as usize),
        ("steps", steps),
        ("threads", threads),
    ];
    let mut arguments: Vec<String> = vec!["--serve".into(), "--cell".into(), cell.into()];
    arguments.extend(numbers.iter().flat_map(|(name, number)| [format!("--{name}"), number.to_string()]));
    let task = if model.task == Task::LanguageModel { "--language-model" } else { "--no-language-model" };
    arguments.push(task.into());
    arguments
}
