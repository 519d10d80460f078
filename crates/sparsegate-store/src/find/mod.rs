//! Finds a stored run by its folder, key or settings.

mod error;
mod settings;

use camino::{Utf8Path, Utf8PathBuf};

use super::{RunDir, Store};

pub use error::FindRunError;

/// The run that `text` names: its folder, a key or a unique prefix of it, `EXPERIMENT/KEY`, or `EXPERIMENT` or
/// `EXPERIMENT:KEY=VALUE,...` if that matches exactly one run. All but a folder are looked up under `root`.
///
/// # Errors
/// [`FindRunError`]: no such run, several, an invalid filter, or an unreadable `run.json`.
pub fn find_run(root: &Utf8Path, text: &str) -> Result<RunDir, FindRunError> {
    let runs = root.join("runs");
    for folder in [Utf8PathBuf::from(text), runs.join(text)] {
        if folder.file_name().is_some() && has_record(&folder) {
            return Ok(RunDir::at(&folder));
        }
    }
    let store = Store::open(root)?;
    if let Some(run) = settings::find(&store, text)? {
        return Ok(run);
    }
    let (experiment, prefix) = text.rsplit_once('/').map_or((None, text), |(name, prefix)| (Some(name), prefix));
    let mut found = match experiment {
        _ if prefix.is_empty() => Vec::new(),
        Some(experiment) => store.of_experiment(experiment)?,
        None => store.with_prefix(prefix),
    };
    found.retain(|run| run.key().starts_with(prefix));
    let (found, without): (Vec<_>, Vec<_>) = found.into_iter().partition(|run| has_record(run.path()));
    if found.is_empty()
        && let Some(damage) = without.iter().find_map(|run| run.verify().err())
    {
        return Err(damage.into());
    }
    match found.as_slice() {
        [run] => Ok(run.clone()),
        [] => Err(FindRunError::Unknown { text: text.to_owned(), runs }),
        several => Err(FindRunError::SeveralKeys {
            text: text.to_owned(),
            runs: several.iter().map(|run| run.path().strip_prefix(&runs).unwrap_or(run.path()).to_string()).collect(),
        }),
    }
}

/// The runs that `text` names: as [`find_run`], but `EXPERIMENT` or `EXPERIMENT:KEY=VALUE,...` may match several, which
/// are in the order of their specs' settings as [`Store::of_experiment`] lists them.
///
/// # Errors
/// [`FindRunError`], but for several runs that match settings.
pub fn find_runs(root: &Utf8Path, text: &str) -> Result<Vec<RunDir>, FindRunError> {
    match find_run(root, text) {
        Err(error @ FindRunError::SeveralSettings { .. }) => settings::matching(&Store::open(root)?, text)?
            .map_or(Err(error), |found| Ok(found.into_iter().map(|(run, _)| run).collect())),
        found => found.map(|run| vec![run]),
    }
}

fn has_record(folder: &Utf8Path) -> bool {
    folder.join("run.json").is_file()
}
