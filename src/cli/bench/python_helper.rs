//! PyTorch and ONNX Runtime, timed in a Python helper process that takes samples on request.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use sparsegate_runtime::CellKind;
use sparsegate_runtime::format::File;
use sparsegate_runtime::model::Task;

use super::target::BenchTarget;
use crate::cli::CliError;
use sparsegate_export::ExportFormat;
use sparsegate_pipeline::exec::TimingHelper;

/// The source of the helper, which is embedded in this program.
const SCRIPT: &str = include_str!("../../../scripts/peer_forward.py");

/// The helper process for one model and one number of threads.
#[derive(Default)]
pub struct PythonHelper {
    /// The process; `None` without a Python.
    pub helper: Option<TimingHelper>,
    /// Versions of torch and onnxruntime.
    pub versions: BTreeMap<String, String>,
    /// Bytes of the dense network that ONNX Runtime has quantised.
    pub int8_bytes: Option<u64>,
    /// Cases that cannot be timed, with the reasons.
    pub missing: BTreeMap<String, String>,
    /// Holds the helper's files, which are deleted on drop.
    _folder: Option<tempfile::TempDir>,
}

impl PythonHelper {
    /// Starts the helper, if `python` is given, with the names of the networks to time, and PyTorch has the model's
    /// cell, and passes it our ONNX export if the model has one. With `int8`, the compact model with 8-bit weights, the
    /// helper also times those networks with 8-bit weights.
    ///
    /// # Errors
    /// Python does not start or lacks the needed packages.
    pub fn start(
        python: Option<(&str, &[String])>,
        target: &BenchTarget,
        int8: Option<&File>,
        steps: usize,
        threads: usize,
    ) -> Result<Self, CliError> {
        let Some((python, cases)) = python else {
            return Ok(Self::default());
        };
        if target.model.cell.built_in().is_none() {
            let why = format!("PyTorch has no layer for the cell `{}`", target.model.cell.name());
            return Ok(Self { missing: [("PyTorch and ONNX Runtime".to_owned(), why)].into(), ..Self::default() });
        }
        let folder = tempfile::tempdir().map_err(CliError::failed)?;
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned())
            .map_err(|path| CliError::failed(format!("{} is not UTF-8", path.display())))?;
        let script = root.join("peer_forward.py");
        fs_err::write(&script, SCRIPT).map_err(CliError::failed)?;
        let mut arguments = arguments(target, steps, threads);
        arguments.insert(0, script.to_string());
        let mut missing = BTreeMap::new();
        if int8.is_some() {
            arguments.push("--int8".to_owned());
        }
        if !cases.is_empty() {
            arguments.push("--cases".to_owned());
            arguments.extend_from_slice(cases);
        }
        for (kind, model) in [("reduced", Some(&target.file)), ("reduced-int8", int8)] {
            match model.map(|model| ExportFormat::Onnx.write(model)) {
                Some(Ok(bytes)) => {
                    let file = root.join(format!("{kind}.onnx"));
                    fs_err::write(&file, bytes).map_err(CliError::failed)?;
                    arguments.extend([format!("--{kind}"), file.to_string()]);
                }
                Some(Err(error)) => drop(missing.insert(kind.to_owned(), error.to_string())),
                None => {}
            }
        }
        let helper = TimingHelper::start(python, &arguments).map_err(|problem| {
            CliError::failed(problem).help("give --python a Python with torch, onnxruntime and onnx, or leave it out")
        })?;
        let greeting = &helper.greeting;
        missing.extend(greeting.missing.clone());
        let versions = [("torch", &greeting.torch), ("onnxruntime", &greeting.onnxruntime)];
        let versions =
            versions.into_iter().filter_map(|(name, version)| Some((name.to_owned(), version.clone()?))).collect();
        let int8_bytes = greeting.bytes.get("onnx-int8").copied();
        Ok(Self { helper: Some(helper), versions, int8_bytes, missing, _folder: Some(folder) })
    }
}

/// Command line arguments of the helper: the sizes of the original network.
fn arguments(target: &BenchTarget, steps: usize, threads: usize) -> Vec<String> {
    let (model, original) = (&target.model, target.model.original);
    // Without an embedding the inputs are one-hot vectors. PyTorch has no fast layer for those, so the helper uses an
    // embedding: the identity for few symbols, and vectors as long as the hidden layer for many.
    let dimensions = match original.dimensions {
        0 => original.symbols.min(original.units),
        dimensions => dimensions,
    };
    let cell = if model.cell == CellKind::GruState.into() { "gru" } else { model.cell.name() };
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
