//! Reads a bundle into a project.

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use super::archive::unpack;
use super::export::copy;
use super::{Bundle, BundleError, BundledRun, DESCRIPTION, DESCRIPTION_LIMIT, is_archive, words};
use crate::comparison::{is_done, same_results};
use crate::manifest::checksum;
use crate::{RunDir, StoreError, experiments, write_atomic};

/// What happened to a run or a file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Import {
    /// The key of the run, or the path of the file.
    pub name: String,
    /// Where it belongs.
    pub to: Utf8PathBuf,
    /// What was done.
    #[serde(flatten)]
    pub outcome: ImportOutcome,
}

/// What was done with a run or a file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum ImportOutcome {
    /// It is now in the project.
    Imported,
    /// The project had it already, with the same results or content.
    Known,
    /// It was not imported.
    Left {
        /// The reason, and what to do.
        why: String,
    },
}

/// Imports the runs of the bundle `from` into the project `root`, and its experiments, tasks and manifests of data sets
/// that the project does not have. `tell` hears of each. Nothing is overwritten. A run appears as a whole, after all of
/// its files were compared with their checksums, so the command can be interrupted at any time and started again.
///
/// # Errors
/// [`BundleError::NotABundle`], [`BundleError::Damaged`], [`BundleError::Newer`], or an I/O error. What was imported
/// before the error stays.
pub fn import(root: &Utf8Path, from: &Utf8Path, tell: &mut dyn FnMut(&Import)) -> Result<(), BundleError> {
    let runs = root.join("runs");
    fs_err::create_dir_all(&runs).map_err(|e| StoreError::io("create", &runs, e))?;
    // On the same file system as the runs, and hidden, so that a killed process leaves no run that looks like one.
    let staging = tempfile::Builder::new().prefix(".import-").tempdir_in(&runs);
    let staging = staging.map_err(|e| StoreError::io("create", &runs, e))?;
    let staged = Utf8Path::from_path(staging.path())
        .ok_or_else(|| StoreError::io("create", &runs, std::io::ErrorKind::InvalidFilename.into()))?;
    let unpacked = staged.join("archive");
    let (folder, bundle) = if from.is_dir() {
        (from, describe(from)?)
    } else if from.is_file() && is_archive(from) {
        (unpacked.as_path(), unpack(from, &unpacked)?)
    } else {
        return Err(BundleError::NotABundle(from.to_owned()));
    };
    for run in &bundle.runs {
        let outcome = import_run(root, Source { from, folder, bundle: &bundle }, run, staged)?;
        tell(&Import { name: run.key.clone(), to: RunDir::new(root, &run.key).path().to_owned(), outcome });
    }
    for (name, sum) in bundle.files.iter().filter(|(name, _)| is_spec(name)) {
        let path = folder.join(name);
        if checksum(&path)?.as_ref() != Some(sum) {
            return Err(BundleError::damaged(&from.join(name), "its content is not what was written"));
        }
        let content = fs_err::read(&path).map_err(|e| StoreError::io("read", &path, e))?;
        let to = root.join(name);
        let outcome = import_file(&content, &to)?;
        tell(&Import { name: name.clone(), to, outcome });
    }
    Ok(())
}

fn is_spec(name: &str) -> bool {
    name.starts_with("experiments/") || name.starts_with("datasets/")
}

fn describe(folder: &Utf8Path) -> Result<Bundle, BundleError> {
    let path = folder.join(DESCRIPTION);
    let bytes = match fs_err::metadata(&path) {
        Ok(found) if found.len() > DESCRIPTION_LIMIT => {
            return Err(BundleError::damaged(&path, format!("it has {} bytes", found.len())));
        }
        Ok(_) => fs_err::read(&path).map_err(|e| StoreError::io("read", &path, e))?,
        Err(_) => return Err(BundleError::NotABundle(folder.to_owned())),
    };
    Bundle::parse(&path, &bytes)
}

