//! Damage of a run that was interrupted: it is resumed exactly, or not at all.

use sparsegate_testing::signal_if_running;

use crate::subject::{Files, RUN, Subject, undisturbed};
use crate::tally::{Dice, Outcome, Tally, rounds};

/// A project whose command was interrupted after at least one run had saved its state.
fn interrupted() -> (Subject, Files) {
    let subject = Subject::new();
    let milliseconds = std::time::Duration::from_millis;
    for delay in (0..200).map(|step| step * 7) {
        subject.forget();
        let child = subject.0.start(&RUN);
        std::thread::sleep(milliseconds(delay));
        signal_if_running("INT", child.id());
        child.wait_with_output().unwrap();
        let files = subject.files();
        let saved = |name: &String| name.ends_with("state.safetensors");
        let summary = |name: &String| name.ends_with("manifest.json");
        if files.keys().filter(|name| saved(name)).count() > files.keys().filter(|name| summary(name)).count() {
            return (subject, files);
        }
    }
    panic!("the command is never interrupted in time");
}

#[test]
fn damaged_files_of_interrupted_runs() {
    let (mut dice, mut tally) = (Dice::new(8), Tally::new("damage of an interrupted run's"));
    undisturbed();
    let (subject, files) = interrupted();
    let finished =
        |name: &str| name.split_once('/').is_some_and(|(key, _)| files.contains_key(&format!("{key}/manifest.json")));
    let names: Vec<&String> =
        files.keys().filter(|name| !name.starts_with('.') && !finished(name) && !name.ends_with("lock")).collect();
    for round in 0..rounds(2 * names.len()) {
        let name = names[round % names.len()];
        let mut bytes = files[name].clone();
        let path = subject.runs().join(name);
        let at = dice.below(bytes.len().max(1));
        let fault = *dice.one_of(&["a flipped bit", "a flipped bit", "cut", "missing"]);
        match fault {
            "missing" => fs_err::remove_file(&path).unwrap(),
            "cut" => fs_err::write(&path, &bytes[..at]).unwrap(),
            _ if bytes.is_empty() => continue,
            _ => {
                bytes[at] ^= 1 << dice.below(8);
                fs_err::write(&path, &bytes).unwrap();
            }
        }
        for command in ["plan", "status", "check"] {
            let answer = subject.go(&[command, "t.yaml", "c.yaml"]);
            assert!(!answer.err.contains("panicked") && answer.code.is_some(), "{command}, {name}: {answer:?}");
        }
        let answer = subject.go(&RUN);
        let outcome = match answer.code {
            Some(0) => subject.is_whole(),
            Some(1) if answer.err.contains("damaged") || answer.err.contains("newer sparsegate") => {
                // What the message proposes, to begin again, leads to the result.
                match subject.go(&["run", "t.yaml", "c.yaml", "--force"]).code {
                    Some(0) if subject.is_whole() == Outcome::Survived => Outcome::Noticed,
                    code => Outcome::Wrong(format!("--force does not help: {code:?}, {:?}", subject.is_whole())),
                }
            }
            _ => Outcome::Wrong(format!("{answer:?}")),
        };
        let outcome = match outcome {
            Outcome::Wrong(what) => Outcome::Wrong(format!("{name}, {fault} at {at}: {what}")),
            other => other,
        };
        tally.add(&format!("{}: {fault}", name.split_once('/').map_or("", |(_, file)| file)), outcome);
        subject.forget();
        subject.restore(&files);
    }
    tally.end();
}
