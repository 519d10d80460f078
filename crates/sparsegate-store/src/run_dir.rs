//! Reading a run folder.

use std::process::Stdio;

use camino::{Utf8Path, Utf8PathBuf};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, CompanionHashes, DecodeError, FormatVersion, Position};
use super::classes::ClassResults;
use super::format::{EpochMetrics, FORMAT, RunRecord, RunState, Structure, Summary};
use super::speed::Speed;
use super::{StoreError, tensors};
use sparsegate_core::trainer::NamedTensor;

/// Beginning of the names of files with the state of a best epoch.
pub(super) const BEST_PREFIX: &str = "best-";
/// Name of the file that says which files of a finished run were left out when it was exported.
pub(super) const LEFT_OUT: &str = "left-out.json";

/// The content of `left-out.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LeftOut {
    format: u32,
    /// Names of files that the manifest lists and the folder need not have.
    pub(super) files: Vec<String>,
}

impl LeftOut {
    /// The parameters were left out.
    pub(super) fn weights() -> Self {
        Self { format: FORMAT, files: vec!["model.safetensors".to_owned()] }
    }

    /// The content of the file.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }
}

/// The folder of one run, `<root>/runs/<key>`, which need not exist. Reading takes no lock, because files are replaced
/// atomically and readers of `metrics.jsonl` and `times.jsonl` skip an unfinished last line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir {
    path: Utf8PathBuf,
}

impl RunDir {
    /// The folder `<root>/runs/<key>`. Does not access the file system; [`Store::dir`](super::Store::dir) also finds
    /// the folders of earlier versions.
    #[must_use]
    pub fn new(root: &Utf8Path, key: &str) -> Self {
        Self { path: root.join("runs").join(key) }
    }

    /// The run in the folder `path`, of which the last part is the key. Does not access the file system.
    #[must_use]
    pub fn at(path: &Utf8Path) -> Self {
        Self { path: path.components().collect() }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The run's key, which is the folder's name.
    #[must_use]
    pub fn key(&self) -> &str {
        self.path.file_name().unwrap_or_default()
    }

    /// Size, times and inode of each file of the run, in short; `None` if there is no folder. While two stamps are equal,
    /// no file was written or replaced between them, but for changes within the resolution of the file system's clock
    /// that keep the size.
    #[must_use]
    pub fn stamp(&self) -> Option<String> {
        self.path.exists().then(|| super::index::stamp(self))
    }

    /// Reads `run.json`; `None` if the run was never started.
    ///
    /// # Errors
    /// Any [`StoreError`] except `Locked`.
    pub fn record(&self) -> Result<Option<RunRecord>, StoreError> {
        self.json("run.json")
    }

    /// Reads `summary.json`; `None` if the run has not ended.
    ///
    /// # Errors
    /// Any [`StoreError`] except `Locked`.
    pub fn summary(&self) -> Result<Option<Summary>, StoreError> {
        self.json("summary.json")
    }

    /// Reads `summary.json` of a finished run; `None` if the run has not ended, was interrupted or failed.
    ///
    /// # Errors
    /// Any [`StoreError`] except `Locked`.
    pub fn finished(&self) -> Result<Option<Summary>, StoreError> {
        Ok(self.summary()?.filter(|summary| summary.state == RunState::Done))
    }

    /// Reads `structure.json`; `None` if the run is not done.
    ///
    /// # Errors
    /// Any [`StoreError`] except `Locked`.
    pub fn structure(&self) -> Result<Option<Structure>, StoreError> {
        self.json("structure.json")
    }

    /// Reads `speed.json`; `None` if the run's compact model was not timed.
    ///
    /// # Errors
    /// Any [`StoreError`] except `Locked`.
    pub fn speed(&self) -> Result<Option<Speed>, StoreError> {
        self.json("speed.json")
    }

    /// Reads `classes.json`; `None` for a language model, and for a run of a version that did not write it.
    ///
    /// # Errors
    /// Any [`StoreError`] except `Locked`.
    pub fn classes(&self) -> Result<Option<ClassResults>, StoreError> {
        let classes: Option<ClassResults> = self.json("classes.json")?;
        if let Some(Err(problem)) = classes.as_ref().map(ClassResults::check) {
            return Err(self.corrupt(&self.path.join("classes.json"), &problem));
        }
        Ok(classes)
    }

    /// Reads the lines of `metrics.jsonl`, one per finished epoch; empty if there is no file. A last line without
    /// newline is still being written and is left out.
    ///
    /// # Errors
    /// [`StoreError::Io`], or [`StoreError::Corrupt`] with the number of the line.
    pub fn metrics(&self) -> Result<Vec<EpochMetrics>, StoreError> {
        self.json_lines(&self.metrics_path())
    }

    /// Reads a file of one JSON value a line; empty if there is no file. A last line without newline is left out.
    pub(super) fn json_lines<T: DeserializeOwned>(&self, path: &Utf8Path) -> Result<Vec<T>, StoreError> {
        let Some(bytes) = read(path)? else { return Ok(Vec::new()) };
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines = bytes[..whole].split_inclusive(|byte| *byte == b'\n');
        let parse =
            |(at, line)| serde_json::from_slice(line).map_err(|e| self.corrupt(path, &format!("line {}: {e}", at + 1)));
        lines.enumerate().map(parse).collect()
    }

    /// Reads the checkpoint; `None` if there is none.
    ///
    /// # Errors
    /// Any [`StoreError`] except `Locked`; a wrong checksum is [`StoreError::Corrupt`].
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        Ok(self.checkpoint_with_files()?.map(|(checkpoint, _)| checkpoint))
    }

