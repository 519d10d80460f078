//! When to write checkpoints.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Number of requests so far. They concern all runs of the process, like the signals that make them.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// Asks every run that this process trains to write a checkpoint after its current step and to go on.
pub fn request_checkpoint() {
    REQUESTS.fetch_add(1, Ordering::SeqCst);
}

/// Number of requests so far, for a process that passes them on to others.
pub(crate) fn checkpoint_requests() -> u64 {
    REQUESTS.load(Ordering::SeqCst)
}

/// Minimum intervals between checkpoints. They determine how much work is lost if the process is killed, never the
/// results. A checkpoint is also written on request ([`request_checkpoint`]), at the end of the run, and when the
/// run is told to stop.
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
    /// Requests that the last checkpoint answered.
    requests: u64,
}

impl CheckpointTimer {
    pub(super) fn start(intervals: CheckpointIntervals) -> Self {
        Self { intervals, saved: Instant::now(), requests: checkpoint_requests() }
    }

    pub(super) fn due_at_epoch_end(&self) -> bool {
        self.is_requested() || self.saved.elapsed() >= self.intervals.epoch_end
    }

    pub(super) fn due_mid_epoch(&self) -> bool {
        self.is_requested() || self.saved.elapsed() >= self.intervals.mid_epoch
    }

    pub(super) fn saved(&mut self) {
        self.saved = Instant::now();
        self.requests = checkpoint_requests();
    }

    fn is_requested(&self) -> bool {
        self.requests != checkpoint_requests()
    }
}
