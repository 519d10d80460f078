//! Runs work on a given number of threads, bound to a processor if there is only one.

/// Runs `work` in a new thread and passes it a pool of `threads` threads, for tensor code that runs in parallel on the
/// current pool.
///
/// With one thread, the new thread and the pool's only thread are bound to the first processor. With several, nothing
/// is bound, because threads started by a bound thread would share its processor.
///
/// # Errors
/// A message, if the threads cannot be started or the work panics.
pub fn pinned<R: Send>(threads: usize, work: impl FnOnce(&rayon::ThreadPool) -> R + Send) -> Result<R, String> {
    let first = core_affinity::get_core_ids().and_then(|ids| ids.first().copied()).filter(|_| threads == 1);
    let bind = move || {
        if let Some(first) = first {
            core_affinity::set_for_current(first);
        }
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).start_handler(move |_| bind()).build();
    let pool = pool.map_err(|error| error.to_string())?;
    std::thread::scope(|scope| {
        let measured = scope.spawn(|| {
            bind();
            work(&pool)
        });
        measured.join().map_err(|_| "the measuring thread has panicked".to_owned())
    })
}
