//! `times.jsonl`: when each epoch of a run ended, and how long it took.
//!
//! The times are beside `metrics.jsonl` and not in it, because its bytes depend on nothing but the spec, the data and
//! the backend. They are no result: two runs with other times are the same run, and a run without them lacks only what
//! is shown of them.

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::writing::{append_line, keep_lines};
use super::{LockedRun, RunDir, StoreError, Timestamp};

/// Name of the file.
pub(super) const TIMES: &str = "times.jsonl";

/// One line of `times.jsonl`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochTime {
    /// Finished epochs, from 1: that of the line in `metrics.jsonl`.
    pub epoch: u32,
    /// When the epoch and its evaluations had ended, by the clock of the machine.
    pub finished: Timestamp,
    /// Seconds on a clock that the epoch took with its evaluations, over all processes that worked on it.
    pub seconds: f64,
}

impl RunDir {
    /// Path of `times.jsonl`.
    #[must_use]
    pub fn times_path(&self) -> Utf8PathBuf {
        self.path().join(TIMES)
    }

    /// Reads the lines of `times.jsonl`, oldest first; empty if there is no file. Epochs may be missing: those that a
    /// version without times has trained. A last line without newline is still being written and is left out.
    ///
    /// # Errors
    /// [`StoreError::Io`], or [`StoreError::Corrupt`] with the number of the line.
    pub fn times(&self) -> Result<Vec<EpochTime>, StoreError> {
        let path = self.times_path();
        let times: Vec<EpochTime> = self.json_lines(&path)?;
        for (at, time) in times.iter().enumerate() {
            let before = at.checked_sub(1).map_or(0, |before| times[before].epoch);
            if time.epoch <= before || time.seconds < 0.0 {
                return Err(self.corrupt(&path, &format!("line {}: not the time of an epoch after {before}", at + 1)));
            }
        }
        Ok(times)
    }
}

impl LockedRun {
    /// Appends one line to `times.jsonl` and syncs the file. Comes before the epoch's line of `metrics.jsonl`, so that
    /// whoever sees that one finds its time.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn append_time(&self, time: &EpochTime) -> Result<(), StoreError> {
        self.check()?;
        append_line(self.dir(), &self.dir().times_path(), time)
    }

    /// Removes the times of epochs after the given one, which the checkpoint does not include.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Io`].
    pub fn truncate_times(&self, epoch: u32) -> Result<(), StoreError> {
        self.check()?;
        let path = self.dir().times_path();
        let kept = self.dir().times()?.iter().take_while(|time| time.epoch <= epoch).count();
        // A file that does not exist has no lines to remove.
        keep_lines(&path, kept).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8Path;

    fn time(epoch: u32) -> EpochTime {
        let finished = Timestamp::from_milliseconds(1_796_033_472_345 + 1000 * u64::from(epoch));
        EpochTime { epoch, finished, seconds: 12.4 }
    }

    fn folder() -> (tempfile::TempDir, RunDir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(Utf8Path::from_path(folder.path()).unwrap(), "k");
        (folder, dir)
    }

    #[test]
    fn lines_are_appended_and_those_after_an_epoch_removed() {
        let (_folder, dir) = folder();
        let lock = dir.lock().unwrap();
        lock.truncate_times(3).unwrap();
        assert!(dir.times().unwrap().is_empty() && !dir.times_path().exists());
        for epoch in [3, 4, 5] {
            lock.append_time(&time(epoch)).unwrap();
        }
        let text = fs_err::read_to_string(dir.times_path()).unwrap();
        let line = "{\"epoch\":3,\"finished\":\"2026-11-30T10:11:15.345Z\",\"seconds\":12.4}\n";
        assert!(text.starts_with(line), "{text}");
        fs_err::write(dir.times_path(), text + "{\"epoch\":6").unwrap();
        assert_eq!(dir.times().unwrap(), [time(3), time(4), time(5)]);
        lock.truncate_times(9).unwrap();
        lock.append_time(&time(6)).unwrap();
        assert_eq!(dir.times().unwrap().len(), 4, "half a line was removed first");
        lock.truncate_times(4).unwrap();
        assert_eq!(dir.times().unwrap(), [time(3), time(4)], "by epoch, since the first ones have no lines");
        lock.truncate_times(0).unwrap();
        assert_eq!(fs_err::read(dir.times_path()).unwrap(), b"");
    }

    #[test]
    fn a_damaged_line_is_named_with_what_to_do() {
        let (_folder, dir) = folder();
        let lock = dir.lock().unwrap();
        let good = serde_json::to_string(&time(1)).unwrap();
        for bad in [good.as_str(), "{}", &good.replace("12.4", "-1"), &good.replace("11-30", "11-31"), "\u{1}"] {
            fs_err::write(dir.times_path(), format!("{good}\n{bad}\n")).unwrap();
            let error = dir.times().unwrap_err().to_string();
            let hint = "delete it: only the times of the run's epochs are lost";
            assert!(error.contains("times.jsonl is damaged (line 2: ") && error.contains(hint), "{error}");
            assert!(lock.truncate_times(1).is_err());
        }
    }
}
