//! Reports of an experiment with several tasks: one page, claims by task, and parts of the experiment.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_report as report;
use sparsegate_spec::types::{CellName, Expectation, MetricRef, OrderClaim, RunSpec, Tolerance, ValueClaim};
use sparsegate_spec::{Experiment, Task};
use sparsegate_store::format::RunState;
use sparsegate_store::plan::{Plan, Status};
use sparsegate_testing::{classifiers, language_models};

fn only(task: &str, level: &str) -> BTreeMap<String, serde_json::Value> {
    [("task".to_owned(), task.into()), ("sparsity".to_owned(), level.into())].into()
}

fn order(small: (&str, &str), large: (&str, &str)) -> Expectation {
    let side = |(task, level)| MetricRef { metric: "gates.kept".into(), r#where: only(task, level) };
    let claim = OrderClaim { less: [side(small), side(large)], about: None, authors: None };
    Expectation { r#where: None, claims: vec![], seeds: None, claim: Some(claim) }
}

/// Two tasks at three levels, three seeds of the words, with claims about both.
fn stored(root: &Utf8Path) -> (Experiment, Plan) {
    let mut entries: Vec<(RunSpec, String)> = Vec::new();
    for level in ["dense", "W", "W+G+N"] {
        for seed in 0..3 {
            let run = RunSpec { task: Some("words".into()), seed, ..language_models::spec(level) };
            let key = format!("w{level}{seed}");
            language_models::store(root, &run, &key, 10, RunState::Done);
            entries.push((run, key));
        }
        let run = classifiers::spec(level, CellName::default(), 0);
        let run = RunSpec { task: Some("topics".into()), ..run };
        let key = format!("t{level}");
        classifiers::store(root, &run, &key);
        entries.push((run, key));
    }
    let plan =
        language_models::plan(entries.iter().map(|(run, key)| (run.clone(), key.as_str(), Status::Done)).collect());
    let runs: Vec<RunSpec> = entries.into_iter().map(|(run, _)| run).collect();
    let mut experiment = language_models::experiment(root, &runs);
    experiment.tasks = ["words", "topics"]
        .map(|name| Task { name: name.into(), about: None, file: root.join(format!("{name}.yaml")), source: None })
        .into();
    let value =
        ValueClaim { metric: "gates.kept".into(), value: 201.0, tolerance: Tolerance::Relative(9.0), about: None };
    experiment.expect = vec![
        Expectation { r#where: Some(only("words", "W+G+N")), claims: vec![value], claim: None, seeds: None },
        order(("words", "W+G+N"), ("words", "W")),
        order(("topics", "W+G+N"), ("topics", "W")),
        order(("topics", "W+G+N"), ("words", "W")),
    ];
    (experiment, plan)
}

/// The plan and the experiment with the runs of one task, as `--only task=NAME` leaves them.
fn part(experiment: &Experiment, plan: &Plan, task: &str) -> (Experiment, Plan) {
    let of_task = |run: &RunSpec| run.task.as_deref() == Some(task);
    let entries = plan.entries.iter().filter(|entry| of_task(&entry.spec)).cloned().collect();
    let runs = experiment.runs.iter().filter(|run| of_task(run)).cloned().collect();
    (Experiment { runs, ..experiment.clone() }, Plan { entries })
}

fn read(path: &Utf8Path) -> String {
    fs_err::read_to_string(path).expect("a text file")
}

/// The text below a heading of a Markdown document, up to the next one.
fn below<'a>(document: &'a str, heading: &str) -> &'a str {
    let after = document.split(&format!("\n## {heading}\n")).nth(1);
    after.unwrap_or_else(|| panic!("{heading} in\n{document}")).split("\n## ").next().expect("text")
}

fn project() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
    (folder, root)
}

#[test]
fn claims_stand_under_their_task() {
    let (_folder, root) = project();
    let (experiment, plan) = stored(&root);
    let paths = report::write(&root, &experiment, &plan, &root.join("out")).expect("a report");
    let table = read(&paths.out.join("table.md"));
    let words = below(&table, "words: Claims");
    assert!(words.contains("words, W+G+N (3 seeds)") && words.contains("words, W+G+N < words, W"), "{words}");
    assert!(!words.contains("topics"), "{words}");
    let topics = below(&table, "topics: Claims");
    assert!(topics.contains("topics, W+G+N < topics, W") && !topics.contains("words"), "{topics}");
    let all = below(&table, "All tasks: Claims");
    assert!(all.contains("topics, W+G+N < words, W") && !all.contains("words, W+G+N < words, W"), "{all}");
    let (comparison, _) = report::check(&root, &experiment, &plan).expect("a comparison");
    assert!(all.contains(&format!("All claims of the experiment: {}.", comparison.tally())), "{all}");
    let method = comparison.method().expect("several seeds");
    assert!(all.contains(&method) && !words.contains(&method), "stated once, about all tasks");
}

#[test]
fn one_page_has_the_table_of_the_paper_and_the_comparison_of_tasks() {
    let (_folder, root) = project();
    let (experiment, plan) = stored(&root);
    let paths = report::write(&root, &experiment, &plan, &root.join("out")).expect("a report");
    let table = read(&paths.out.join("table.md"));
    let paper = below(&table, "The table of the paper");
    let rows: Vec<Vec<&str>> = paper
        .lines()
        .filter(|line| line.starts_with("| words") || line.starts_with("| topics"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 6, "{paper}");
    assert_eq!((rows[1][1], rows[1][2], rows[1][3], rows[1][4]), ("words", "perplexity", "W", "3"));
    assert_eq!((rows[4][1], rows[4][2], rows[4][3], rows[4][4]), ("topics", "accuracy, %", "W", "1"));
    assert!(below(&table, "Shares of live gates").contains("topics"), "{table}");
    let page = read(&paths.index);
    for text in ["id=\"gate-share\"", "paper-table.csv", "paper-table.tex", "gate-share.svg", "summary.csv"] {
        assert!(page.contains(text), "{text}");
    }
    for file in ["paper-table.csv", "paper-table.md", "paper-table.tex", "gate-share.csv", "gate-share.png"] {
        assert!(paths.out.join(file).exists(), "{file}");
    }
    let again = report::write(&root, &experiment, &plan, &root.join("again")).expect("a report");
    assert_eq!(paths.files.len(), again.files.len());
    for (one, two) in paths.files.iter().zip(&again.files) {
        assert!(fs_err::read(one).expect("read") == fs_err::read(two).expect("read"), "{one} differs");
    }
}

#[test]
fn the_report_of_one_task_leaves_no_figures_of_the_others() {
    let (_folder, root) = project();
    let (experiment, plan) = stored(&root);
    let out = root.join("out");
    report::write(&root, &experiment, &plan, &out).expect("a report");
    assert!(out.join("curves-words.svg").exists() && out.join("curves-topics.png").exists());
    fs_err::write(out.join("curves-mine.svg"), "mine").expect("written");
    let (words, words_plan) = part(&experiment, &plan, "words");
    report::write(&root, &words, &words_plan, &out).expect("a report");
    let mut left: Vec<String> = fs_err::read_dir(&out)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("curves") || name.starts_with("gate-share"))
        .collect();
    left.sort();
    assert_eq!(left, ["curves-mine.svg", "curves.csv", "curves.png", "curves.svg"]);
    report::write(&root, &experiment, &plan, &out).expect("a report");
    assert!(out.join("curves-words.svg").exists() && !out.join("curves.svg").exists());
}
