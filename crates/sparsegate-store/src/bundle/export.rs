//! Writes a bundle.

use std::collections::BTreeMap;
use std::io::Write as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::archive::ArchiveWriter;
use super::citation::{self, Citation};
use super::names::{self, CITATION, RO_CRATE};
use super::{Bundle, BundleError, BundledRun, DESCRIPTION, is_archive, temporary};
use crate::comparison::is_done;
use crate::manifest::{Checksum, EXTRAS, MANIFEST, RESULTS, checksum, checksum_of};
use crate::notes::NOTES;
use crate::run_dir::{BEST_PREFIX, LEFT_OUT, LeftOut};
use crate::{LockedRun, RunDir, StoreError, StoredRun, Verified, write_atomic};

/// What a bundle is to contain besides the records, curves, structures and compact models of the runs.
#[derive(Debug, Clone, Default)]
pub struct ExportOptions {
    /// The parameters of finished runs, `model.safetensors`.
    pub weights: bool,
    /// The checkpoints of finished runs, with which more epochs could go on. An unfinished run always has its own.
    pub checkpoints: bool,
    /// Metadata: `ro-crate-metadata.json` and `CITATION.cff`.
    pub citation: Option<Citation>,
}

/// A spec or manifest that a bundle is to contain.
#[derive(Debug, Clone)]
pub struct ExtraFile {
    /// Its path in the bundle, such as `experiments/quick.yaml`.
    pub path: String,
    /// Its content.
    pub content: Vec<u8>,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Number of runs.
    pub runs: usize,
    /// Number of files.
    pub files: usize,
    /// Their size in bytes, before compression.
    pub bytes: u64,
}

/// Where the content of a file of the bundle comes from.
enum Source {
    File(Utf8PathBuf),
    Bytes(Vec<u8>),
}

/// Writes the runs and `extra` files as a bundle to `to`: an archive if the name ends in `.tar` or `.tar.zst`, else a
/// folder. It appears as a whole or not at all.
///
/// # Errors
/// [`BundleError::Exists`]; [`BundleError::Run`] for a run that was never started or has no manifest; a damaged run, or
/// one that a process trains.
pub fn export(
    runs: &[StoredRun],
    extra: Vec<ExtraFile>,
    options: &ExportOptions,
    to: &Utf8Path,
) -> Result<Exported, BundleError> {
    if to.exists() {
        return Err(BundleError::Exists(to.to_owned()));
    }
    let mut sources = BTreeMap::new();
    let (mut bundled, mut locks) = (Vec::new(), Vec::new());
    for run in runs {
        locks.extend(collect(&run.dir, options, &mut sources)?);
        bundled.push(BundledRun { key: run.dir.key().to_owned(), experiments: run.experiments.clone() });
    }
    sources.extend(extra.into_iter().map(|ExtraFile { path, content }| (path, Source::Bytes(content))));
    debug_assert!(sources.keys().all(|path| names::is_allowed(path)), "{:?}", sources.keys());
    let mut files = checksums(&sources)?;
    if let Some(citation) = &options.citation {
        let crate_text = citation::ro_crate(citation, runs, &files);
        for (name, text) in [(CITATION, citation::cff(citation)), (RO_CRATE, crate_text)] {
            files.insert(name.to_owned(), checksum_of(text.as_bytes()));
            sources.insert(name.to_owned(), Source::Bytes(text.into_bytes()));
        }
    }
    let bytes = files.values().map(|sum| sum.bytes).sum();
    let exported = Exported { runs: bundled.len(), files: files.len() + 1, bytes };
    write(&Bundle::new(bundled, files), &sources, to)?;
    // Until here nobody trained an unfinished run further: its files are those of the checksums.
    drop(locks);
    Ok(exported)
}

/// Adds the files of a run. The lock of an unfinished one is returned, so that it stays as it is.
fn collect(
    dir: &RunDir,
    options: &ExportOptions,
    sources: &mut BTreeMap<String, Source>,
) -> Result<Option<LockedRun>, BundleError> {
    let refused = |problem| Err(BundleError::Run { run: dir.key().to_owned(), problem });
    let lock = match dir.verify()? {
        Verified::NotStarted => return refused("was never started, so that there is nothing to export"),
        Verified::ByContent => return refused("has no manifest.json; `sparsegate verify --adopt` writes one"),
        Verified::ByManifest => None,
        Verified::Unfinished => match dir.lock() {
            Ok(lock) => {
                // It may have gone on before it was locked.
                dir.verify()?;
                Some(lock)
            }
            Err(error @ StoreError::Locked { .. }) => return Err(error.into()),
            // Nobody trains in a folder that cannot be written.
            Err(_) => None,
        },
    };
    let is_done = is_done(dir)?;
    let mut put = |name: &str| {
        let path = dir.path().join(name);
        if path.is_file() {
            sources.insert(format!("runs/{}/{name}", dir.key()), Source::File(path));
        }
    };
    let is_state = |name: &&str| name.starts_with("checkpoint/");
    let is_left_out = |name: &&str| *name == "model.safetensors" && !options.weights;
    RESULTS.into_iter().filter(|name| !is_left_out(name)).for_each(&mut put);
    EXTRAS.into_iter().filter(|name| !is_state(name) || options.checkpoints || !is_done).for_each(&mut put);
    [MANIFEST, NOTES, LEFT_OUT].into_iter().for_each(&mut put);
    if !is_done {
        best_states(dir)?.iter().for_each(|name| put(name));
    }
    if is_done && !options.weights {
        let text = LeftOut::weights().to_json();
        sources.insert(format!("runs/{}/{LEFT_OUT}", dir.key()), Source::Bytes(text));
    }
    Ok(lock)
}

