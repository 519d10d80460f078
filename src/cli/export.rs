//! `export`: writes a run's compact model in a format for other programs.

use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};
use sparsegate_runtime::format::File;

use super::args::Global;
use super::output;
use super::{CliError, Exit};
use sparsegate_compact::{Details, FoundModel, find_model};
use sparsegate_export::{ExportError, ExportFormat};

/// Digits of a run's key in the default file name.
const DIGITS: usize = 8;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A run by its key or a prefix of it, its folder, or EXPERIMENT:KEY=VALUE,...; or the file of a compact model
    #[arg(value_name = "RUN")]
    run: String,
    /// File format
    #[arg(long, value_enum)]
    format: ExportKind,
    /// File to write [default: EXPERIMENT-KEY with the format's extension, in the current folder]
    #[arg(long, value_name = "FILE")]
    out: Option<Utf8PathBuf>,
    /// Round the weights to 8-bit integers first; for `compact` and `onnx`
    #[arg(long)]
    int8: bool,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

/// The formats, for the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ExportKind {
    /// Our own: the smallest, what `predict` and `generate` read
    Compact,
    /// An ONNX graph, for ONNX Runtime and others
    Onnx,
    /// A dense layer with PyTorch's names, as safetensors
    Safetensors,
}

impl From<ExportKind> for ExportFormat {
    fn from(kind: ExportKind) -> Self {
        match kind {
            ExportKind::Compact => Self::Compact,
            ExportKind::Onnx => Self::Onnx,
            ExportKind::Safetensors => Self::Safetensors,
        }
    }
}

/// Writes the file and prints its path.
///
/// # Errors
/// No such run, a run that is not finished, a cell or weights that the format does not have, or an existing file (2); a
/// damaged run or compact model, or a missing data set, which is needed to build a missing compact model (4); a model
/// too large for the format, or a file that cannot be written (1).
pub fn execute(global: &Global, args: &ExportArgs) -> Result<ExitCode, CliError> {
    let FoundModel { path, file, .. } = find_model(&global.root, &args.run)?.with_int8(args.int8);
    let format = ExportFormat::from(args.format);
    let out = args.out.clone().unwrap_or_else(|| name(&path, &file, format).into());
    output::check_target(&out, args.force)?;
    let bytes = format.write(&file).map_err(|error| match error {
        ExportError::TooLarge { .. } => CliError::failed(error),
        ExportError::NoModule { .. } | ExportError::NoInt8 => CliError::usage(format!("{path}: {error}")),
        _ => CliError::data(format!("{path}: {error}")),
    })?;
    sparsegate_store::write_atomic(&out, &bytes).map_err(CliError::failed)?;
    let details = serde_json::from_str::<Details>(&file.details).ok();
    super::note_constant_answer(global, &file.model, details.as_ref());
    if global.verbosity() >= 0 {
        let (model, original) = (&file.model, file.model.original);
        output::message!(
            "{} bytes: {} of {} symbols, {} of {} units",
            bytes.len(),
            model.symbols.stored.len(),
            original.symbols,
            model.units(),
            original.units
        );
    }
    output::print(&format!("{out}\n"))?;
    Ok(Exit::Done.into())
}

/// The default file name: `EXPERIMENT-KEY.EXTENSION` of the model's run, or the input file's stem if it names no run;
/// `-int8` comes before the extension if the weights are 8-bit integers.
fn name(path: &Utf8Path, file: &File, format: ExportFormat) -> String {
    let stem = match serde_json::from_str::<Details>(&file.details) {
        Ok(Details { run, .. }) => {
            // The names come from the file and may contain anything, such as a path to another folder.
            let plain = |c: char| if c.is_alphanumeric() || "-_+".contains(c) { c } else { '-' };
            format!("{}-{}", run.experiment, run.key.get(..DIGITS).unwrap_or(&run.key)).chars().map(plain).collect()
        }
        Err(_) => path.file_stem().unwrap_or("model").to_owned(),
    };
    let weights = if file.model.int8.is_some() { "-int8" } else { "" };
    format!("{stem}{weights}.{}", format.extension())
}