/// A bundle that is read.
#[derive(Clone, Copy)]
struct Source<'a> {
    /// Its path, which messages name.
    from: &'a Utf8Path,
    /// The folder with its files: the same, or where the archive was unpacked.
    folder: &'a Utf8Path,
    bundle: &'a Bundle,
}

fn import_run(
    root: &Utf8Path,
    source: Source<'_>,
    run: &BundledRun,
    staged: &Utf8Path,
) -> Result<ImportOutcome, BundleError> {
    let Source { from: shown, folder, bundle } = source;
    let copied = RunDir::at(&staged.join(&run.key));
    for (path, name, sum) in bundle.files_of(&run.key) {
        let (from, to) = (folder.join(path), copied.path().join(name));
        if !from.is_file() {
            return Err(BundleError::damaged(&shown.join(path), "it is missing"));
        }
        copy(&from, &to)?;
        if checksum(&to)?.as_ref() != Some(sum) {
            return Err(BundleError::damaged(&shown.join(path), "its content is not what was written"));
        }
    }
    // The files are those that were exported; now whether they are a run.
    let shown = shown.join("runs").join(&run.key);
    copied.verify().map_err(|error| BundleError::damaged(&shown, error.to_string()))?;
    if copied.record()?.is_none() {
        return Err(BundleError::damaged(&shown, "it has no run.json"));
    }
    words::check(&copied).map_err(|(name, problem)| BundleError::damaged(&shown.join(name), problem))?;
    let to = RunDir::new(root, &run.key);
    let claim = || -> Result<(), StoreError> {
        run.experiments.iter().try_for_each(|experiment| experiments::claim(root, experiment, [run.key.as_str()]))
    };
    if to.path().join("run.json").exists() {
        let outcome = compare(&copied, &to)?;
        if outcome == ImportOutcome::Known {
            claim()?;
        }
        return Ok(outcome);
    }
    if to.path().exists() {
        match to.lock() {
            Ok(lock) => lock.clear()?,
            Err(error @ StoreError::Locked { .. }) => return Ok(ImportOutcome::Left { why: error.to_string() }),
            Err(error) => return Err(error.into()),
        }
        fs_err::remove_dir_all(to.path()).map_err(|e| StoreError::io("remove", to.path(), e))?;
    }
    claim()?;
    fs_err::rename(copied.path(), to.path()).map_err(|e| StoreError::io("move", copied.path(), e))?;
    Ok(ImportOutcome::Imported)
}

/// What is to be done with a run that the project has.
fn compare(bundled: &RunDir, stored: &RunDir) -> Result<ImportOutcome, StoreError> {
    let left = |why: String| Ok(ImportOutcome::Left { why });
    let path = stored.path();
    let is_stored_done = match is_done(stored) {
        Ok(done) => done,
        Err(error) => return left(error.to_string()),
    };
    match (is_done(bundled)?, is_stored_done) {
        (true, true) if stored.left_out()?.is_some() && bundled.left_out()?.is_none() => {
            left(format!("{path} has the run without its parameters; delete it to import them"))
        }
        (_, _) if same_results(bundled.path(), path)? => Ok(ImportOutcome::Known),
        (true, true) => left(format!("{path} has other results of the same run; delete it to import this one")),
        (true, false) => left(format!("{path} is the same run, unfinished; delete it to import this one")),
        (false, true) => left(format!("{path} is the same run, finished")),
        (false, false) => left(format!("{path} is the same run at another epoch; delete it to import this one")),
    }
}

fn import_file(content: &[u8], to: &Utf8Path) -> Result<ImportOutcome, StoreError> {
    match fs_err::read(to) {
        Ok(found) if found == content => Ok(ImportOutcome::Known),
        Ok(_) => Ok(ImportOutcome::Left { why: format!("{to} has another content") }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            write_atomic(to, content)?;
            Ok(ImportOutcome::Imported)
        }
        Err(e) => Err(StoreError::io("read", to, e)),
    }
}
