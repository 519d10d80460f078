//! Requests to stop: SIGINT, SIGTERM, SIGHUP, or the end of the parent process.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit code of a process that was interrupted.
const INTERRUPTED: i32 = 130;

/// A flag that the first signal sets. A second signal ends the process at once, with exit code 130.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    flag: Arc<AtomicBool>,
}

impl Interrupt {
    /// Installs the handler for SIGINT, SIGTERM and SIGHUP (Ctrl-C on Windows) in this process. Can be called only
    /// once.
    ///
    /// # Errors
    /// A message, if a handler is already installed or the system refuses.
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

    /// Whether the flag is set.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }
}

/// Sets `flag` when standard input ends, because the parent closed it or has ended.
pub fn stop_at_end_of_input(flag: &Arc<AtomicBool>) {
    let flag = flag.clone();
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        let mut input = std::io::stdin();
        // The parent writes nothing. A read error is treated like the end of input.
        while matches!(input.read(&mut bytes), Ok(count) if count > 0) {}
        flag.store(true, Ordering::SeqCst);
    });
}
