//! `bench`: what it prints and stores, and how reports show it.
#![cfg(unix)]

use sparsegate_store::speed::{Implementation, InputMode, Speed};
use sparsegate_testing::Project;

use crate::stored_metric::trained;

const SHORT: [&str; 6] = ["--samples", "1", "--batch", "1,3", "--threads", "1"];

#[test]
fn times_are_stored_and_shown() {
    let (project, mut runs) = trained();
    let run = runs.remove(0);
    let answer = project.go(&[&["bench", run.key(), "--int8"][..], &SHORT].concat());
    answer.expect(0, &[]);
    let said = answer.out;
    for part in [
        "over the test set",
        "multiply-adds a token",
        "symbol by symbol",
        "masked, our engine",
        "compact, 8 bits",
        "with 8-bit weights: ",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // A damaged file is refused and a missing one written again, and only regular files are replaced.
    let whole = fs_err::read(run.compact_path()).unwrap();
    fs_err::write(run.compact_path(), &whole[..whole.len() / 2]).unwrap();
    std::os::unix::fs::symlink("elsewhere", project.path("link.onnx")).unwrap();
    let export = |out: &str| project.go(&["export", run.key(), "--format", "onnx", "--force", "--out", out]);
    export("model.onnx").expect(4, &[]);
    fs_err::remove_file(run.compact_path()).unwrap();
    export("model.onnx").expect(0, &[]);
    assert_eq!(fs_err::read(run.compact_path()).unwrap(), whole);
    export("link.onnx").expect(2, &[]);
    let speed: Speed = run.speed().unwrap().expect("speed.json");
    for (mode, batch) in [(InputMode::Streaming, 1), (InputMode::Whole, 1), (InputMode::Whole, 3)] {
        for implementation in [Implementation::Compact, Implementation::CompactInt8, Implementation::Dense] {
            let time = speed.time(implementation, mode, batch, 1).unwrap();
            assert!(time.samples >= 1 && 0.0 < time.low && time.low <= time.median && time.median <= time.high);
        }
    }
    assert!(speed.int8.is_some_and(|bytes| bytes.compact > 0 && bytes.onnxruntime.is_none()));
    assert!(speed.compact.macs <= speed.dense.macs && speed.choices.len() > 2 && speed.missing.is_empty());
    project.go(&["report", "words.yaml"]).expect(0, &[]);
    let report = project.path("reports/words");
    assert!(report.join("speed.svg").is_file() && report.join("speed.png").is_file());
    assert!(fs_err::read_to_string(report.join("index.html")).unwrap().contains("Speed of the forward pass"));
    let table = fs_err::read_to_string(report.join("speed.csv")).unwrap();
    assert_eq!(table.lines().count(), 1 + speed.timings.len());
}

#[test]
fn mistakes_are_named_with_their_cure() {
    let project = Project::new();
    let wrong = |arguments: &[&str], code: i32, part: &str| project.go(arguments).expect(code, &[part, "help:"]);
    wrong(&["bench", "nothing"], 2, "there is no run `nothing`");
    wrong(&["bench", "--authors", "nothing"], 2, "the authors have no task `nothing`");
    let python =
        ["bench", "--authors", "imdb", "--python", "/no/python", "--samples", "1", "--batch", "1", "--threads", "1"];
    wrong(&python, 1, "/no/python cannot be started");
}
