//! The argument RUN where its compact model is wanted: the file itself, or a run that has one.

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_runtime::format::{File, FormatError};

use super::CliError;
use super::args::Global;
use super::stored::find_run;
use sparsegate_compact::{Loaded, MakeError, NotFinite};

/// What mends a file that is no compact model.
const CURE: &str = "name a run, its folder, or a compact.safetensors; of a run that is done, `sparsegate export RUN --format \
                    compact` makes a damaged one anew";

/// The compact model that `run` names, ready for texts.
///
/// # Errors
/// As [`read`]; a file without words (4).
pub fn load(global: &Global, run: &str) -> Result<Loaded, CliError> {
    let (path, file) = read(global, run)?;
    Loaded::new(&path, file).map_err(|error| CliError::data(error).help(CURE))
}

/// The compact file that `run` names, and where it is: the path of one, or what [`find_run`] takes. That of a run that is done is
/// made if it has none, or a damaged one.
///
/// # Errors
/// No such run, or one that is not done (exit code 2); a file that is damaged or newer, a data set that is missing, whose words go
/// into a file that is made (4).
pub fn read(global: &Global, run: &str) -> Result<(Utf8PathBuf, File), CliError> {
    let wrong = |path: &Utf8Path, error: FormatError| CliError::data(format!("{path}: {error}")).help(CURE);
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
        // A newer program's file is not thrown away.
        Some(Err(error @ FormatError::Newer(_))) => Err(wrong(&path, error)),
        Some(Err(_)) | None => Ok((path, sparsegate_compact::make(&global.root, &dir).map_err(not_made)?)),
    }
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
