//! Requests from outside: to stop, by a signal or the end of the parent process, and to save.
//!
//! | signal | what happens |
//! |---|---|
//! | SIGINT, SIGTERM, SIGHUP | the runs save their state and stop; a second SIGINT or SIGTERM ends the process at once |
//! | SIGUSR1 | the runs save their state and go on |
//!
//! A SIGHUP that is ignored when the process starts stays ignored: `nohup` and `trap '' HUP` ask for that. It is seen
//! in `/proc`, thus on Linux only.

use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use crate::train::request_checkpoint;

/// Exit code of a process that was interrupted.
const INTERRUPTED: i32 = 130;

/// A flag that the first signal sets. A second signal ends the process at once, with exit code 130, except SIGHUP, and
/// except in a job of a batch system ([`Interrupt::stop_on_request`]).
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    flag: Arc<AtomicBool>,
    /// The signal that set the flag; 0 if none did.
    signal: Arc<AtomicI32>,
    /// When it did.
    raised_at: Arc<OnceLock<SystemTime>>,
    /// Whether also the first signal ends the process at once, because there is nothing to save.
    at_once: Arc<AtomicBool>,
    /// Whether SIGUSR1 stops the runs, too.
    stops_on_request: Arc<AtomicBool>,
}

impl Interrupt {
    /// Installs the handlers in this process (of Ctrl-C alone on Windows). Can be called only once.
    ///
    /// # Errors
    /// A message, if a handler is already installed or the system refuses.
    pub fn install() -> Result<Self, String> {
        let interrupt = Self::default();
        watch_signals(interrupt.clone()).map_err(|e| format!("cannot watch for signals: {e}"))?;
        Ok(interrupt)
    }

    /// Chooses whether also the first signal ends the process at once: before the first run starts and after the last
    /// one has ended, nobody looks at the flag.
    pub fn end_at_once(&self, at_once: bool) {
        self.at_once.store(at_once, Ordering::SeqCst);
    }

    /// Lets SIGUSR1 set the flag, too: a batch system warns with it that time is nearly up. Further signals are then
    /// ignored.
    pub fn stop_on_request(&self) {
        self.stops_on_request.store(true, Ordering::SeqCst);
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

    /// Name of the signal that set the flag, such as `SIGTERM`; `None` if no signal did, or its name is not known.
    #[must_use]
    pub fn signal(&self) -> Option<&'static str> {
        signal_name(self.signal.load(Ordering::SeqCst))
    }

    /// When the flag was set by a signal; `None` if it is not set.
    #[must_use]
    pub fn raised_at(&self) -> Option<SystemTime> {
        self.raised_at.get().copied()
    }

    /// What a signal does.
    pub(super) fn raise(&self, signal: i32) {
        let at_once = self.at_once.load(Ordering::SeqCst);
        self.raised_at.get_or_init(SystemTime::now);
        let _ = self.signal.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
        let again = self.flag.swap(true, Ordering::SeqCst);
        // The system tells of a terminal that vanishes twice: when the line is cut, and when the shell has ended of it.
        // A batch system warns before it asks, and kills by itself what does not end in time: its job goes on saving.
        let insists = again && !is_hangup(signal) && !self.stops_on_request.load(Ordering::SeqCst);
        if insists || at_once {
            #[expect(clippy::disallowed_methods, reason = "a second signal means at once, without unwinding")]
            std::process::exit(INTERRUPTED);
        }
    }
}

#[cfg(unix)]
fn watch_signals(interrupt: Interrupt) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};

    let mut watched = vec![SIGINT, SIGTERM, SIGUSR1];
    if !is_ignored(SIGHUP) {
        watched.push(SIGHUP);
    }
    let mut signals = signal_hook::iterator::Signals::new(watched)?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if signal == SIGUSR1 {
                request_checkpoint();
                if !interrupt.stops_on_request.load(Ordering::SeqCst) || interrupt.is_raised() {
                    continue;
                }
            }
            interrupt.raise(signal);
        }
    })?;
    Ok(())
}

#[cfg(not(unix))]
fn watch_signals(interrupt: Interrupt) -> std::io::Result<()> {
    ctrlc::set_handler(move || interrupt.raise(0)).map_err(std::io::Error::other)
}

#[cfg(unix)]
fn is_hangup(signal: i32) -> bool {
    signal == signal_hook::consts::SIGHUP
}

#[cfg(not(unix))]
fn is_hangup(_signal: i32) -> bool {
    false
}

/// Whether this process ignores `signal`, according to the mask in `/proc`; `false` where there is none.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// The name of a signal.
#[cfg(unix)]
pub(super) fn signal_name(signal: i32) -> Option<&'static str> {
    signal_hook::low_level::signal_name(signal)
}

#[cfg(not(unix))]
pub(super) fn signal_name(_signal: i32) -> Option<&'static str> {
    None
}

/// The byte on a worker's standard input that asks it to save.
pub(super) const SAVE: u8 = b's';

/// Obeys the parent process, which holds the other end of standard input: `s` asks for a checkpoint, and the end of the
/// input, because the parent closed it or has ended, sets `flag`.
pub fn obey_parent(flag: &Arc<AtomicBool>) {
    let flag = flag.clone();
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        let mut input = std::io::stdin();
        // A read error is treated like the end of input.
        while let Ok(count @ 1..) = input.read(&mut bytes) {
            if bytes[..count].contains(&SAVE) {
                request_checkpoint();
            }
        }
        flag.store(true, Ordering::SeqCst);
    });
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names() {
        assert_eq!(signal_name(9), Some("SIGKILL"));
        assert_eq!(signal_name(0), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_mask_of_ignored_signals_is_read() {
        // The Rust runtime ignores SIGPIPE in every program.
        assert!(is_ignored(13));
        assert!(!is_ignored(14));
    }

    #[test]
    fn the_first_signal_is_remembered() {
        let interrupt = Interrupt::default();
        assert_eq!((interrupt.is_raised(), interrupt.signal()), (false, None));
        interrupt.raise(15);
        assert_eq!((interrupt.is_raised(), interrupt.signal()), (true, Some("SIGTERM")));
        // This process would end here if it were taken for a wish to end at once.
        interrupt.raise(1);
        interrupt.raise(1);
        assert_eq!(interrupt.signal(), Some("SIGTERM"));
        // In a job, the end of a preemption's grace time comes after its beginning.
        let job = Interrupt::default();
        job.stop_on_request();
        job.raise(10);
        job.raise(15);
        assert_eq!(job.signal(), Some("SIGUSR1"));
    }
}
