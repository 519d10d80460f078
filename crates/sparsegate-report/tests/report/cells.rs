//! Classifiers of several cells, and reports across tasks.

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_core::cells;
use sparsegate_report as report;
use sparsegate_spec::Experiment;
use sparsegate_spec::types::CellName;
use sparsegate_store::plan::{Plan, Status};
use sparsegate_testing::language_models::experiment;
use sparsegate_testing::{Project, classifiers, language_models};

use crate::{COLUMNS, cell, read, sweep};

/// A sweep over `model.cell`: three levels of a classifier with every cell, and two seeds of one of them.
pub fn classifiers(root: &Utf8Path) -> (Experiment, Plan) {
    let mut entries = Vec::new();
    for (c, cell) in cells::CELLS.iter().enumerate() {
        for (l, level) in ["dense", "W", "W+N", "W+G+N"].into_iter().enumerate() {
            for seed in 0..if level == "W+N" { 2 } else { 1 } {
                let run = classifiers::spec(level, CellName(*cell), seed);
                let key = format!("{c}{l}{seed}");
                classifiers::store(root, &run, &key);
                entries.push((run, key));
            }
        }
    }
    let plan =
        language_models::plan(entries.iter().map(|(run, key)| (run.clone(), key.as_str(), Status::Done)).collect());
    let runs: Vec<_> = plan.entries.iter().map(|entry| entry.spec.clone()).collect();
    let mut experiment = experiment(root, &runs);
    experiment.dataset = "planted-texts".into();
    (experiment, plan)
}

#[test]
fn classifiers_of_several_cells_are_told_apart() {
    let project = Project::new();
    let (experiment, plan) = classifiers(&project.root);
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    assert!(paths.warnings.is_empty(), "{:?}", paths.warnings);
    let csv = read(&paths.out.join("results.csv"));
    let header = csv.lines().next().expect("a header");
    assert!(header.starts_with(&format!("{COLUMNS},")), "{header}");
    let names: Vec<&str> = header.split(',').collect();
    let distinct: std::collections::BTreeSet<&&str> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{header}");
    for kind in cells::CELLS.iter().flat_map(|cell| cell.preactivations()) {
        assert!(names.contains(&format!("gates_kept_{}", kind.name).as_str()), "{} in {header}", kind.name);
    }
    assert_eq!((cell(&csv, 1, "inputs_total"), cell(&csv, 1, "metric")), ("60", "accuracy"));
    assert_eq!(cell(&csv, 1, "inputs_kept"), "48");

    let table = read(&paths.out.join("table.md"));
    for text in ["W, lstm", "valid accuracy", " % |", "word", "and ", "precision", "hidden units"] {
        assert!(table.contains(text), "{text} in\n{table}");
    }
    let gates = read(&paths.out.join("gate-structure.csv"));
    assert_eq!(gates.lines().next(), Some("run,unit,kind,role,live,value"));
    assert!(gates.lines().any(|line| line.contains(",g,flow,false,")), "{gates}");
    for line in gates.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[4] == "true", cells[5].is_empty(), "{line}");
    }
    let page = read(&paths.index);
    assert!(page.contains("information flow g") && page.contains("Kept words by strength"), "{page}");
}

#[test]
fn a_dense_classifier_is_shown_at_its_highest_validation_accuracy() {
    let project = Project::new();
    let (experiment, plan) = classifiers(&project.root);
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let dense = classifiers::spec("dense", CellName::default(), 0);
    let lines: Vec<_> = (1..=12).map(|n| classifiers::epoch(&dense, n)).collect();
    let best = lines.iter().max_by(|a, b| a.valid.total_cmp(&b.valid)).expect("epochs");
    assert!(best.epoch < 12, "it overfits");
    let svg = read(&paths.out.join("quality-compression.svg"));
    assert!(svg.contains("accuracy in % (higher is better)"), "{svg}");
}

#[test]
fn several_experiments_are_compared_across_tasks() {
    let project = Project::new();
    let (words, words_plan) = sweep(&project.root);
    let (mut texts, mut texts_plan) = classifiers(&project.root.join("texts"));
    fs_err::rename(project.root.join("texts/runs/made-up"), project.root.join("runs/texts")).expect("moved");
    texts.name = "texts".into();
    for entry in &mut texts_plan.entries {
        entry.spec.experiment = "texts".into();
    }
    let tasks = [
        report::PlannedExperiment { experiment: &words, plan: &words_plan },
        report::PlannedExperiment { experiment: &texts, plan: &texts_plan },
    ];
    let first = report::across(&project.root, &tasks, &project.root.join("a"), report::ReportOptions::default())
        .expect("a report");
    let names: Vec<&str> = first.files.iter().filter_map(|file| file.file_name()).collect();
    assert_eq!(names, ["gate-share.csv", "gate-share.png", "gate-share.svg", "index.html", "table.md"]);
    let csv = read(&first.out.join("gate-share.csv"));
    assert_eq!(csv.lines().next(), Some("task,dataset,cell,sparsity,kind,role,runs,units,live,share"));
    let line =
        |start: &str| csv.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start} in\n{csv}"));
    let two = line("texts,planted-texts,lstm,W+N,g,");
    assert!(two.contains(",flow,2,20,"), "seeds are added up: {two}");
    assert!(first.notes.iter().any(|note| note.starts_with("made-up: W+Voc")), "{:?}", first.notes);
    let second = report::across(&project.root, &tasks, &project.root.join("b"), report::ReportOptions::default())
        .expect("a report");
    for (one, two) in first.files.iter().zip(&second.files) {
        assert!(fs_err::read(one).expect("read") == fs_err::read(two).expect("read"), "{one} differs");
    }
    if let Ok(out) = std::env::var("REPORT_OUT") {
        report::across(&project.root, &tasks, &Utf8PathBuf::from(out).join("across"), report::ReportOptions::default())
            .expect("a report");
    }
}
