//! Finds a stored run by its folder, key or settings.

mod error;
mod settings;

use camino::{Utf8Path, Utf8PathBuf};

use super::RunDir;

pub use error::FindRunError;

/// The run that `text` names: its folder, `EXPERIMENT/KEY`, a key or a unique prefix of it, or `EXPERIMENT` or
/// `EXPERIMENT:KEY=VALUE,...` if that matches exactly one run. All but a folder are looked up under `root`.
///
/// # Errors
/// [`FindRunError`]: no such run, several, an invalid filter, or an unreadable `run.json`.
pub fn find_run(root: &Utf8Path, text: &str) -> Result<RunDir, FindRunError> {
    let runs = root.join("runs");
    for folder in [Utf8PathBuf::from(text), runs.join(text)] {
        let names = [folder.file_name(), folder.parent().and_then(Utf8Path::file_name)];
        if names.iter().all(Option::is_some) && folder.join("run.json").is_file() {
            return Ok(RunDir::at(&folder));
        }
    }
    if let Some(run) = settings::find(root, text)? {
        return Ok(run);
    }
    let (experiment, prefix) = text.rsplit_once('/').unwrap_or(("", text));
    let mut found = Vec::new();
    for folder in subfolders(&runs) {
        if !experiment.is_empty() && folder.file_name() != Some(experiment) {
            continue;
        }
        found.extend(subfolders(&folder).into_iter().filter(|run| {
            run.file_name().is_some_and(|key| !prefix.is_empty() && key.starts_with(prefix))
                && run.join("run.json").is_file()
        }));
    }
    match found.as_slice() {
        [run] => Ok(RunDir::at(run)),
        [] => Err(FindRunError::Unknown { text: text.to_owned(), runs }),
        several => Err(FindRunError::SeveralKeys {
            text: text.to_owned(),
            runs: several.iter().map(|run| run.strip_prefix(&runs).unwrap_or(run).to_string()).collect(),
        }),
    }
}

/// The runs that `text` names: as [`find_run`], but `EXPERIMENT` or `EXPERIMENT:KEY=VALUE,...` may match several, which are
/// in the order of their specs' settings as [`runs`](crate::runs) lists them.
///
/// # Errors
/// [`FindRunError`], but for several runs that match settings.
pub fn find_runs(root: &Utf8Path, text: &str) -> Result<Vec<RunDir>, FindRunError> {
    match find_run(root, text) {
        Err(error @ FindRunError::SeveralSettings { .. }) => settings::matching(root, text)?
            .map_or(Err(error), |found| Ok(found.into_iter().map(|(run, _)| run).collect())),
        found => found.map(|run| vec![run]),
    }
}

fn subfolders(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut folders: Vec<Utf8PathBuf> = folder
        .read_dir_utf8()
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.into_path()))
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}