/// The states of best epochs that the checkpoint of an unfinished run may refer to.
fn best_states(dir: &RunDir) -> Result<Vec<String>, StoreError> {
    let folder = dir.path().join("checkpoint");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let fail = |e| StoreError::io("read", &folder, e);
    let mut names = Vec::new();
    for entry in folder.read_dir_utf8().map_err(fail)? {
        let name = entry.map_err(fail)?.file_name().to_owned();
        if name.starts_with(BEST_PREFIX) {
            names.push(format!("checkpoint/{name}"));
        }
    }
    Ok(names)
}

fn checksums(sources: &BTreeMap<String, Source>) -> Result<BTreeMap<String, Checksum>, BundleError> {
    let mut files = BTreeMap::new();
    for (name, source) in sources {
        let sum = match source {
            Source::Bytes(bytes) => checksum_of(bytes),
            Source::File(path) => checksum(path)?.ok_or_else(|| vanished(path))?,
        };
        files.insert(name.clone(), sum);
    }
    Ok(files)
}

fn vanished(path: &Utf8Path) -> StoreError {
    StoreError::io("read", path, std::io::ErrorKind::NotFound.into())
}

/// Writes the bundle beside its place and moves it there when it is complete.
fn write(bundle: &Bundle, sources: &BTreeMap<String, Source>, to: &Utf8Path) -> Result<(), BundleError> {
    let fail = |e| StoreError::io("write", to, e);
    if let Some(folder) = to.parent().filter(|folder| !folder.as_str().is_empty()) {
        fs_err::create_dir_all(folder).map_err(|e| StoreError::io("create", folder, e))?;
    }
    let mut description = serde_json::to_vec_pretty(bundle).map_err(|e| fail(e.into()))?;
    description.push(b'\n');
    let unfinished = temporary(to);
    let written = if is_archive(to) {
        write_archive(&unfinished, &description, sources, to)
    } else {
        write_folder(&unfinished, &description, sources)
    };
    let placed = written.and_then(|()| Ok(fs_err::rename(&unfinished, to).map_err(fail)?));
    if placed.is_err() {
        let _ =
            if unfinished.is_dir() { fs_err::remove_dir_all(&unfinished) } else { fs_err::remove_file(&unfinished) };
    }
    placed
}

fn write_archive(
    path: &Utf8Path,
    description: &[u8],
    sources: &BTreeMap<String, Source>,
    to: &Utf8Path,
) -> Result<(), BundleError> {
    let fail = |e| StoreError::io("write", to, e);
    let file = fs_err::File::create(path).map_err(fail)?;
    let mut archive = ArchiveWriter::new(file, super::is_compressed(to)).map_err(fail)?;
    archive.put(DESCRIPTION, description).map_err(fail)?;
    for (name, source) in sources {
        match source {
            Source::Bytes(bytes) => archive.put(name, bytes).map_err(fail)?,
            Source::File(from) => archive.put_file(name, from).map_err(fail)?,
        }
    }
    let mut file = archive.finish().map_err(fail)?;
    Ok(file.flush().and_then(|()| file.sync_all()).map_err(fail)?)
}

fn write_folder(folder: &Utf8Path, description: &[u8], sources: &BTreeMap<String, Source>) -> Result<(), BundleError> {
    for (name, source) in sources {
        let path = folder.join(name);
        match source {
            Source::Bytes(bytes) => write_atomic(&path, bytes)?,
            Source::File(from) => copy(from, &path)?,
        }
    }
    Ok(write_atomic(&folder.join(DESCRIPTION), description)?)
}

/// Copies a file, and creates the folders of the copy.
pub(super) fn copy(from: &Utf8Path, to: &Utf8Path) -> Result<(), StoreError> {
    if let Some(folder) = to.parent() {
        fs_err::create_dir_all(folder).map_err(|e| StoreError::io("create", folder, e))?;
    }
    fs_err::copy(from, to).map(drop).map_err(|e| StoreError::io("write", to, e))
}
