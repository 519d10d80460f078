//! The argument RUN where its compact model is wanted: the file itself, or a run that has one.

use camino::{Utf8Path, Utf8PathBuf};

use super::args::Global;
use super::stored::find_run;
use super::{CliError, Exit};
use crate::compact::{LoadError, Loaded, NotFinite};
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
                "delete it; if a run that is done had it, `sparsegate export RUN --format compact` makes it anew"
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

/// Outputs that are no numbers, with the file they come from.
pub fn not_finite(loaded: &Loaded) -> impl Fn(NotFinite) -> CliError {
    |error| CliError::data(format!("{}: {error}", loaded.path))
}
