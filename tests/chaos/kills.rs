//! SIGKILL at random moments: to the program, to the process of a run, and to both.

use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use sparsegate_testing::signal_if_running;

use crate::subject::{RUN, Subject, children, end_of, span};
use crate::tally::{Dice, Outcome, Tally, rounds};

/// Starts the command, kills at a random moment, and says whom it hit.
fn kill(subject: &Subject, dice: &mut Dice) -> &'static str {
    let whom = *dice.one_of(&["the program", "the process of a run", "both", "both, after it saved"]);
    let mut command = subject.0.command(&RUN);
    let mut child = command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let group = format!("-{}", child.id());
    let moment = span().mul_f64(dice.below(1000) as f64 / 900.0);
    let begun = Instant::now();
    while begun.elapsed() < moment && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_micros(500));
    }
    match whom {
        "the program" => child.kill().unwrap(),
        "the process of a run" => {
            // Between two runs there is none.
            while child.try_wait().unwrap().is_none() {
                if let Some(run) = children(child.id()).first() {
                    signal_if_running("KILL", run);
                    break;
                }
            }
        }
        "both" => signal_if_running("KILL", &group),
        _ => {
            // Tiny runs store no checkpoint of their own accord. Before the handler is there, the signal kills.
            signal_if_running("USR1", &group);
            std::thread::sleep(Duration::from_millis(dice.below(40) as u64));
            signal_if_running("KILL", &group);
        }
    }
    assert!(end_of(child).is_some(), "a killed program does not end");
    whom
}

#[test]
fn killed_at_random_moments() {
    let (mut dice, mut tally) = (Dice::new(1), Tally::new("killed at a random moment"));
    let subject = Subject::new();
    let mut left = rounds(12);
    while left > 0 {
        subject.forget();
        let kills: Vec<_> = (0..(1 + dice.below(3)).min(left)).map(|_| kill(&subject, &mut dice)).collect();
        left -= kills.len();
        let outcome = subject.is_repaired();
        let wrong = matches!(outcome, Outcome::Wrong(_));
        for whom in kills {
            tally.add(whom, outcome.clone());
        }
        assert!(!wrong || rounds(0) > 0, "{outcome:?}");
    }
    tally.end();
}
