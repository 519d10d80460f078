//! Waiting for what other processes do, and signals to them.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Time limit of whatever is waited for; only what hangs takes longer.
pub const LIMIT: Duration = Duration::from_mins(3);

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks again and again until `look` finds `what`, and fails after [`LIMIT`].
#[track_caller]
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < LIMIT, "no {what} within {LIMIT:?}");
        std::thread::sleep(PAUSE);
    }
}

/// Sends a signal, such as `INT`, to the process with this id or, with a minus before it, to the group of processes.
#[track_caller]
pub fn signal(name: &str, to: impl std::fmt::Display) {
    assert!(kill(name, &to.to_string()), "there is no process {to} to send SIG{name} to");
}

/// As [`signal`], for a process that may have ended.
pub fn signal_if_running(name: &str, to: impl std::fmt::Display) {
    kill(name, &to.to_string());
}

/// Whether there was such a process.
fn kill(name: &str, to: &str) -> bool {
    let mut kill = Command::new("kill");
    kill.args([&format!("-{name}"), "--", to]).stderr(Stdio::null());
    kill.status().expect("kill can be started").success()
}
