//! When to write checkpoints.

use std::time::{Duration, Instant};

/// Minimum intervals between checkpoints. They determine how much work is lost if the process is killed, never the
/// results. A checkpoint is also written at the end of the run and when the run is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointIntervals {
    /// A checkpoint is written at the end of an epoch if the last one is at least this old.
    pub epoch_end: Duration,
    /// A checkpoint is written between two steps if the last one is at least this old.
    pub mid_epoch: Duration,
}

impl Default for CheckpointIntervals {
    fn default() -> Self {
        Self { epoch_end: Duration::from_secs(30), mid_epoch: Duration::from_mins(5) }
    }
}

/// Measures the time since the last checkpoint.
pub(super) struct CheckpointTimer {
    intervals: CheckpointIntervals,
    saved: Instant,
}

impl CheckpointTimer {
    pub(super) fn start(intervals: CheckpointIntervals) -> Self {
        Self { intervals, saved: Instant::now() }
    }

    pub(super) fn due_at_epoch_end(&self) -> bool {
        self.saved.elapsed() >= self.intervals.epoch_end
    }

    pub(super) fn due_mid_epoch(&self) -> bool {
        self.saved.elapsed() >= self.intervals.mid_epoch
    }

    pub(super) fn saved(&mut self) {
        self.saved = Instant::now();
    }
}
