//! The run folders under a project folder, listed once.
//!
//! A run is identified by its [key](super::plan::key()): `runs/KEY` holds the run, whichever experiment asked for it.
//! Versions up to 0.2 kept a copy for each experiment, `runs/EXPERIMENT/KEY`. Such folders are read, and written by a
//! run that resumes there, until [`adopt`](super::adopt()) moves them.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::index::Index;
use super::{RunDir, StoreError, experiments};

/// Hexadecimal digits of a key: 64 bits, so that among a million runs the probability of a collision is below 1e-7.
pub(super) const KEY_DIGITS: usize = 16;

/// The run folders under `<root>/runs` at the time of [`Store::open`].
#[derive(Debug, Clone)]
pub struct Store {
    root: Utf8PathBuf,
    /// Names of the folders `runs/KEY`.
    keys: BTreeSet<String>,
    /// Folders of earlier versions: for each key the experiments that have one.
    earlier: BTreeMap<String, BTreeSet<String>>,
}

impl Store {
    /// Lists the folders; reads no file. `root` is the project folder, and need not contain `runs`.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn open(root: &Utf8Path) -> Result<Self, StoreError> {
        let mut store = Self { root: root.to_owned(), keys: BTreeSet::new(), earlier: BTreeMap::new() };
        let runs = store.runs();
        for name in subfolders(&runs)? {
            let folder = runs.join(&name);
            // A name that looks like a key is not looked into: the listing stays one call for all runs.
            if is_key(&name) || folder.join("run.json").is_file() {
                store.keys.insert(name);
                continue;
            }
            for key in subfolders(&folder)?.into_iter().filter(|key| folder.join(key).join("run.json").is_file()) {
                store.earlier.entry(key).or_default().insert(name.clone());
            }
        }
        Ok(store)
    }

    /// The project folder.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// The folder of the runs.
    #[must_use]
    pub fn runs(&self) -> Utf8PathBuf {
        self.root.join("runs")
    }

    /// The folder of the run `key`, which need not exist: `runs/KEY`, unless only a folder of an earlier version has
    /// the run. Of several such folders it is that of `experiment`, or the first one.
    #[must_use]
    pub fn dir(&self, experiment: &str, key: &str) -> RunDir {
        let dir = RunDir::new(&self.root, key);
        let Some(experiments) = self.earlier.get(key) else { return dir };
        if self.keys.contains(key) && dir.path().join("run.json").is_file() {
            return dir;
        }
        let chosen = experiments.get(experiment).or(experiments.first());
        chosen.map_or(dir, |experiment| self.earlier_dir(experiment, key))
    }

    /// Whether a folder of this key exists.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains(key) || self.earlier.contains_key(key)
    }

    /// The folders of all runs whose key begins with `prefix`, one for each key, in order of key.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> Vec<RunDir> {
        let keys: BTreeSet<&String> = self.keys.iter().chain(self.earlier.keys()).collect();
        keys.into_iter().filter(|key| key.starts_with(prefix)).map(|key| self.dir("", key)).collect()
    }

    /// The stored runs of `experiment`, in order of key: those that it was run with, those in its folder of an earlier
    /// version, and runs of no other known experiment whose `run.json` names it.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn of_experiment(&self, experiment: &str) -> Result<Vec<RunDir>, StoreError> {
        let known = experiments::read(&self.root)?;
        let mut keys: BTreeSet<&str> = BTreeSet::new();
        let own = known.get(experiment).into_iter().flatten().map(String::as_str);
        keys.extend(own.filter(|key| self.has(key)));
        let in_folder = |experiments: &BTreeSet<String>| experiments.contains(experiment);
        keys.extend(self.earlier.iter().filter(|(_, names)| in_folder(names)).map(|(key, _)| key.as_str()));
        let claimed: BTreeSet<&str> = known.values().flatten().map(String::as_str).collect();
        let unclaimed: Vec<&String> = self.keys.iter().filter(|key| !claimed.contains(key.as_str())).collect();
        let index = if unclaimed.is_empty() { Index::default() } else { Index::read(&self.root) };
        for key in unclaimed {
            let dir = RunDir::new(&self.root, key);
            let record = index.record(&dir).or_else(|| dir.record().ok().flatten());
            if record.is_some_and(|record| record.spec.experiment == experiment) {
                keys.insert(key);
            }
        }
        let dirs = keys.into_iter().map(|key| self.dir(experiment, key));
        Ok(dirs.filter(|dir| dir.path().join("run.json").is_file()).collect())
    }

    /// The folders of earlier versions, each with the name of its experiment.
    pub(super) fn earlier(&self) -> Vec<(&str, RunDir)> {
        let mut folders = Vec::new();
        for (key, names) in &self.earlier {
            folders.extend(names.iter().map(|name| (name.as_str(), self.earlier_dir(name, key))));
        }
        folders
    }

    fn earlier_dir(&self, experiment: &str, key: &str) -> RunDir {
        RunDir::at(&self.runs().join(experiment).join(key))
    }
}

/// The stored runs of `experiment` under `root`; see [`Store::of_experiment`].
///
/// # Errors
/// [`StoreError::Io`].
pub fn runs(root: &Utf8Path, experiment: &str) -> Result<Vec<RunDir>, StoreError> {
    Store::open(root)?.of_experiment(experiment)
}

/// Whether a name has the form of a key.
pub(super) fn is_key(name: &str) -> bool {
    name.len() == KEY_DIGITS && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Names of the folders in `folder`, sorted, without hidden ones; empty if `folder` does not exist.
fn subfolders(folder: &Utf8Path) -> Result<Vec<String>, StoreError> {
    let fail = |e| StoreError::io("read", folder, e);
    let entries = match folder.read_dir_utf8() {
        Ok(entries) => entries,
        // A file named `runs` is in the way of writing only.
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(e) => return Err(fail(e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(fail)?;
        let kind = entry.file_type().map_err(fail)?;
        let is_folder = kind.is_dir() || kind.is_symlink() && entry.path().is_dir();
        if is_folder && !entry.file_name().starts_with('.') {
            names.push(entry.file_name().to_owned());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Utf8Path, folder: &str) {
        let folder = root.join("runs").join(folder);
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(folder.join("run.json"), "{}").unwrap();
    }

    #[test]
    fn a_run_is_found_in_its_folder_or_in_one_of_an_earlier_version() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        assert!(Store::open(root).unwrap().with_prefix("").is_empty(), "no folder of runs yet");
        for folder in ["0000000000000001", "a/0000000000000002", "b/0000000000000002", "b/0000000000000001"] {
            put(root, folder);
        }
        fs_err::create_dir_all(root.join("runs/a/no-run")).unwrap();
        fs_err::create_dir_all(root.join("runs/.experiments")).unwrap();
        let store = Store::open(root).unwrap();
        let path = |experiment: &str, key: &str| {
            store.dir(experiment, key).path().strip_prefix(store.runs()).unwrap().to_string()
        };
        assert_eq!(path("b", "0000000000000001"), "0000000000000001", "runs/KEY comes first");
        assert_eq!(path("b", "0000000000000002"), "b/0000000000000002");
        assert_eq!(path("c", "0000000000000002"), "a/0000000000000002");
        assert_eq!(path("c", "0000000000000003"), "0000000000000003", "a new run");
        assert_eq!(store.with_prefix("000").len(), 2);
        assert_eq!(store.of_experiment("a").unwrap().len(), 1);
        assert_eq!(store.earlier().len(), 3);
    }
}
