//! The argument RUN where its compact model is wanted: the file itself, or a run that has one.

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_runtime::format::{File, FormatError};

use super::args::Global;
use super::stored::find_run;
use super::{CliError, Exit};
use crate::compact::{self, LoadError, Loaded, MakeError, NotFinite};
use crate::store::RunDir;
use crate::store::format::RunState;

/// The compact model that `run` names: the path of its file, or what [`find_run`] takes.
///
/// # Errors
/// No such run, or one that is not done (exit code 2); one without a compact file, a file that is damaged or newer (4).
pub fn load(global: &Global, run: &str) -> Result<Loaded, CliError> {
    let given = Utf8Path::new(run);
    let file = if given.is_file() { given.to_owned() } else { file_of(&find_run(global, run)?)? };
    Loaded::open(&file).map_err(|error| {
        let help = match &error {
            LoadError::Io(_) => "RUN is a run, or the file of its compact model",
            LoadError::Format { .. } | LoadError::Details { .. } => {
                "name a run, its folder, or a compact.safetensors; of a run that is done, `sparsegate export RUN --format \
                 compact` makes a damaged one anew"
            }
        };
        CliError::data(error).help(help)
    })
}

fn file_of(run: &RunDir) -> Result<Utf8PathBuf, CliError> {
    let file = run.compact_path();
    if file.is_file() {
        return Ok(file);
    }
    let path = run.path();
    let done = run.summary().map_err(CliError::data)?.is_some_and(|summary| summary.state == RunState::Done);
    Err(if done {
        CliError::new(Exit::Data, format!("{path} has no compact.safetensors"))
            .help(format!("`sparsegate export {path} --format compact` makes it from what is stored"))
    } else {
        CliError::new(Exit::Usage, format!("the run {path} is not done, so it has no compact model"))
            .help("train it to its end by `sparsegate run`")
    })
}

/// The compact file that `run` names, and where it is; that of a run that is done is made if it has none, or a
/// damaged one.
///
/// # Errors
/// As [`load`]; a data set that is missing, whose words go into the file (4).
pub fn read_or_make(global: &Global, run: &str) -> Result<(Utf8PathBuf, File), CliError> {
    let named = Utf8PathBuf::from(run);
    let (path, bytes) = if named.is_file() {
        let bytes = fs_err::read(&named).map_err(CliError::data)?;
        (named, bytes)
    } else {
        let dir = find_run(global, run)?;
        let kept = dir.compact().map_err(CliError::failed)?;
        // A damaged file is made anew; a newer one is somebody's, and the error below says so.
        let bytes = match kept.filter(|bytes| !matches!(File::read(bytes), Err(error) if !is_newer(&error))) {
            Some(bytes) => bytes,
            None => compact::make(&global.root, &dir).map_err(not_made)?,
        };
        (dir.compact_path(), bytes)
    };
    let file = File::read(&bytes).map_err(|error| CliError::data(format!("{path}: {error}")))?;
    Ok((path, file))
}

fn is_newer(error: &FormatError) -> bool {
    matches!(error, FormatError::Newer(_))
}

fn not_made(error: MakeError) -> CliError {
    match error {
        MakeError::NoRun(_) | MakeError::NotDone(_) => CliError::usage(error),
        MakeError::Store(_) => CliError::failed(error),
        MakeError::Data(_) | MakeError::Compact { .. } => CliError::data(error),
    }
}

/// Outputs that are no numbers, with the file they come from.
pub fn not_finite(loaded: &Loaded) -> impl Fn(NotFinite) -> CliError {
    |error| CliError::data(format!("{}: {error}", loaded.path))
}
