//! Whether the stored files of a run are those that were written, and belong together.

use camino::Utf8Path;

use super::checkpoint::CompanionHashes;
use super::format::{EpochMetrics, RunState, Summary};
use super::manifest::{MANIFEST, RESULTS};
use super::store::is_key;
use super::{RunDir, StoreError, plan};
use sparsegate_core::trainer::NamedTensor;

/// The files that a checkpoint relies on.
const COMPANIONS: [&str; 2] = ["run.json", "metrics.jsonl"];

/// What a run's files were compared with, if they are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// Nothing is stored.
    NotStarted,
    /// The run is not finished. Its spec was compared with its key, and its checkpoint and the metrics that this
    /// includes with their checksums.
    Unfinished,
    /// All files were compared with the checksums of `manifest.json`.
    ByManifest,
    /// The folder of a finished run has no manifest: it was written by an earlier version, or its process was killed at
    /// the last moment. Its files were compared with each other, and those that the checkpoint relies on with its
    /// hashes.
    ByContent,
}

impl RunDir {
    /// Reads all files of the run and checks that they are what was written, as far as this can be known: see
    /// [`Verified`]. `log.txt` and `lock` are not checked.
    ///
    /// # Errors
    /// The first damaged file, as [`StoreError::Corrupt`]; [`StoreError::Newer`]; [`StoreError::Io`].
    pub fn verify(&self) -> Result<Verified, StoreError> {
        let Some(record) = self.record()? else {
            let others = RESULTS.into_iter().chain([MANIFEST]).filter(|name| *name != "run.json");
            // A run that goes on from a shorter one has copies of its metrics and checkpoint before it has a record.
            let others = others.filter(|name| *name != "metrics.jsonl");
            let relied_on = self.checkpoint_with_files()?.is_some_and(|(_, files)| files.contains_key("run.json"));
            if relied_on || others.map(|name| self.path().join(name)).any(|path| path.exists()) {
                return Err(self.corrupt(&self.path().join("run.json"), &"it is missing"));
            }
            return Ok(Verified::NotStarted);
        };
        let of_record = |problem: &str| self.corrupt(&self.path().join("run.json"), &problem);
        plan::check_key(&record).map_err(|problem| of_record(&problem))?;
        if is_key(self.key()) && self.key() != record.key {
            return Err(of_record(&format!("it is that of the run {}", record.key)));
        }
        if self.check_manifest()? {
            return Ok(Verified::ByManifest);
        }
        match self.summary()? {
            Some(summary) if summary.state == RunState::Done => {
                self.check_finished(&summary)?;
                Ok(Verified::ByContent)
            }
            summary => {
                self.check_unfinished(summary.as_ref())?;
                Ok(Verified::Unfinished)
            }
        }
    }

    /// Checks a finished run without a manifest.
    fn check_finished(&self, summary: &Summary) -> Result<(), StoreError> {
        if let Some((checkpoint, files)) = self.checkpoint_with_files()? {
            self.check_companions(checkpoint.position.epoch, &files)?;
        }
        self.times()?;
        let metrics = self.metrics()?;
        let of_metrics = |problem: &str| self.corrupt(&self.metrics_path(), &problem);
        if metrics.len() != summary.epochs as usize {
            return Err(of_metrics(&format!("it has {} lines, and the run {} epochs", metrics.len(), summary.epochs)));
        }
        self.check_epochs(&metrics)?;
        let shown = summary.selected.map_or(metrics.last(), |epoch| metrics.iter().find(|line| line.epoch == epoch));
        if summary.last.as_ref() != shown {
            let problem = "its `last` is not that line of metrics.jsonl";
            return Err(self.corrupt(&self.path().join("summary.json"), &problem));
        }
        let missing = |path: &Utf8Path| self.corrupt(path, &"it is missing");
        let path = self.path().join("structure.json");
        let structure = self.structure()?.ok_or_else(|| missing(&path))?;
        if summary.last.as_ref().is_some_and(|last| last.counts != structure.counts) {
            return Err(self.corrupt(&path, &"its `counts` are not those of metrics.jsonl"));
        }
        let model = self.model()?.ok_or_else(|| missing(&self.model_path()))?;
        if let Some(tensor) = NamedTensor::first_not_finite(&model) {
            return Err(self.corrupt(&self.model_path(), &format!("{} is not finite", tensor.name)));
        }
        Ok(())
    }

