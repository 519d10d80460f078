//! Nothing stored, damaged folders, and reports that are written over older ones.

use sparsegate_report as report;
use sparsegate_testing::Project;
use sparsegate_testing::language_models::{self, experiment, spec as run_spec};

use crate::{authors, cell, new, read, sweep};

#[test]
fn nothing_stored_is_an_error_that_names_the_command() {
    let project = Project::new();
    let plan = language_models::plan(vec![(run_spec("W"), "bbbb", new())]);
    let experiment = experiment(&project.root, &[run_spec("W")]);
    let out = project.root.join("out");
    let error = report::write(&project.root, &experiment, &plan, &out).expect_err("nothing to report");
    assert!(error.to_string().contains("sparsegate run "), "{error}");
    assert!(!out.exists(), "no folder for nothing");
}

#[test]
fn a_corrupt_folder_is_named_and_skipped() {
    let project = Project::new();
    let (experiment, plan) = sweep(&project.root);
    let broken = project.root.join("runs/made-up/bbbb/metrics.jsonl");
    fs_err::write(&broken, "{\"epoch\": 1, \"st\n{}\n").expect("written");
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    assert!(paths.warnings.iter().any(|warning| warning.contains("bbbb")), "{:?}", paths.warnings);
    let csv = read(&paths.out.join("results.csv"));
    assert_eq!(cell(&csv, 1, "state"), "missing");
    assert!(read(&paths.index).contains("bbbb"));
}

#[test]
fn a_report_over_an_older_one_replaces_its_files_and_leaves_others() {
    let project = Project::new();
    let (experiment, plan) = sweep(&project.root);
    let out = project.root.join("out");
    fs_err::create_dir_all(&out).expect("a folder");
    fs_err::write(out.join("notes.txt"), "mine").expect("written");
    report::write(&project.root, &experiment, &plan, &out).expect("a report");
    for key in ["aaaa", "bbbb", "dddd", "dd02", "eeee"] {
        fs_err::remove_file(project.root.join(format!("runs/made-up/{key}/structure.json"))).expect("removed");
    }
    let paths = report::write(&project.root, &experiment, &plan, &out).expect("a report");
    assert!(!out.join("gate-structure.svg").exists() && !out.join("gate-structure.png").exists());
    assert!(paths.notes.iter().any(|note| note.contains("gate-structure")), "{:?}", paths.notes);
    assert_eq!(read(&out.join("notes.txt")), "mine");
}

#[test]
fn an_old_report_survives_one_that_fails() {
    let project = Project::new();
    let (mut experiment, plan) = sweep(&project.root);
    let out = project.root.join("out");
    report::write(&project.root, &experiment, &plan, &out).expect("a report");
    let before = read(&out.join("index.html"));
    authors(&project.root, &mut experiment);
    if let Some(figures) = experiment.source.as_mut().and_then(|source| source.authors.as_mut()) {
        figures.task = "wrod-ptb".into();
    }
    let error = report::write(&project.root, &experiment, &plan, &out).expect_err("no such task");
    assert!(error.to_string().contains("wrod-ptb") && error.to_string().contains("word-ptb"), "{error}");
    assert_eq!(read(&out.join("index.html")), before);
    let blocked = project.root.join("file");
    fs_err::write(&blocked, "").expect("written");
    let error =
        report::write(&project.root, &language_models::experiment(&project.root, &[]), &plan, &blocked.join("out"));
    assert!(error.expect_err("a file is in the way").to_string().contains("--out"));
}

/// As after a crash before the data were read.
#[test]
fn an_empty_metric_is_not_taken_for_the_experiments() {
    let project = Project::new();
    let (experiment, plan) = sweep(&project.root);
    for key in ["aaaa", "ffff"] {
        let path = format!("runs/made-up/{key}/summary.json");
        let summary = project.read(&path);
        assert!(summary.contains("\"metric\":\"perplexity\""), "{summary}");
        project.write(&path, summary.replace("\"metric\":\"perplexity\"", "\"metric\":\"\""));
    }
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let csv = read(&paths.out.join("results.csv"));
    for row in 0..6 {
        assert_eq!(cell(&csv, row, "metric"), "perplexity", "{csv}");
    }
}
