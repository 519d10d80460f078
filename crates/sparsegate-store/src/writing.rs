//! Writing inside a run folder, which only the process that has its lock may do.

use std::io::Write;

use camino::Utf8Path;
use serde::Serialize;

use super::atomic::{sync_folder, write_atomic};
use super::checkpoint::{Checkpoint, CompanionHashes, Position};
use super::classes::ClassResults;
use super::format::{EpochMetrics, FORMAT, RunRecord, Structure, Summary};
use super::lock::LockedRun;
use super::manifest::MANIFEST;
use super::notes::NOTES;
use super::run_dir::{BEST_PREFIX, read};
use super::speed::Speed;
use super::{RunDir, StoreError, tensors};
use sparsegate_core::trainer::NamedTensor;

impl LockedRun {
    /// The folder, for reading.
    #[must_use]
    pub fn dir(&self) -> &RunDir {
        &self.dir
    }

    /// Writes `run.json`.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn write_record(&self, record: &RunRecord) -> Result<(), StoreError> {
        self.write_json("run.json", record)
    }

    /// Writes `summary.json`.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn write_summary(&self, summary: &Summary) -> Result<(), StoreError> {
        self.write_json("summary.json", summary)
    }

    /// Removes `summary.json` and the manifest, because the run has not ended yet.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn remove_summary(&self) -> Result<(), StoreError> {
        self.check()?;
        // The manifest goes first: one without the files that it lists would be a sign of damage.
        remove(&self.dir.path().join(MANIFEST))?;
        remove(&self.dir.path().join("summary.json"))
    }

    /// Writes `structure.json`.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn write_structure(&self, structure: &Structure) -> Result<(), StoreError> {
        self.write_json("structure.json", structure)
    }

    /// Writes `speed.json`.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn write_speed(&self, speed: &Speed) -> Result<(), StoreError> {
        self.replace_extra("speed.json", || self.write_json("speed.json", speed))
    }

    /// Writes `classes.json`.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn write_classes(&self, classes: &ClassResults) -> Result<(), StoreError> {
        self.replace_extra("classes.json", || self.write_json("classes.json", classes))
    }

    /// Writes `model.safetensors`, the parameters alone.
    ///
    /// # Errors
    /// [`StoreError::NotFinite`], [`StoreError::Io`], or [`StoreError::Corrupt`] for a tensor whose number of values
    /// does not fit its shape.
    pub fn write_model(&self, parameters: &[NamedTensor]) -> Result<(), StoreError> {
        let path = self.dir.model_path();
        self.check()?;
        check_finite(&path, parameters)?;
        let bytes = tensors::encode(parameters, format!("{{\"format\":{FORMAT}}}"))
            .map_err(|problem| StoreError::corrupt(&path, self.dir.path(), &problem))?;
        write_atomic(&path, &bytes)
    }

    /// Writes `compact.safetensors`; `bytes` is a file in the format of [`sparsegate_runtime`].
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn write_compact(&self, bytes: &[u8]) -> Result<(), StoreError> {
        self.replace_extra("compact.safetensors", || write_atomic(&self.dir.compact_path(), bytes))
    }

    /// Replaces the checkpoint; the old one stays in place until the new one is complete.
    ///
    /// # Errors
    /// [`StoreError::NotFinite`], [`StoreError::Io`], or [`StoreError::Corrupt`] for a tensor whose number of values does not fit its shape.
    pub fn write_checkpoint(&self, position: &Position, state: &[NamedTensor]) -> Result<(), StoreError> {
        let files = self.dir.companions(position.epoch)?;
        self.write_state(&self.dir.checkpoint_path(), position, state, files)
    }

    /// Stores the state at the end of the best epoch so far, `position.epoch`, beside the checkpoint. The states of
    /// earlier best epochs stay, because the checkpoint may be older than this one; see [`LockedRun::keep_best`].
    ///
    /// # Errors
    /// As [`LockedRun::write_checkpoint`].
    pub fn write_best(&self, position: &Position, state: &[NamedTensor]) -> Result<(), StoreError> {
        self.write_state(&self.dir.best_path(position.epoch), position, state, CompanionHashes::new())
    }

    /// Removes the stored states of best epochs other than `epoch`, and what a killed process had written of one.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn keep_best(&self, epoch: Option<u32>) -> Result<(), StoreError> {
        let folder = self.dir.path().join("checkpoint");
        self.check()?;
        if !folder.exists() {
            return Ok(());
        }
        let kept = epoch.map(|epoch| self.dir.best_path(epoch));
        let fail = |e| StoreError::io("read", &folder, e);
        for entry in folder.read_dir_utf8().map_err(fail)? {
            let entry = entry.map_err(fail)?;
            // A file that is being written has a point before its name.
            if entry.file_name().trim_start_matches('.').starts_with(BEST_PREFIX)
                && kept.as_deref() != Some(entry.path())
            {
                remove(entry.path())?;
            }
        }
        Ok(())
    }

    fn write_state(
        &self,
        path: &Utf8Path,
        position: &Position,
        state: &[NamedTensor],
        files: CompanionHashes,
    ) -> Result<(), StoreError> {
        self.check()?;
        check_finite(path, state)?;
        let bytes = Checkpoint::encode(position, state, files)
            .map_err(|problem| StoreError::corrupt(path, self.dir.path(), &problem))?;
        write_atomic(path, &bytes)
    }

    /// Copies the checkpoint, the metrics and the times of `source`, a finished run of fewer epochs, so that this run
    /// goes on from there. A `run.json` that was written for this run before is removed, since the checkpoint would be
    /// one of that record; the caller writes the new one. The checkpoint comes last: if the process is killed before it
    /// is complete, this run has no checkpoint, and starts from its first epoch.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a file of `source` is missing or damaged; [`StoreError::Io`].
    pub fn continue_from(&self, source: &RunDir) -> Result<(), StoreError> {
        let damaged = |path: &Utf8Path, problem: &str| StoreError::corrupt(path, source.path(), &problem);
        let path = source.checkpoint_path();
        let checkpoint = source.checkpoint()?.ok_or_else(|| damaged(&path, "it is missing"))?;
        let metrics = source.metrics()?;
        if metrics.len() != checkpoint.position.epoch as usize {
            return Err(damaged(&source.metrics_path(), "it does not have the epochs of the checkpoint"));
        }
        self.check()?;
        remove(&self.dir.path().join("run.json"))?;
        let times = source.times()?;
        if !times.is_empty() {
            let path = self.dir.times_path();
            write_atomic(&path, &json_lines(&path, &times)?)?;
        }
        let path = self.dir.metrics_path();
        write_atomic(&path, &json_lines(&path, &metrics)?)?;
        self.write_checkpoint(&checkpoint.position, &checkpoint.tensors)
    }

    /// Appends one line to `metrics.jsonl` and syncs the file. A partly written line is removed again.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn append_metrics(&self, metrics: &EpochMetrics) -> Result<(), StoreError> {
        self.check()?;
        append_line(&self.dir, &self.dir.metrics_path(), metrics)
    }

    /// Truncates `metrics.jsonl` to its first `lines` lines, those that the checkpoint includes.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if there are fewer lines; [`StoreError::Io`].
    pub fn truncate_metrics(&self, lines: u32) -> Result<(), StoreError> {
        let path = self.dir.metrics_path();
        self.check()?;
        match keep_lines(&path, lines as usize)? {
            None if lines > 0 => {
                Err(StoreError::corrupt(&path, self.dir.path(), &"it is missing, but there is a checkpoint"))
            }
            Some(found) if found < lines as usize => {
                let problem = format!("it has fewer lines than the {lines} that the checkpoint includes");
                Err(StoreError::corrupt(&path, self.dir.path(), &problem))
            }
            _ => Ok(()),
        }
    }

    /// Removes everything in the folder except the lock file and what a person wrote about the run.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn clear(&self) -> Result<(), StoreError> {
        let folder = self.dir.path();
        let fail = |e| StoreError::io("empty", folder, e);
        // The files that mark the run as finished or resumable go first, so that a crash in this function leaves an
        // unfinished run.
        self.remove_summary()?;
        remove(&self.dir.checkpoint_path())?;
        for entry in folder.read_dir_utf8().map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let removed = match entry.file_type().map_err(fail)?.is_dir() {
                _ if ["lock", NOTES].contains(&entry.file_name()) => Ok(()),
                true => fs_err::remove_dir_all(entry.path()),
                false => fs_err::remove_file(entry.path()),
            };
            removed.map_err(|e| StoreError::io("remove", entry.path(), e))?;
        }
        Ok(())
    }

    /// Deletes the run with its folder.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn delete(self) -> Result<(), StoreError> {
        self.clear()?;
        let folder = self.dir.path();
        fs_err::remove_dir_all(folder).map_err(|e| StoreError::io("remove", folder, e))
    }

    /// Deletes the checkpoint of a finished run, from which a run with more epochs could go on.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn delete_checkpoint(&self) -> Result<(), StoreError> {
        let folder = self.dir.path().join("checkpoint");
        self.check()?;
        match fs_err::remove_dir_all(&folder) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io("remove", &folder, e)),
            _ => Ok(()),
        }
    }

    pub(super) fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), StoreError> {
        let path = self.dir.path().join(name);
        self.check()?;
        let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| StoreError::io("write", &path, e.into()))?;
        bytes.push(b'\n');
        write_atomic(&path, &bytes)
    }
}

