//! Threads that live as long as a runtime.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::SPINS;

type Job = &'static (dyn Fn(usize) + Sync);

/// Threads that live as long as this, and sleep when there is nothing to do.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// Held by whoever has the threads work.
    turn: Mutex<()>,
}

#[derive(Default)]
struct Shared {
    orders: Mutex<Orders>,
    given: Condvar,
    finished: Condvar,
    /// How many jobs there have been: the same as in `orders`, to be looked at without a lock.
    number: AtomicUsize,
    busy: AtomicUsize,
    failed: AtomicBool,
}

#[derive(Default)]
struct Orders {
    number: usize,
    job: Option<Job>,
    stop: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that is guarded here is left half done by a panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// So many threads, the caller's among them; fewer if the system gives no more.
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared::default());
        let spawn = |index: usize| {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name(format!("sparsegate {index}"));
            thread.spawn(move || shared.work(index)).ok()
        };
        let workers = (1..threads).map_while(spawn).collect();
        Self { shared, workers, turn: Mutex::new(()) }
    }

    /// How many threads there are, the caller's among them.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Has each thread do the job, given its number, and waits until all have.
    ///
    /// # Panics
    /// If the job does.
    #[expect(unsafe_code, reason = "threads that outlive a call cannot borrow from it otherwise")]
    pub fn run(&self, job: &(dyn Fn(usize) + Sync)) {
        if self.workers.is_empty() {
            return job(0);
        }
        let _turn = lock(&self.turn);
        // SAFETY: the workers use the job only between here and the end of `wait`, which is reached even if the job panics,
        // and after which `busy` is zero: each of them has finished with it.
        let eternal = unsafe { core::mem::transmute::<&(dyn Fn(usize) + Sync), Job>(job) };
        self.shared.give(eternal, self.workers.len());
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
            // A worker catches what a job panics with.
            let _ = worker.join();
        }
    }
}

impl Shared {
    fn give(&self, job: Job, workers: usize) {
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
                // Under the lock, so that this does not fall between the other's look and its sleep.
                drop(lock(&self.orders));
                self.finished.notify_one();
            }
        }
    }
}

/// Looks for a while whether something has happened.
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
