//! When to save.

use std::time::{Duration, Instant};

/// How often a checkpoint is written. It changes how much work a kill costs, never what a run computes. A checkpoint
/// is also written at the run's end and when it is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// At an epoch's end, when this much time has passed since the last one.
    pub epoch_end: Duration,
    /// Between two steps, when this much time has passed since the last one.
    pub mid_epoch: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { epoch_end: Duration::from_secs(30), mid_epoch: Duration::from_mins(5) }
    }
}

/// The time since the last checkpoint.
pub(super) struct Clock {
    pace: Pace,
    saved: Instant,
}

impl Clock {
    pub(super) fn start(pace: Pace) -> Self {
        Self { pace, saved: Instant::now() }
    }

    pub(super) fn due_at_epoch_end(&self) -> bool {
        self.saved.elapsed() >= self.pace.epoch_end
    }

    pub(super) fn due_mid_epoch(&self) -> bool {
        self.saved.elapsed() >= self.pace.mid_epoch
    }

    pub(super) fn saved(&mut self) {
        self.saved = Instant::now();
    }
}