/// Refuses tensors that must not be stored: no later step or evaluation could use them.
fn check_finite(path: &Utf8Path, tensors: &[NamedTensor]) -> Result<(), StoreError> {
    match NamedTensor::first_not_finite(tensors) {
        Some(tensor) => Err(StoreError::NotFinite { path: path.to_owned(), tensor: tensor.name.clone() }),
        None => Ok(()),
    }
}

/// Appends a value as a line of JSON to a file of the run's folder, and syncs the file. A partly written line is
/// removed again.
pub(super) fn append_line(dir: &RunDir, path: &Utf8Path, value: &impl Serialize) -> Result<(), StoreError> {
    let fail = |e| StoreError::io("write", path, e);
    let mut line = serde_json::to_vec(value).map_err(|e| fail(e.into()))?;
    line.push(b'\n');
    let is_new = !path.exists();
    let mut file = fs_err::OpenOptions::new().append(true).create(true).open(path.as_std_path()).map_err(fail)?;
    let length = file.metadata().map_err(fail)?.len();
    if let Err(error) = file.write_all(&line).and_then(|()| file.sync_all()) {
        let _ = file.set_len(length);
        return Err(fail(error));
    }
    if is_new { sync_folder(dir.path()).map_err(fail) } else { Ok(()) }
}

