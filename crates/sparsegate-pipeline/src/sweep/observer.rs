//! Receives the progress of a sweep.

use crate::exec::JobProgress;

/// Receives the progress of a sweep. Runs are named by their index in [`Sweep::runs`](super::Sweep::runs).
pub trait SweepObserver {
    /// The sweep begins; `runs` are those that will be executed, in order.
    fn begin(&mut self, _runs: &[usize]) {}

    /// Progress of a run.
    fn progress(&mut self, run: usize, progress: &JobProgress<'_>);

    /// All runs have ended, or the sweep was interrupted.
    fn end(&mut self) {}
}

/// Ignores the progress.
impl SweepObserver for () {
    fn progress(&mut self, _run: usize, _progress: &JobProgress<'_>) {}
}
