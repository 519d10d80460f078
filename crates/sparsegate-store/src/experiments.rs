//! Which experiments use a run: for each experiment the keys of the runs that it was run with, in
//! `runs/.experiments/NAME.json`.
//!
//! A run's folder does not say this, because several experiments may share the run. The files are notes, and results do
//! not depend on them: a run that no experiment claims belongs to the one that its `run.json` names, and the next `run`
//! of an experiment claims all of its runs again.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::atomic::write_atomic;
use super::format::FORMAT;
use super::lock::wait_for_lock;

/// The content of a file.
#[derive(Debug, Serialize, Deserialize)]
struct ExperimentRuns {
    format: u32,
    experiment: String,
    runs: BTreeSet<String>,
}

fn folder(root: &Utf8Path) -> Utf8PathBuf {
    root.join("runs").join(".experiments")
}

/// The keys of the runs of each experiment. A file that cannot be read as one is left out.
///
/// # Errors
/// [`StoreError::Io`] if the folder cannot be listed.
pub fn read(root: &Utf8Path) -> Result<BTreeMap<String, BTreeSet<String>>, StoreError> {
    let folder = folder(root);
    let fail = |e| StoreError::io("read", &folder, e);
    let entries = match folder.read_dir_utf8() {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound || e.kind() == std::io::ErrorKind::NotADirectory => {
            return Ok(BTreeMap::new());
        }
        Err(e) => return Err(fail(e)),
    };
    let mut all = BTreeMap::new();
    for entry in entries {
        let entry = entry.map_err(fail)?;
        if entry.path().extension() == Some("json")
            && !entry.file_name().starts_with('.')
            && let Some(found) = read_one(entry.path())
        {
            all.insert(found.experiment, found.runs);
        }
    }
    Ok(all)
}

fn read_one(path: &Utf8Path) -> Option<ExperimentRuns> {
    serde_json::from_slice(&fs_err::read(path).ok()?).ok()
}

/// Notes that `experiment` uses the runs `keys`, in addition to those noted before. Writes nothing if it is known.
///
/// # Errors
/// [`StoreError::Io`]; [`StoreError::Locked`] if another process holds the folder's lock for seconds.
pub fn claim<'a>(root: &Utf8Path, experiment: &str, keys: impl IntoIterator<Item = &'a str>) -> Result<(), StoreError> {
    let keys: BTreeSet<String> = keys.into_iter().map(str::to_owned).collect();
    let path = folder(root).join(format!("{experiment}.json"));
    let known = || read_one(&path).map(|found| found.runs).unwrap_or_default();
    if keys.is_subset(&known()) {
        return Ok(());
    }
    // Two processes that claim runs of the same experiment must not lose each other's.
    let _lock = wait_for_lock(&folder(root).join("lock"))?;
    let runs = known().union(&keys).cloned().collect();
    let content = ExperimentRuns { format: FORMAT, experiment: experiment.to_owned(), runs };
    let mut bytes = serde_json::to_vec_pretty(&content).map_err(|e| StoreError::io("write", &path, e.into()))?;
    bytes.push(b'\n');
    write_atomic(&path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_add_up_and_a_damaged_file_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        assert!(read(root).unwrap().is_empty());
        claim(root, "a", ["2", "1"]).unwrap();
        claim(root, "a", ["3"]).unwrap();
        claim(root, "b", ["1"]).unwrap();
        let all = read(root).unwrap();
        assert_eq!(all["a"].iter().collect::<Vec<_>>(), ["1", "2", "3"]);
        assert_eq!(all["b"].len(), 1);
        fs_err::write(root.join("runs/.experiments/a.json"), "{").unwrap();
        assert_eq!(read(root).unwrap().len(), 1);
        claim(root, "a", ["4"]).unwrap();
        assert_eq!(read(root).unwrap()["a"].len(), 1);
    }

    #[test]
    fn claims_at_the_same_time_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || (0..5).for_each(|run| claim(root, "a", [&*format!("{thread}-{run}")]).unwrap()));
            }
        });
        assert_eq!(read(root).unwrap()["a"].len(), 20);
    }
}