/// Truncates a file to its first `lines` lines, and returns the number of lines that it had up to there; a file with
/// fewer stays as it is. `None` if there is no file.
pub(super) fn keep_lines(path: &Utf8Path, lines: usize) -> Result<Option<usize>, StoreError> {
    let fail = |e| StoreError::io("write", path, e);
    let Some(bytes) = read(path)? else { return Ok(None) };
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at as u64 + 1);
    let ends: Vec<u64> = std::iter::once(0).chain(ends).take(lines + 1).collect();
    let found = ends.len() - 1;
    let length = ends[found];
    if found == lines && length < bytes.len() as u64 {
        let file = fs_err::OpenOptions::new().write(true).open(path.as_std_path()).map_err(fail)?;
        file.set_len(length).and_then(|()| file.sync_all()).map_err(fail)?;
    }
    Ok(Some(found))
}

/// The values as lines of JSON, as [`append_line`] writes them. `path` is for messages.
fn json_lines<T: Serialize>(path: &Utf8Path, values: &[T]) -> Result<Vec<u8>, StoreError> {
    let mut lines = Vec::new();
    for value in values {
        serde_json::to_writer(&mut lines, value).map_err(|e| StoreError::io("write", path, e.into()))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Removes a file; a missing file is not an error.
fn remove(path: &Utf8Path) -> Result<(), StoreError> {
    match fs_err::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io("remove", path, e)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_had_written_of_a_best_epoch_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(Utf8Path::from_path(folder.path()).unwrap(), "k");
        let lock = dir.lock().unwrap();
        lock.write_best(&Position::start(), &[]).unwrap();
        let checkpoint = dir.path().join("checkpoint");
        for name in [".best-3.safetensors.new", "best-2.safetensors", "state.safetensors"] {
            fs_err::write(checkpoint.join(name), "").unwrap();
        }
        lock.keep_best(Some(0)).unwrap();
        let mut names: Vec<_> =
            checkpoint.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
        names.sort();
        assert_eq!(names, ["best-0.safetensors", "state.safetensors"]);
    }

    #[test]
    fn tensors_that_are_not_finite_are_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let dir = RunDir::new(root, "k");
        let lock = dir.lock().unwrap();
        let tensor = |name: &str, value| NamedTensor { name: name.to_owned(), shape: vec![1], values: vec![value] };
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let tensors = [tensor("a", 1.0), tensor("b/mean", bad)];
            let position = Position::start();
            for result in [
                lock.write_model(&tensors),
                lock.write_checkpoint(&position, &tensors),
                lock.write_best(&position, &tensors),
            ] {
                let error = result.unwrap_err();
                assert!(matches!(&error, StoreError::NotFinite { tensor, .. } if tensor == "b/mean"), "{error}");
            }
        }
        assert!(dir.model().unwrap().is_none() && dir.checkpoint().unwrap().is_none());
        lock.write_model(&[tensor("a", f32::MAX)]).unwrap();
    }
}
