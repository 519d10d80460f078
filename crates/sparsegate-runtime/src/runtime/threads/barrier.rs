//! Spinning barrier for the threads of a job.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::SPINS;

/// A reusable barrier for `threads` threads.
pub(crate) struct Barrier {
    threads: usize,
    arrived: AtomicUsize,
    round: AtomicUsize,
    broken: AtomicBool,
}

/// Breaks the barrier if it is dropped during a panic, so that no other thread waits for this one.
pub(crate) struct Guard<'a>(&'a Barrier);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if panicking() {
            self.0.broken.store(true, Ordering::Release);
        }
    }
}

fn panicking() -> bool {
    #[cfg(feature = "std")]
    return std::thread::panicking();
    #[cfg(not(feature = "std"))]
    false
}

impl Barrier {
    pub fn new(threads: usize) -> Self {
        Self { threads, arrived: AtomicUsize::new(0), round: AtomicUsize::new(0), broken: AtomicBool::new(false) }
    }

    /// Guard that a thread holds while it uses the barrier.
    pub fn guard(&self) -> Guard<'_> {
        Guard(self)
    }

    /// Waits for all other threads.
    ///
    /// # Panics
    /// If one of them has panicked.
    #[inline]
    pub fn wait(&self) {
        let round = self.round.load(Ordering::Relaxed);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            self.round.store(round.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut spins = 0_u32;
        while self.round.load(Ordering::Acquire) == round {
            assert!(!self.broken.load(Ordering::Acquire), "another thread has panicked");
            spins += 1;
            // With more threads than processors, the awaited thread may need this one's processor.
            if spins.is_multiple_of(SPINS) {
                yield_now();
            } else {
                core::hint::spin_loop();
            }
        }
    }
}

fn yield_now() {
    #[cfg(feature = "std")]
    std::thread::yield_now();
    #[cfg(not(feature = "std"))]
    core::hint::spin_loop();
}
