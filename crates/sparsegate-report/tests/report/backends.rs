//! One point of a sweep, trained on two backends.

use sparsegate_report as report;
use sparsegate_spec::types::{Backend, RunSpec};
use sparsegate_store::format::{EpochMetrics, RunState};
use sparsegate_store::plan::Status;
use sparsegate_testing::Project;
use sparsegate_testing::language_models::{self, experiment, spec as run_spec, store as store_run};

use crate::{cell, read};

#[test]
fn one_point_on_two_backends_is_compared() {
    let project = Project::new();
    let on = |level: &str, backend| RunSpec { backend, ..run_spec(level) };
    let tch = Backend::Tch { cuda: None };
    let runs = [("dense", Backend::Flex), ("dense", tch), ("W+G+N", tch), ("W+G+N", Backend::Flex)];
    let keys = ["aaaa", "bbbb", "cccc", "dddd"];
    for ((level, backend), key) in runs.iter().zip(keys) {
        store_run(&project.root, &on(level, *backend), key, 10, RunState::Done);
    }
    // The last epoch of one run deviates: its objective by far more than rounding.
    let file = project.root.join("runs/made-up/bbbb/metrics.jsonl");
    let mut lines: Vec<EpochMetrics> =
        read(&file).lines().map(|line| serde_json::from_str(line).expect("an epoch")).collect();
    lines[0].train_objective *= 1.0 + 3e-6;
    lines[9].train_objective *= 1.01;
    lines[9].valid *= 1.05;
    lines[9].counts.gates[0].kept -= 2;
    let text: String = lines.iter().map(|line| serde_json::to_string(line).expect("JSON") + "\n").collect();
    fs_err::write(&file, text).expect("written");
    let entries = runs.iter().zip(keys).map(|((level, backend), key)| (on(level, *backend), key, Status::Done));
    let plan = language_models::plan(entries.collect());
    let specs: Vec<_> = plan.entries.iter().map(|entry| entry.spec.clone()).collect();
    let experiment = experiment(&project.root, &specs);
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");

    let csv = read(&paths.out.join("backends.csv"));
    assert_eq!(csv.lines().count(), 5, "{csv}");
    let column = |name: &str| (0..4).map(|row| cell(&csv, row, name)).collect::<Vec<_>>();
    assert_eq!(
        column("backend"),
        ["flex", "tch", "flex", "tch"],
        "the reference first, wherever it stands in the plan"
    );
    assert_eq!(column("run"), ["aaaa", "bbbb", "dddd", "cccc"]);
    assert_eq!(column("within"), ["", "false", "", "true"]);
    let number = |row: usize, name: &str| cell(&csv, row, name).parse::<f64>().expect("a number");
    assert!((number(1, "objective_first_epoch") - 3e-6).abs() < 1e-9, "{csv}");
    assert!((number(1, "objective") - 0.01).abs() < 1e-6 && (number(1, "valid") - 0.05).abs() < 1e-6, "{csv}");
    assert!(number(1, "gates_kept") + 2.0 - number(1, "gates_kept_reference") < 0.5);
    assert_eq!((number(3, "objective"), number(3, "test")), (0.0, 0.0));
    let table = read(&paths.out.join("table.md"));
    assert!(table.contains("## Backends") && table.contains("(-2)"), "{table}");
    assert!(read(&paths.index).contains("id=\"backends\"") && paths.out.join("backends.svg").exists());

    // With a single backend there is nothing to compare, and the old comparison files are removed.
    let dense = language_models::plan(vec![(on("dense", Backend::Flex), "aaaa", Status::Done)]);
    let paths = report::write(&project.root, &experiment, &dense, &project.root.join("out")).expect("a report");
    assert!(!paths.out.join("backends.csv").exists() && !paths.out.join("backends.svg").exists());
    assert!(paths.notes.iter().all(|note| !note.contains("backends")), "{:?}", paths.notes);
}
