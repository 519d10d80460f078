//! `bench`: what it prints and stores, and how reports show it.
#![cfg(unix)]

use std::process::{Command, Output};

use camino::Utf8Path;
use sparsegate_store::speed::{Implementation, InputMode, Speed};

use crate::stored_metric::trained;

fn sparsegate(root: &Utf8Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
    command.args(arguments).current_dir(root).env_remove("SPARSEGATE_CACHE").output().unwrap()
}

const SHORT: [&str; 6] = ["--samples", "1", "--batch", "1,3", "--threads", "1"];

#[test]
fn times_are_stored_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    let run = trained(root).remove(0);
    let output = sparsegate(root, &[&["bench", run.key(), "--int8"][..], &SHORT].concat());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
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
    std::os::unix::fs::symlink("elsewhere", root.join("link.onnx")).unwrap();
    let export = |out: &str| sparsegate(root, &["export", run.key(), "--format", "onnx", "--force", "--out", out]);
    assert_eq!(export("model.onnx").status.code(), Some(4));
    fs_err::remove_file(run.compact_path()).unwrap();
    assert!(export("model.onnx").status.success());
    assert_eq!(fs_err::read(run.compact_path()).unwrap(), whole);
    assert_eq!(export("link.onnx").status.code(), Some(2));
    let speed: Speed = run.speed().unwrap().expect("speed.json");
    for (mode, batch) in [(InputMode::Streaming, 1), (InputMode::Whole, 1), (InputMode::Whole, 3)] {
        for implementation in [Implementation::Compact, Implementation::CompactInt8, Implementation::Dense] {
            let time = speed.time(implementation, mode, batch, 1).unwrap();
            assert!(time.samples >= 1 && 0.0 < time.low && time.low <= time.median && time.median <= time.high);
        }
    }
    assert!(speed.int8.is_some_and(|bytes| bytes.compact > 0 && bytes.onnxruntime.is_none()));
    assert!(speed.compact.macs <= speed.dense.macs && speed.choices.len() > 2 && speed.missing.is_empty());
    fs_err::write(root.join("spec.yaml"), crate::stored_metric::spec("words")).unwrap();
    let output = sparsegate(root, &["report", "spec.yaml"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = root.join("reports/words");
    assert!(report.join("speed.svg").is_file() && report.join("speed.png").is_file());
    assert!(fs_err::read_to_string(report.join("index.html")).unwrap().contains("Speed of the forward pass"));
    let table = fs_err::read_to_string(report.join("speed.csv")).unwrap();
    assert_eq!(table.lines().count(), 1 + speed.timings.len());
}

#[test]
fn mistakes_are_named_with_their_cure() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    let wrong = |arguments: &[&str], code: i32, part: &str| {
        let output = sparsegate(root, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(part) && said.contains("help:"), "{said}");
    };
    wrong(&["bench", "nothing"], 2, "there is no run `nothing`");
    wrong(&["bench", "--authors", "nothing"], 2, "the authors have no task `nothing`");
    let python =
        ["bench", "--authors", "imdb", "--python", "/no/python", "--samples", "1", "--batch", "1", "--threads", "1"];
    wrong(&python, 1, "/no/python cannot be started");
}
