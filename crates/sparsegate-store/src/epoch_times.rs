//! `times.jsonl`: when each epoch ended. Results do not depend on it, so that equal runs have equal files beside it.

use std::collections::BTreeMap;
use std::io::Write;

use serde::{Deserialize, Serialize};

use super::{LockedRun, RunDir, StoreError};

/// Name of the file.
pub(super) const TIMES: &str = "times.jsonl";

/// The end of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochEnd {
    /// Number of finished epochs.
    pub epoch: u32,
    /// Seconds spent on the run until then, over all processes that worked on it: training, evaluation, checkpoints.
    pub train_seconds: f64,
}

impl RunDir {
    /// Seconds that each epoch took, by its number; only of epochs whose beginning is known, too. Empty for a run of an
    /// earlier version. Lines that cannot be read are left out: no result depends on them.
    #[must_use]
    pub fn epoch_seconds(&self) -> BTreeMap<u32, f64> {
        let text = fs_err::read_to_string(self.path().join(TIMES)).unwrap_or_default();
        let ends = text.lines().filter_map(|line| serde_json::from_str::<EpochEnd>(line).ok());
        // An epoch that was repeated after a crash has a second line.
        let ends: BTreeMap<u32, f64> = ends.map(|end| (end.epoch, end.train_seconds)).collect();
        let begin = |epoch: u32| if epoch == 1 { Some(0.0) } else { ends.get(&(epoch - 1)).copied() };
        let seconds = |(epoch, end): (&u32, &f64)| Some((*epoch, end - begin(*epoch)?));
        ends.iter().filter(|(epoch, _)| **epoch > 0).filter_map(seconds).filter(|(_, seconds)| *seconds > 0.0).collect()
    }
}

impl LockedRun {
    /// Appends a line to `times.jsonl`. The file is not forced to the disk: after a crash lines may be missing.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn append_epoch_end(&self, end: &EpochEnd) -> Result<(), StoreError> {
        let path = self.dir().path().join(TIMES);
        let fail = |e| StoreError::io("write", &path, e);
        // A line that a killed process did not finish stays alone.
        let mut line = serde_json::to_vec(end).map_err(|e| fail(e.into()))?;
        line.push(b'\n');
        let mut file = fs_err::OpenOptions::new().append(true).create(true).open(path.as_std_path()).map_err(fail)?;
        file.write_all(&line).map_err(fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8Path;

    #[test]
    fn seconds_are_differences_of_the_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(Utf8Path::from_path(folder.path()).unwrap(), "0123");
        assert!(dir.epoch_seconds().is_empty());
        let lock = dir.lock().unwrap();
        // Epoch 2 is repeated after a crash.
        for (epoch, train_seconds) in [(1, 10.0), (2, 14.0), (2, 13.0), (3, 16.5), (5, 30.0)] {
            lock.append_epoch_end(&EpochEnd { epoch, train_seconds }).unwrap();
        }
        let mut file = fs_err::OpenOptions::new().append(true).open(dir.path().join(TIMES)).unwrap();
        file.write_all(b"{\"epoch\":6,\"tr").unwrap();
        assert_eq!(dir.epoch_seconds().into_iter().collect::<Vec<_>>(), [(1, 10.0), (2, 3.0), (3, 3.5)]);
    }
}
