//! Kills and errors at chosen system calls, which `strace` injects: the Nth call of a kind in a process of the command.

use std::process::{Command, Stdio};

use crate::subject::{RUN, Subject, end_of};
use crate::tally::{Dice, Outcome, Tally, rounds};

/// System calls, with the largest number of such a call that a thread makes in this project, about.
const CALLS: [(&str, usize); 9] = [
    ("openat", 120),
    ("write", 50),
    ("fsync", 25),
    ("rename", 12),
    ("ftruncate", 4),
    ("unlink", 4),
    ("mkdir", 6),
    ("close", 120),
    ("flock", 5),
];
/// Errors of system calls: a full disk, a failing one, a full quota, no more files, no permission.
const ERRORS: [(&str, usize, &str); 8] = [
    ("write", 50, "ENOSPC"),
    ("fsync", 25, "EIO"),
    ("rename", 12, "EDQUOT"),
    ("rename", 12, "EACCES"),
    ("openat", 120, "EMFILE"),
    ("openat", 120, "ENOSPC"),
    ("read", 150, "EIO"),
    ("ftruncate", 4, "ENOSPC"),
];

fn has_strace() -> bool {
    let works = Command::new("strace").args(["-f", "-qq", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    let works = works.is_ok_and(|status| status.success());
    if !works {
        println!("skipped: faults at system calls, because strace is missing or may not trace");
    }
    works
}

/// Runs the command under `strace` with an injection such as `rename:signal=KILL:when=3`.
fn inject(subject: &Subject, call: &str, fault: &str, number: usize) -> Option<sparsegate_testing::Answer> {
    let plain = subject.0.command(&RUN);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
    command.args(["-e", &format!("inject={call}:{fault}:when={number}")]).arg(plain.get_program()).args(RUN);
    command.current_dir(&subject.0.root).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("RAYON_NUM_THREADS", "1").env_remove("SPARSEGATE_MIRROR").env_remove("SPARSEGATE_CACHE");
    end_of(command.spawn().unwrap())
}

#[test]
fn killed_at_system_calls() {
    if !has_strace() {
        return;
    }
    let (mut dice, mut tally) = (Dice::new(3), Tally::new("killed at the Nth call of"));
    let subject = Subject::new();
    for round in 0..rounds(9) {
        let (call, most) = CALLS[round % CALLS.len()];
        let number = 1 + dice.below(most);
        subject.forget();
        if inject(&subject, call, "signal=KILL", number).is_none() {
            tally.add(call, Outcome::Wrong(format!("hangs when killed at {call} {number}")));
            continue;
        }
        let outcome = match subject.is_repaired() {
            Outcome::Wrong(what) => Outcome::Wrong(format!("killed at {call} {number}: {what}")),
            other => other,
        };
        tally.add(call, outcome);
    }
    tally.end();
}

#[test]
fn errors_of_system_calls() {
    if !has_strace() {
        return;
    }
    let (mut dice, mut tally) = (Dice::new(4), Tally::new("error of the Nth call of"));
    let subject = Subject::new();
    for round in 0..rounds(8) {
        let (call, most, error) = ERRORS[round % ERRORS.len()];
        let (kind, number) = (format!("{call}: {error}"), 1 + dice.below(most));
        subject.forget();
        let Some(answer) = inject(&subject, call, &format!("error={error}"), number) else {
            tally.add(&kind, Outcome::Wrong(format!("hangs after {call} {number}")));
            continue;
        };
        let outcome = match answer.code {
            Some(0) => match subject.is_whole() {
                // A failure of the last steps may leave what the next command completes.
                Outcome::Wrong(_) => subject.is_repaired(),
                whole => whole,
            },
            Some(_) if answer.err.contains("panicked") => Outcome::Wrong(answer.err.clone()),
            // The loader of the operating system has messages of its own, and without its output a program has none.
            Some(_) => match subject.is_repaired() {
                Outcome::Survived => Outcome::Noticed,
                other => other,
            },
            None => subject.is_repaired(),
        };
        let outcome = match outcome {
            Outcome::Wrong(what) => Outcome::Wrong(format!("{call} {number}: {what}; before: {}", answer.err)),
            other => other,
        };
        tally.add(&kind, outcome);
    }
    tally.end();
}
