//! The argument RUN: finds a stored run by its folder, key or settings.

use camino::{Utf8Path, Utf8PathBuf};

use super::args::Global;
use super::{CliError, Exit};
use sparsegate_store::RunDir;

/// The run that `text` names: its folder, `EXPERIMENT/KEY`, a key or a unique prefix of it, or `EXPERIMENT` or
/// `EXPERIMENT:KEY=VALUE,...` if that matches exactly one run.
///
/// # Errors
/// No such run, or several (exit code 2).
pub fn find_run(global: &Global, text: &str) -> Result<RunDir, CliError> {
    let runs = global.root.join("runs");
    for folder in [Utf8PathBuf::from(text), runs.join(text)] {
        if folder.join("run.json").is_file()
            && let (Some(key), Some(experiment), Some(root)) =
                (folder.file_name(), folder.parent().and_then(Utf8Path::file_name), folder.ancestors().nth(3))
        {
            return Ok(RunDir::new(root, experiment, key));
        }
    }
    if let Some(run) = super::run_by_settings::find(global, text)? {
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
    let names: Vec<String> =
        found.iter().map(|run| run.strip_prefix(&runs).unwrap_or(run).to_string()).take(5).collect();
    match (found.len(), found.first().and_then(|run| Some((run.parent()?.file_name()?, run.file_name()?)))) {
        (1, Some((experiment, key))) => Ok(RunDir::new(&global.root, experiment, key)),
        (0, _) => Err(CliError::new(Exit::Usage, format!("there is no run `{text}` in {runs}"))
            .help("`sparsegate status SPEC` lists runs and their keys; give a key, a prefix of it, or a run's folder")),
        (count, _) => Err(CliError::new(Exit::Usage, format!("`{text}` matches {count} runs: {}", names.join(", ")))
            .help("give more of the key")),
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
