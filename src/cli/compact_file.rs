//! The argument RUN of commands that need a compact model: the path of its file, or a run.

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_runtime::Model;
use sparsegate_runtime::format::{File, FormatError};

use super::CliError;
use super::args::Global;
use super::output;
use super::run_arg::find_run;
use sparsegate_compact::{CompactModel, Details, NotFinite, WriteCompactError, constant_answer};

/// Hint for a file that is not a valid compact model.
const HINT: &str = "name a run, its folder, or a compact.safetensors; for a finished run, `sparsegate export RUN --format \
                    compact` rebuilds a damaged file";

/// The compact model that `run` names, with its vocabulary, ready to read texts.
///
/// # Errors
/// Those of [`read`]; a file without a vocabulary (4).
pub fn load(global: &Global, run: &str) -> Result<CompactModel, CliError> {
    let (path, file) = read(global, run)?;
    CompactModel::new(&path, file).map_err(|error| CliError::data(error).help(HINT))
}

/// Reads the compact model that `run` names; returns its path too.
///
/// `run` is the path of a compact file, or any text that [`find_run`] accepts. If the file of a finished run is missing
/// or damaged, it is built first.
///
/// # Errors
/// No such run, or a run that is not finished (exit code 2); a file that is damaged or of a newer format, or a missing
/// data set, whose words a new file needs (4).
pub fn read(global: &Global, run: &str) -> Result<(Utf8PathBuf, File), CliError> {
    let wrong = |path: &Utf8Path, error: FormatError| CliError::data(format!("{path}: {error}")).help(HINT);
    let named = Utf8Path::new(run);
    if named.is_file() {
        let bytes = fs_err::read(named).map_err(CliError::data)?;
        let file = File::read(&bytes).map_err(|error| wrong(named, error))?;
        return Ok((named.to_owned(), file));
    }
    let dir = find_run(global, run)?;
    let path = dir.compact_path();
    match dir.compact().map_err(CliError::failed)?.map(|bytes| File::read(&bytes)) {
        Some(Ok(file)) => Ok((path, file)),
        // A file written by a newer version is not overwritten.
        Some(Err(error @ FormatError::TooNew(_))) => Err(wrong(&path, error)),
        Some(Err(_)) | None => Ok((path, sparsegate_compact::write_compact(&global.root, &dir).map_err(not_made)?)),
    }
}

/// Says on standard error that the model's answers do not depend on what it reads, if so.
pub fn note_constant_answer(global: &Global, model: &Model<f32>, details: Option<&Details>) {
    if let Some(problem) = constant_answer(model, details).filter(|_| global.verbosity() >= 0) {
        output::message!("warning: {problem}");
    }
}

fn not_made(error: WriteCompactError) -> CliError {
    match error {
        WriteCompactError::NoRun(_) | WriteCompactError::NotDone(_) => CliError::usage(error),
        WriteCompactError::Store(_) => CliError::failed(error),
        WriteCompactError::Data(_) | WriteCompactError::Compact { .. } => CliError::data(error),
    }
}

/// Turns non-finite outputs into an error that names the model's file.
pub fn non_finite_error(loaded: &CompactModel) -> impl Fn(NotFinite) -> CliError {
    |error| CliError::data(format!("{}: {error}", loaded.path))
}
