//! Being told to stop: SIGINT, SIGTERM, or a parent that is gone.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit code of a process that was told to stop.
const INTERRUPTED: i32 = 130;

/// The flag that the first signal raises. A second one ends the process at once, with exit code 130.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    flag: Arc<AtomicBool>,
}

impl Interrupt {
    /// Takes over the handling of SIGINT, SIGTERM and SIGHUP (Ctrl-C on Windows) for this process, once.
    ///
    /// # Errors
    /// A handler that is there already, or the system's refusal, as a sentence.
    pub fn install() -> Result<Self, String> {
        let interrupt = Self::default();
        let flag = interrupt.flag.clone();
        let handler = move || {
            if flag.swap(true, Ordering::SeqCst) {
                #[expect(clippy::disallowed_methods, reason = "a second signal means at once, without unwinding")]
                std::process::exit(INTERRUPTED);
            }
        };
        ctrlc::set_handler(handler).map_err(|e| format!("cannot watch for Ctrl-C: {e}"))?;
        Ok(interrupt)
    }

    /// The flag itself.
    #[must_use]
    pub fn flag(&self) -> &Arc<AtomicBool> {
        &self.flag
    }

    /// Whether it is raised.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }
}

/// Raises `flag` when standard input ends: the parent closed it, or is no more.
pub fn stop_at_end_of_input(flag: &Arc<AtomicBool>) {
    let flag = flag.clone();
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        let mut input = std::io::stdin();
        // The parent writes nothing; an error means as much as an end.
        while matches!(input.read(&mut bytes), Ok(count) if count > 0) {}
        flag.store(true, Ordering::SeqCst);
    });
}
