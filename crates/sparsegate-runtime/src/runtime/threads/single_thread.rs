//! Thread pool without threads: the caller does all of the work.

/// A pool that consists of the caller's thread.
pub(crate) struct Pool;

#[expect(clippy::unused_self, reason = "same interface as the pool with threads")]
impl Pool {
    pub fn new(_: usize) -> Self {
        Self
    }

    pub fn threads(&self) -> usize {
        1
    }

    pub fn run(&self, job: &dyn Fn(usize)) {
        job(0);
    }
}
