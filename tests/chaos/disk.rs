//! Disks that are full, and a limit on the size of files.

use std::process::{Command, Stdio};

use sparsegate_testing::Answer;

use crate::subject::{RUN, Subject, end_of};
use crate::tally::{Dice, Outcome, Tally, rounds};

/// Runs a script in the project; `$SPARSEGATE` is the program.
fn script(subject: &Subject, shell: &[&str], script: &str) -> Answer {
    let program = subject.0.command(&RUN).get_program().to_owned();
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).args(["sh", "-c", script]).current_dir(&subject.0.root);
    command.env("SPARSEGATE", program).env("RAYON_NUM_THREADS", "1").env_remove("SPARSEGATE_CACHE");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    end_of(command.spawn().unwrap()).expect("a process that ends")
}

/// The outcome of a first run on a disk that is too small, `answer`, and of a second with room.
fn judge(subject: &Subject, answer: &Answer) -> Outcome {
    let told = answer.code == Some(0)
        || answer.code == Some(1) && ["write", "killed by SIGXFSZ"].iter().any(|told| answer.err.contains(told));
    if !told && answer.code.is_some_and(|code| code < 128) || answer.err.contains("panicked") {
        return Outcome::Wrong(format!("{:?}: {}{}", answer.code, answer.out, answer.err));
    }
    match subject.is_repaired() {
        Outcome::Survived if answer.code != Some(0) => Outcome::Noticed,
        other => other,
    }
}

#[test]
fn a_limit_on_the_size_of_files() {
    let (mut dice, mut tally) = (Dice::new(5), Tally::new("limit of a file's size"));
    let subject = Subject::new();
    for _ in 0..rounds(4) {
        subject.forget();
        let (kind, trap) = *dice.one_of(&[("writes fail", "trap '' XFSZ;"), ("the signal kills", "")]);
        // In blocks of 512 bytes; the largest file has some 160 kB.
        let scale = 1 + dice.below(8);
        let limit = 1 + dice.below(1 << scale);
        let answer =
            script(&subject, &["env"], &format!("{trap} ulimit -f {limit}; exec $SPARSEGATE {}", RUN.join(" ")));
        let outcome = match judge(&subject, &answer) {
            Outcome::Wrong(what) => Outcome::Wrong(format!("{limit} blocks: {what}")),
            other => other,
        };
        tally.add(kind, outcome);
    }
    tally.end();
}

#[test]
fn a_full_disk() {
    let mount = "mkdir -p runs && mount -t tmpfs -o size=8k none runs";
    if Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|status| status.success()) {
        let subject = Subject::new();
        if script(&subject, &["unshare", "-m"], mount).code != Some(0) {
            println!("skipped: a full disk, because this user may not mount one");
            return;
        }
    } else {
        println!("skipped: a full disk, because there is no unshare, or this user may not use it");
        return;
    }
    let (mut dice, mut tally) = (Dice::new(6), Tally::new("a full disk"));
    let subject = Subject::new();
    for _ in 0..rounds(4) {
        subject.forget();
        let (kilobytes, run) = (4 * (1 + dice.below(150)), RUN.join(" "));
        // What the disk held is copied to where the next command has room.
        let answer = script(
            &subject,
            &["unshare", "-m"],
            &format!(
                "mkdir -p disk && mount -t tmpfs -o size={kilobytes}k none disk && ln -s disk runs && \
                 $SPARSEGATE {run}; code=$?; rm runs; mkdir runs; cp -a disk/. runs; exit $code"
            ),
        );
        let outcome = match judge(&subject, &answer) {
            Outcome::Wrong(what) => Outcome::Wrong(format!("{kilobytes} kB: {what}")),
            other => other,
        };
        tally.add("of 4 to 600 kB", outcome);
    }
    tally.end();
}
