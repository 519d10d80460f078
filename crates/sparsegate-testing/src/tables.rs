//! Labelled texts as people write them into tables, and what `new task` makes of them.

use crate::{Answer, Project};

/// What `new task` says of 60 of [`rows`].
pub const SIXTY: &str = "48 for training, 6 for validation, 6 for the test; 2 classes: neg 30, pos 30";

/// `count` rows, below `head`, from a number, a text and one of two labels.
pub fn rows(head: &str, count: usize, row: impl Fn(usize, &str, &str) -> String) -> String {
    let line = |i: usize| {
        let (word, label) = if i.is_multiple_of(2) { ("lovely", "pos") } else { ("soggy", "neg") };
        row(i, &format!("tea number {i} from the corner shop was {word}"), label) + "\n"
    };
    head.to_owned() + &(0..count).map(line).collect::<String>()
}

/// A row with a comma between text and label.
pub fn commas(_: usize, text: &str, label: &str) -> String {
    format!("{text},{label}")
}

/// `new task` for the data set `mine`, of this kind and from this file or folder; the answer is on one line.
pub fn new_task(project: &Project, kind: &str, from: &str, more: &[&str]) -> Answer {
    let command = ["new", "task", "mine", "--kind", kind, "--from", from];
    project.go(&[&command, more].concat()).on_one_line()
}

/// What `new task` says of labelled texts that are read; it replaces what it made before.
#[track_caller]
pub fn read(project: &Project, from: &str, more: &[&str]) -> String {
    let answer = new_task(project, "classification", from, &[more, &["--force"]].concat());
    answer.expect(0, &[]);
    format!("{} {}", answer.out, answer.err)
}

/// The message of `new task` about labelled texts that are refused. Nothing must be left behind.
#[track_caller]
pub fn refused(project: &Project, from: &str, more: &[&str]) -> String {
    let answer = new_task(project, "classification", from, &[more, &["--force"]].concat());
    answer.expect(4, &[]);
    leaves_nothing(project, from);
    answer.err
}

/// Fails if `new task` has made something from `from`.
#[track_caller]
pub fn leaves_nothing(project: &Project, from: &str) {
    for left in ["datasets/mine.yaml", "experiments/mine.yaml", "experiments/tasks/mine.yaml", "datasets/cache/mine"] {
        assert!(!project.path(left).exists(), "{from} left {left}");
    }
}
