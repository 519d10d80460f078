//! Thread pool of a runtime.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::SPINS;

type Job = &'static (dyn Fn(usize) + Sync);

/// Threads that live as long as the pool, and sleep while idle.
pub(crate) struct Pool {
    shared: Arc<PoolState>,
    workers: Vec<JoinHandle<()>>,
    /// Held by the caller of [`Pool::run`]: one job at a time.
    turn: Mutex<()>,
}

#[derive(Default)]
struct PoolState {
    orders: Mutex<JobSlot>,
    given: Condvar,
    finished: Condvar,
    /// Number of jobs so far: a copy of `orders.number` that can be polled without the lock.
    number: AtomicUsize,
    busy: AtomicUsize,
    failed: AtomicBool,
}

#[derive(Default)]
struct JobSlot {
    number: usize,
    job: Option<Job>,
    stop: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic leaves no guarded data in an inconsistent state, so poisoning can be ignored.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// A pool of `threads` threads, including the caller's; fewer if the system cannot start them.
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(PoolState::default());
        let spawn = |index: usize| {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name(format!("sparsegate {index}"));
            thread.spawn(move || shared.work(index)).ok()
        };
        let workers = (1..threads).map_while(spawn).collect();
        Self { shared, workers, turn: Mutex::new(()) }
    }

    /// Number of threads, including the caller's.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs the job on every thread with the thread's index, and waits until all have finished.
    ///
    /// # Panics
    /// If the job panics.
    #[expect(unsafe_code, reason = "the threads outlive the call, so a borrow from it needs a longer lifetime")]
    pub fn run(&self, job: &(dyn Fn(usize) + Sync)) {
        if self.workers.is_empty() {
            return job(0);
        }
        let _turn = lock(&self.turn);
        // SAFETY: the workers use the job only between here and the end of `wait`. `wait` is reached even if the job
        // panics; after it `busy` is zero, so every worker has finished with the job.
        let eternal = unsafe { core::mem::transmute::<&(dyn Fn(usize) + Sync), Job>(job) };
        self.shared.submit(eternal, self.workers.len());
        let result = catch_unwind(AssertUnwindSafe(|| job(0)));
        self.shared.wait();
        let failed = self.shared.failed.swap(false, Ordering::Relaxed);
        match result {
            Err(panic) => resume_unwind(panic),
            Ok(()) => assert!(!failed, "a thread of the runtime has panicked"),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut orders = lock(&self.shared.orders);
        orders.stop = true;
        orders.number += 1;
        self.shared.number.store(orders.number, Ordering::Release);
        drop(orders);
        self.shared.given.notify_all();
        for worker in self.workers.drain(..) {
            // A worker catches the panics of jobs.
            let _ = worker.join();
        }
    }
}

impl PoolState {
    fn submit(&self, job: Job, workers: usize) {
        let mut orders = lock(&self.orders);
        self.busy.store(workers, Ordering::Relaxed);
        orders.job = Some(job);
        orders.number += 1;
        self.number.store(orders.number, Ordering::Release);
        drop(orders);
        self.given.notify_all();
    }

    fn wait(&self) {
        if !spin(|| self.busy.load(Ordering::Acquire) == 0) {
            let mut orders = lock(&self.orders);
            while self.busy.load(Ordering::Acquire) > 0 {
                orders = self.finished.wait(orders).unwrap_or_else(PoisonError::into_inner);
            }
        }
        lock(&self.orders).job = None;
    }

    fn work(&self, index: usize) {
        let mut done = 0;
        loop {
            spin(|| self.number.load(Ordering::Acquire) != done);
            let mut orders = lock(&self.orders);
            while orders.number == done {
                orders = self.given.wait(orders).unwrap_or_else(PoisonError::into_inner);
            }
            if orders.stop {
                return;
            }
            done = orders.number;
            let job = orders.job;
            drop(orders);
            if job.is_some_and(|job| catch_unwind(AssertUnwindSafe(|| job(index))).is_err()) {
                self.failed.store(true, Ordering::Relaxed);
            }
            if self.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
                // Taking the lock ensures that the caller is not between its check of `busy` and its wait.
                drop(lock(&self.orders));
                self.finished.notify_one();
            }
        }
    }
}

/// Polls for a while; whether the condition became true.
fn spin(happened: impl Fn() -> bool) -> bool {
    for _ in 0..SPINS {
        if happened() {
            return true;
        }
        core::hint::spin_loop();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_does_each_job_once() {
        let pool = Pool::new(3);
        for round in 0..300 {
            let counts: [AtomicUsize; 3] = Default::default();
            pool.run(&|index| {
                counts[index].fetch_add(1, Ordering::Relaxed);
            });
            assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
            if round % 100 == 0 {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        }
    }

    #[test]
    fn a_panic_comes_out_and_does_no_harm() {
        let pool = Pool::new(2);
        for broken in 0..2 {
            let barrier = super::super::barrier::Barrier::new(2);
            let run = || {
                pool.run(&|index| {
                    let _guard = barrier.guard();
                    assert_ne!(index, broken);
                    barrier.wait();
                });
            };
            assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        }
        pool.run(&|_| {});
    }
}
