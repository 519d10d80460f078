//! Several processes at once on one folder, of which one may be killed.

use std::process::Stdio;
use std::time::Duration;

use crate::subject::{RUN, Subject, end_of, span};
use crate::tally::{Dice, Outcome, Tally, rounds};

#[test]
fn several_writers_and_readers_at_once() {
    let (mut dice, mut tally) = (Dice::new(2), Tally::new("at once"));
    let subject = Subject::new();
    for _ in 0..rounds(3) {
        subject.forget();
        let killed = dice.below(2) == 1;
        let mut processes = Vec::new();
        for number in 0..2 + dice.below(2) {
            let child = subject.0.start(&RUN);
            processes.push((format!("run {number}"), child));
            std::thread::sleep(Duration::from_millis(dice.below(20) as u64));
        }
        for reader in [&["report", "c.yaml"][..], &["status", "t.yaml", "c.yaml"], &["verify"], &["plan", "c.yaml"]] {
            processes.push((reader.join(" "), subject.0.start(reader)));
        }
        if killed {
            std::thread::sleep(span().mul_f64(dice.below(100) as f64 / 100.0));
            let _ = processes[0].1.kill();
            let mut dead = processes.remove(0).1;
            (dead.stdout, dead.stderr) = (None, None);
            dead.wait().unwrap();
        }
        let mut outcome = Outcome::Survived;
        for (name, child) in processes {
            let Some(answer) = end_of(child) else {
                outcome = Outcome::Wrong(format!("{name} hangs"));
                continue;
            };
            match answer.code {
                Some(0) => {}
                // One writer waits for no other: it says who works on the run.
                Some(1) if name.starts_with("run") && answer.err.contains("in use by") => {}
                // On a busy machine a reader may come before the first writer has stored anything.
                Some(_) if name.starts_with("report") && answer.err.contains("no run of `c` is stored") => {}
                _ => outcome = Outcome::Wrong(format!("{name}: {}{}", answer.out, answer.err)),
            }
        }
        if outcome == Outcome::Survived {
            outcome = subject.is_repaired();
        }
        tally.add(if killed { "writers and readers, one writer killed" } else { "writers and readers" }, outcome);
    }
    tally.end();
}

#[test]
fn two_commands_that_make_the_same_file() {
    let mut tally = Tally::new("at once");
    let subject = Subject::new();
    subject.go(&RUN).expect(0, &[]);
    for _ in 0..rounds(2) {
        for (name, _) in subject.files().iter().filter(|(name, _)| name.ends_with("compact.safetensors")) {
            fs_err::remove_file(subject.runs().join(name)).unwrap();
        }
        let start = |arguments: &[&str]| {
            let mut command = subject.0.command(arguments);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let predict = ["predict", "t", "w1", "w2"];
        let all = [start(&predict), start(&predict), start(&["report", "c.yaml"]), start(&["report", "c.yaml"])];
        let answers: Vec<_> = all.into_iter().map(|child| end_of(child).expect("it ends")).collect();
        let mut outcome = match answers.iter().find(|answer| answer.code != Some(0)) {
            Some(answer) => Outcome::Wrong(format!("{answer:?}")),
            None if answers[0].out != answers[1].out => Outcome::Wrong(format!("{answers:?}")),
            None => Outcome::Survived,
        };
        for run in ["c:sparsity=dense", "c:sparsity=W"] {
            subject.go(&["predict", run, "w1"]).expect(0, &[]);
        }
        if outcome == Outcome::Survived {
            outcome = subject.is_whole();
        }
        tally.add("predict and report make compact models", outcome);
    }
    tally.end();
}
