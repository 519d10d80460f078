//! Moves the folders of earlier versions, `runs/EXPERIMENT/KEY`, to `runs/KEY`.

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use super::comparison::{is_done, same_results};
use super::{RunDir, Store, StoreError, experiments};

/// What happened to one folder of an earlier version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Adoption {
    /// The folder `runs/EXPERIMENT/KEY`.
    pub from: Utf8PathBuf,
    /// The folder `runs/KEY`.
    pub to: Utf8PathBuf,
    /// What was done.
    pub outcome: AdoptionOutcome,
}

/// What was done with a folder of an earlier version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum AdoptionOutcome {
    /// It is now `runs/KEY`.
    Moved,
    /// `runs/KEY` has the same results, to the byte, so this copy was removed.
    Removed,
    /// It was left where it is.
    Left {
        /// The reason, and what to do.
        why: String,
    },
}

/// Moves each folder of an earlier version under `root` to `runs/KEY`, claims the run for the folder's experiment, and
/// removes folders of experiments that are then empty. `tell` hears of each folder once it is dealt with.
///
/// A folder is moved by a single rename, so the command may be interrupted at any time and started again. Where
/// `runs/KEY` exists, nothing is overwritten: a copy with the same results is removed, any other folder is left.
///
/// # Errors
/// [`StoreError::Io`]. Folders dealt with before the error stay as they are.
pub fn adopt(root: &Utf8Path, tell: &mut dyn FnMut(&Adoption)) -> Result<(), StoreError> {
    let store = Store::open(root)?;
    for (experiment, from) in store.earlier() {
        let to = RunDir::new(root, from.key());
        let outcome = adopt_one(root, experiment, &from, &to)?;
        tell(&Adoption { from: from.path().to_owned(), to: to.path().to_owned(), outcome });
        // Fails, as it should, while anything is in the folder.
        let _ = fs_err::remove_dir(store.runs().join(experiment));
    }
    Ok(())
}

fn adopt_one(root: &Utf8Path, experiment: &str, from: &RunDir, to: &RunDir) -> Result<AdoptionOutcome, StoreError> {
    let left = |why: String| Ok(AdoptionOutcome::Left { why });
    match from.record() {
        Ok(Some(record)) if record.key == from.key() => {}
        Ok(Some(record)) => return left(format!("its run.json has another key, {}", record.key)),
        Ok(None) => return left("it has no run.json any more".to_owned()),
        Err(error) => return left(error.to_string()),
    }
    let lock = match from.lock() {
        Ok(lock) => lock,
        Err(error @ StoreError::Locked { .. }) => return left(error.to_string()),
        Err(error) => return Err(error),
    };
    // The claim comes first: a run that is moved and not claimed would be lost to its experiment.
    experiments::claim(root, experiment, [from.key()])?;
    if !to.path().join("run.json").exists() {
        // What is left of a run that never began, such as a lock file, is no reason to refuse.
        if to.path().exists() {
            match to.lock() {
                Ok(lock) => lock.clear()?,
                Err(error @ StoreError::Locked { .. }) => return left(error.to_string()),
                Err(error) => return Err(error),
            }
            fs_err::remove_dir_all(to.path()).map_err(|e| StoreError::io("remove", to.path(), e))?;
        }
        fs_err::rename(from.path(), to.path()).map_err(|e| StoreError::io("move", from.path(), e))?;
        return Ok(AdoptionOutcome::Moved);
    }
    let (here, there) = match (is_done(from), is_done(to)) {
        (Ok(here), Ok(there)) => (here, there),
        (Err(error), _) | (_, Err(error)) => return left(error.to_string()),
    };
    let to = to.path();
    match (here, there) {
        (true, true) if same_results(from.path(), to)? => {
            lock.clear()?;
            fs_err::remove_dir_all(from.path()).map_err(|e| StoreError::io("remove", from.path(), e))?;
            Ok(AdoptionOutcome::Removed)
        }
        (true, true) => left(format!("{to} has other results of the same run; delete the one that is not to be kept")),
        (true, false) => left(format!("{to} is the same run, unfinished; delete it, then run this command again")),
        (false, true) => left(format!("it is unfinished, and {to} is the same run, finished; delete this folder")),
        (false, false) => left(format!("{to} is the same run, both are unfinished; delete one of them")),
    }
}