    /// The checkpoint, with the hashes of the files that it relies on; none in a file of an earlier version.
    pub(super) fn checkpoint_with_files(&self) -> Result<Option<(Checkpoint, CompanionHashes)>, StoreError> {
        self.read_checkpoint(self.checkpoint_path())
    }

    /// Reads the state at the end of `epoch` that [`super::LockedRun::write_best`] stored; `None` if there is none.
    ///
    /// # Errors
    /// As [`RunDir::checkpoint`].
    pub fn best(&self, epoch: u32) -> Result<Option<Checkpoint>, StoreError> {
        Ok(self.read_checkpoint(self.best_path(epoch))?.map(|(checkpoint, _)| checkpoint))
    }

    fn read_checkpoint(&self, path: Utf8PathBuf) -> Result<Option<(Checkpoint, CompanionHashes)>, StoreError> {
        let Some(bytes) = read(&path)? else { return Ok(None) };
        match Checkpoint::decode(&bytes) {
            Ok(found) => Ok(Some(found)),
            Err(DecodeError::Newer(found)) => Err(StoreError::Newer { path, found, known: FORMAT }),
            Err(DecodeError::Damaged(problem)) => Err(self.corrupt(&path, &problem)),
        }
    }

    /// Reads the position of the checkpoint; `None` if there is none. Reads only the file's header and does not verify
    /// the checksum.
    ///
    /// # Errors
    /// Any [`StoreError`] except `Locked`.
    pub fn position(&self) -> Result<Option<Position>, StoreError> {
        let path = self.checkpoint_path();
        let file = match fs_err::File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io("read", &path, e)),
        };
        let metadata = tensors::read_metadata(file).map_err(|problem| self.corrupt(&path, &problem))?;
        self.check_version(&path, metadata.as_bytes())?;
        Checkpoint::decode_position(&metadata).map(Some).map_err(|problem| self.corrupt(&path, &problem))
    }

    /// Reads the parameters in `model.safetensors`, in order of name; `None` if the run is not done.
    ///
    /// # Errors
    /// Any [`StoreError`] except `Locked`.
    pub fn model(&self) -> Result<Option<Vec<NamedTensor>>, StoreError> {
        let path = self.model_path();
        let Some(bytes) = read(&path)? else { return Ok(None) };
        let (parameters, metadata) = tensors::decode(&bytes).map_err(|problem| self.corrupt(&path, &problem))?;
        self.check_version(&path, metadata.as_bytes())?;
        Ok(Some(parameters))
    }

    /// Reads `left-out.json`; `None` if the folder has all files.
    ///
    /// # Errors
    /// Any [`StoreError`] except `Locked`; [`StoreError::Corrupt`] if it names another file than the parameters.
    pub(super) fn left_out(&self) -> Result<Option<LeftOut>, StoreError> {
        let left_out: Option<LeftOut> = self.json(LEFT_OUT)?;
        if left_out.as_ref().is_some_and(|found| *found != LeftOut::weights()) {
            return Err(self.corrupt(&self.path.join(LEFT_OUT), &"only model.safetensors can be left out"));
        }
        Ok(left_out)
    }

    /// Whether the run is finished and its parameters were left out when it was exported.
    ///
    /// # Errors
    /// Any [`StoreError`] except `Locked`.
    pub fn is_without_weights(&self) -> Result<bool, StoreError> {
        Ok(!self.model_path().exists() && self.left_out()?.is_some())
    }

    /// Reads the bytes of `compact.safetensors`; `None` if the run is not done, or was trained by a version that did
    /// not write it.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn compact(&self) -> Result<Option<Vec<u8>>, StoreError> {
        read(&self.compact_path())
    }

    /// Opens `log.txt` for appending, to be the standard error of the run's process.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn open_log(&self) -> Result<Stdio, StoreError> {
        let path = self.log_path();
        fs_err::create_dir_all(&self.path).map_err(|e| StoreError::io("create", &self.path, e))?;
        let file = fs_err::OpenOptions::new().append(true).create(true).open(path.as_std_path());
        file.map(|file| Stdio::from(file.into_parts().0)).map_err(|e| StoreError::io("write", &path, e))
    }

    /// The last `lines` lines of `log.txt`; empty if the file is missing or cannot be read.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        let bytes = fs_err::read(self.log_path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// Path of `log.txt`.
    #[must_use]
    pub fn log_path(&self) -> Utf8PathBuf {
        self.path.join("log.txt")
    }

    /// Path of `metrics.jsonl`.
    #[must_use]
    pub fn metrics_path(&self) -> Utf8PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// Path of `model.safetensors`.
    #[must_use]
    pub fn model_path(&self) -> Utf8PathBuf {
        self.path.join("model.safetensors")
    }

    /// Path of `compact.safetensors`.
    #[must_use]
    pub fn compact_path(&self) -> Utf8PathBuf {
        self.path.join("compact.safetensors")
    }

    /// Path of `checkpoint/state.safetensors`.
    #[must_use]
    pub fn checkpoint_path(&self) -> Utf8PathBuf {
        self.path.join("checkpoint").join("state.safetensors")
    }

    /// Path of `checkpoint/best-EPOCH.safetensors`.
    #[must_use]
    pub fn best_path(&self, epoch: u32) -> Utf8PathBuf {
        self.path.join("checkpoint").join(format!("{BEST_PREFIX}{epoch}.safetensors"))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let path = self.path.join(name);
        let Some(bytes) = read(&path)? else { return Ok(None) };
        self.check_version(&path, &bytes)?;
        serde_json::from_slice(&bytes).map(Some).map_err(|e| self.corrupt(&path, &e))
    }

    /// The version is checked first, since a newer file may have other fields.
    fn check_version(&self, path: &Utf8Path, json: &[u8]) -> Result<(), StoreError> {
        let version: FormatVersion = serde_json::from_slice(json).map_err(|e| self.corrupt(path, &e))?;
        if version.format > FORMAT {
            return Err(StoreError::Newer { path: path.to_owned(), found: version.format, known: FORMAT });
        }
        Ok(())
    }

    pub(super) fn corrupt(&self, path: &Utf8Path, problem: &dyn std::fmt::Display) -> StoreError {
        StoreError::corrupt(path, &self.path, problem)
    }
}

/// The content of a file; `None` if there is none.
pub(super) fn read(path: &Utf8Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs_err::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StoreError::io("read", path, e)),
    }
}