    /// Checks a run that is interrupted, failed, or running.
    fn check_unfinished(&self, summary: Option<&Summary>) -> Result<(), StoreError> {
        // The checkpoint is read before the metrics: a running process appends to these before it replaces it.
        let stored = self.checkpoint_with_files()?;
        self.times()?;
        let metrics = self.metrics()?;
        self.check_epochs(&metrics)?;
        let Some((checkpoint, files)) = stored else { return Ok(()) };
        let epochs = checkpoint.position.epoch;
        self.check_companions(epochs, &files)?;
        if metrics.len() < epochs as usize {
            let problem = format!("it has {} lines, and the checkpoint {epochs} epochs", metrics.len());
            return Err(self.corrupt(&self.metrics_path(), &problem));
        }
        let interrupted = summary.filter(|summary| summary.state == RunState::Interrupted);
        if interrupted.is_some_and(|summary| summary.epochs != epochs) {
            let problem = format!("it does not have the {epochs} epochs of the checkpoint");
            return Err(self.corrupt(&self.path().join("summary.json"), &problem));
        }
        Ok(())
    }

    /// Compares the files that a checkpoint after `epochs` epochs relies on with their hashes in it.
    fn check_companions(&self, epochs: u32, files: &CompanionHashes) -> Result<(), StoreError> {
        for (name, wanted) in files {
            // A name that is not known is itself a sign of damage, and then has no hash.
            if self.content_hash(name, epochs)?.as_ref() != Some(wanted) {
                let problem = "its content is not that at the last checkpoint";
                return Err(self.corrupt(&self.path().join(name), &problem));
            }
        }
        Ok(())
    }

    /// Checks that the lines of `metrics.jsonl` are those of epochs 1, 2, 3 and so on.
    fn check_epochs(&self, metrics: &[EpochMetrics]) -> Result<(), StoreError> {
        match (1..).zip(metrics).find(|(number, line)| line.epoch != *number) {
            Some((number, line)) => {
                let problem = format!("line {number} is that of epoch {}", line.epoch);
                Err(self.corrupt(&self.metrics_path(), &problem))
            }
            None => Ok(()),
        }
    }

    /// blake3 hashes of the files that a checkpoint after `epochs` epochs relies on: `run.json`, and the first lines of
    /// `metrics.jsonl`. A file that does not exist is left out.
    pub(super) fn companions(&self, epochs: u32) -> Result<CompanionHashes, StoreError> {
        let mut files = CompanionHashes::new();
        for name in COMPANIONS {
            if let Some(hash) = self.content_hash(name, epochs)? {
                files.insert(name.to_owned(), hash);
            }
        }
        Ok(files)
    }

    /// The hash of a file; of `metrics.jsonl` that of its first `epochs` lines.
    fn content_hash(&self, name: &str, epochs: u32) -> Result<Option<String>, StoreError> {
        let path = self.path().join(name);
        if !COMPANIONS.contains(&name) {
            return Ok(None);
        }
        let Some(bytes) = super::run_dir::read(&path)? else { return Ok(None) };
        let content = if name == "metrics.jsonl" {
            let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
            let end = std::iter::once(0).chain(ends).take(epochs as usize + 1).last().unwrap_or(0);
            &bytes[..end]
        } else {
            &bytes[..]
        };
        Ok(Some(blake3::hash(content).to_hex().to_string()))
    }
}
