//! `time-step` on the command line.

use camino::Utf8Path;
use sparsegate_testing::{Answer, command_in};

/// The answer of the command in the folder of the repository.
fn time_step(arguments: &[&str]) -> Answer {
    let repository = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    Answer::to(command_in(repository, &[&["time-step"], arguments].concat()))
}

/// A small network, because the tests are only about the output.
const SMALL: [&str; 6] = ["--set", "model.hidden=8", "--set", "train.batch=64", "--only", "sparsity=W+G+N,cell=gru"];

#[test]
fn times_and_objectives_are_told() {
    let arguments =
        ["experiments/paper/agnews.yaml", "--rounds", "3", "--steps", "2", "--warm-up", "1", "--format", "json"];
    let answer = time_step(&[&arguments[..], &SMALL].concat());
    answer.expect(0, &[]);
    let timed: serde_json::Value = serde_json::from_str(&answer.out).expect("JSON");
    assert_eq!(timed.as_array().map(Vec::len), Some(1));
    let timed = &timed[0];
    assert_eq!((timed["cell"].as_str(), timed["backend"].as_str()), (Some("gru"), Some("flex")));
    assert_eq!(timed["seconds"].as_array().map(Vec::len), Some(3));
    assert_eq!(timed["objective"].as_array().map(Vec::len), Some(7), "every step, those of the warm-up too");
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    let [low, median, high] = [&timed["quartiles"][0], &timed["median"], &timed["quartiles"][1]].map(number);
    assert!(0.0 < low && low <= median && median <= high, "{low} {median} {high}");
}

#[test]
fn what_cannot_be_timed_is_told() {
    let answer = time_step(&["experiments/quick.yaml"]);
    answer.expect(2, &["the sizes of data set `planted-words` are not known"]);
}
