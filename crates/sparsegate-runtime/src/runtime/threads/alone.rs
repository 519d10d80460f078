//! Without threads, all of the work is done by whoever asks for it.

/// The caller's thread.
pub(crate) struct Pool;

#[expect(clippy::unused_self, reason = "the same calls as where there are threads")]
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
