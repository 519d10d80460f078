//! A number of threads on as many processors.

/// Runs `work` in a thread of its own, and hands it a pool of so many threads for code that shares work out by itself.
///
/// With one thread that thread, and the only one of the pool that tensor code shares its work out over, are bound to the
/// first processor. With several nothing is bound: threads that a bound thread starts would share its processor.
///
/// # Errors
/// Threads that cannot be had.
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
