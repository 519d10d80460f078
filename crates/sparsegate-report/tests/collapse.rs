//! Reports with collapsed runs, trivial baselines, and metrics at the last and at the best epoch.

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_core::EvaluationMetric;
use sparsegate_report as report;
use sparsegate_spec::Experiment;
use sparsegate_spec::types::{CellName, Expectation, MetricRef, OrderClaim, RunSpec, Tolerance, ValueClaim};
use sparsegate_store::format::{
    Collapse, Counts, EpochMetrics, FORMAT, KeptCount, Predictor, RunState, Summary, TrivialBaseline,
};
use sparsegate_store::plan::{Plan, Status};
use sparsegate_testing::{Project, classifiers, language_models};

/// The counts of a network of which nothing is left; the compression is the number that the authors' formula gives.
fn nothing(counts: &Counts) -> Counts {
    let none = |count: KeptCount| KeptCount { kept: 0, ..count };
    Counts {
        compression: 1.6448e13,
        compression_exact: 1.6448e13,
        embedding_weights: counts.embedding_weights.map(none),
        input_weights: none(counts.input_weights),
        recurrent_weights: none(counts.recurrent_weights),
        output_weights: none(counts.output_weights),
        weights_kept_exact: 0,
        vocabulary: none(counts.vocabulary),
        inputs: counts.inputs.map(none),
        neurons: none(counts.neurons),
        gates: counts
            .gates
            .iter()
            .cloned()
            .map(|gate| sparsegate_store::format::GateCount { kept: 0, ..gate })
            .collect(),
    }
}

/// The epochs of a run: healthy ones at the levels dense and W, of a network that empties from epoch 3 on at W+N, and
/// of one that predicts one class from epoch 5 on at W+G+N. The file of W+N has no mark, like those of earlier
/// versions.
fn lines(spec: &RunSpec) -> Vec<EpochMetrics> {
    let line = |n| {
        let line = classifiers::epoch(spec, n);
        match spec.sparsity.name.as_str() {
            "W+N" if n >= 3 => EpochMetrics { valid: 0.27, test: 0.26, counts: nothing(&line.counts), ..line },
            "W+G+N" if n >= 5 => {
                let collapse = Some(Collapse::OneClass { class: "sport".into() });
                EpochMetrics { valid: 0.27, test: 0.26, collapse, ..line }
            }
            _ => line,
        }
    };
    (1..=spec.train.epochs).map(line).collect()
}

/// Four levels of a classifier; see [`lines`].
fn sweep(root: &Utf8Path) -> (Experiment, Plan) {
    let baseline =
        TrivialBaseline { predictor: Predictor::MajorityClass { class: "sport".into() }, valid: 0.2711, test: 0.2622 };
    let mut entries = Vec::new();
    for (level, key) in [("dense", "aaaa"), ("W", "bbbb"), ("W+N", "cccc"), ("W+G+N", "dddd")] {
        let spec = classifiers::spec(level, CellName::default(), 0);
        let lines = lines(&spec);
        let summary = Summary {
            format: FORMAT,
            state: RunState::Done,
            epochs: spec.train.epochs,
            metric: Some(EvaluationMetric::Accuracy),
            last: lines.last().cloned(),
            train_seconds: 90.0,
            error: None,
            ground_truth: None,
            vectors: None,
            selected: None,
            stopped_early: None,
            baseline: Some(baseline.clone()),
            usage: None,
        };
        language_models::store_files(root, &spec, key, &lines, &summary, None);
        entries.push((spec, key, Status::Done));
    }
    let plan = language_models::plan(entries);
    let runs: Vec<_> = plan.entries.iter().map(|entry| entry.spec.clone()).collect();
    (language_models::experiment(root, &runs), plan)
}

fn read(path: &Utf8Path) -> String {
    fs_err::read_to_string(path).expect("a text file")
}

/// Whether a figure has exactly this text, such as the label of a tick.
fn has_text(svg: &str, text: &str) -> bool {
    svg.lines().any(|line| line.trim() == text)
}

/// A cell of a CSV file without quotes, by row and column name.
fn cell<'a>(csv: &'a str, row: usize, column: &str) -> &'a str {
    let mut lines = csv.lines();
    let at = lines.next().expect("a header").split(',').position(|name| name == column).expect(column);
    lines.nth(row).expect("the row").split(',').nth(at).expect("the cell")
}

/// The cells of the first row of a Markdown document that starts with `first`.
fn row(table: &str, first: &str) -> Vec<String> {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    table.lines().map(cells).find(|cells| cells.get(1).is_some_and(|cell| cell == first)).unwrap_or_else(|| {
        panic!("{first} in\n{table}");
    })
}

#[test]
fn collapsed_runs_are_marked_everywhere() {
    let project = Project::new();
    let (experiment, plan) = sweep(&project.root);
    let written = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let csv = read(&written.out.join("results.csv"));
    let column = |name: &str| (0..4).map(|run| cell(&csv, run, name)).collect::<Vec<_>>();
    assert_eq!(column("state"), ["done"; 4], "the states keep their names");
    assert_eq!(column("collapse"), ["", "", "nothing left", "one class"]);
    assert!(cell(&csv, 2, "compression").is_empty() && cell(&csv, 2, "compression_exact").is_empty());
    assert!(!cell(&csv, 3, "compression").is_empty(), "something is left");
    let curves = read(&written.out.join("curves.csv"));
    assert!(cell(&curves, 24 + 11, "compression").is_empty() && !cell(&curves, 24 + 1, "compression").is_empty());

    let table = read(&written.out.join("table.md"));
    assert_eq!((row(&table, "W+N")[2].as_str(), row(&table, "W+N")[7].as_str()), ("done, collapsed", "-"));
    assert_eq!((row(&table, "W")[2].as_str(), row(&table, "W+G+N")[2].as_str()), ("done", "done, collapsed"));
    assert!(table.contains("W+N collapsed: nothing is left of the network") && table.contains("since epoch 3."));
    assert!(table.contains("predicts the class `sport` for every validation text, seen since epoch 5."), "{table}");
    assert!(!table.contains("16,448"), "{table}");
    let page = read(&written.index);
    assert!(page.contains("<td class=\"bad\">done, collapsed</td>"), "{page}");
}

#[test]
fn axes_ignore_collapsed_runs() {
    let project = Project::new();
    let (experiment, plan) = sweep(&project.root);
    let written = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    if let Ok(out) = std::env::var("REPORT_OUT") {
        report::write(&project.root, &experiment, &plan, &Utf8PathBuf::from(out)).expect("a report");
    }
    let svg = read(&written.out.join("quality-compression.svg"));
    assert!(svg.contains("collapsed, not drawn: W+N; W+G+N"), "{svg}");
    assert!(has_text(&svg, "10") && !has_text(&svg, "50"), "the compression axis ends near that of W: {svg}");
    assert!(svg.contains("dense, best epoch (6)"), "{svg}");
    let curves = read(&written.out.join("curves.svg"));
    assert!(
        curves.contains("W+N (collapsed)") && has_text(&curves, "85") && !has_text(&curves, "40"),
        "no room for the accuracy of a guess"
    );
}

#[test]
fn tables_have_the_baseline_and_both_epochs() {
    let project = Project::new();
    let (experiment, plan) = sweep(&project.root);
    let written = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let dense = lines(&plan.entries[0].spec);
    let best = dense.iter().max_by(|a, b| a.valid.total_cmp(&b.valid)).expect("epochs");
    let last = dense.last().expect("epochs");
    assert!(best.epoch < last.epoch && best.test > last.test, "it overfits");
    let percent = |x: f64| format!("{:.2} %", 100.0 * x);

    let table = read(&written.out.join("table.md"));
    let heads = row(&table, "run");
    assert_eq!(heads[4..8], ["valid accuracy", "test accuracy", "test accuracy, best epoch", "compression"]);
    let cells = row(&table, "dense");
    assert_eq!(cells[5..7], [percent(last.test), format!("{} ({})", percent(best.test), best.epoch)]);
    let baseline = row(&table, "baseline: majority class sport");
    assert_eq!(baseline[2..8], ["", "", "27.11 %", "26.22 %", "", ""]);
    assert_eq!(written.table.rows.len(), 5, "the terminal's table has it too");

    let csv = read(&written.out.join("results.csv"));
    assert_eq!(csv.lines().count(), 5, "one row a run");
    assert_eq!(cell(&csv, 0, "best_epoch"), best.epoch.to_string());
    assert_eq!(cell(&csv, 0, "test_best").parse(), Ok(best.test));
    assert_eq!((cell(&csv, 0, "baseline"), cell(&csv, 0, "baseline_test")), ("majority class sport", "0.2622"));
}

#[test]
fn claims_about_collapsed_runs_do_not_hold() {
    let project = Project::new();
    let (mut experiment, plan) = sweep(&project.root);
    let level = |name: &str| [("sparsity".to_owned(), serde_json::Value::from(name))].into();
    let claim = |metric: &str, value| ValueClaim {
        metric: metric.into(),
        value,
        tolerance: Tolerance::Relative(0.5),
        about: None,
    };
    // Both values are within the tolerance, and the order holds, but show nothing.
    experiment.expect = vec![
        Expectation {
            r#where: Some(level("W+N")),
            seeds: None,
            claims: vec![claim("test.accuracy", 0.26), claim("compression", 1.6448e13)],
            claim: None,
        },
        Expectation {
            r#where: None,
            seeds: None,
            claims: vec![],
            claim: Some(OrderClaim {
                less: ["W+N", "W"].map(|name| MetricRef { metric: "gates.kept".into(), r#where: level(name) }),
                about: None,
                authors: None,
            }),
        },
    ];
    let (comparison, _) = report::check(&project.root, &experiment, &plan).expect("a comparison");
    let verdicts =
        comparison.values.iter().map(|line| &line.verdict).chain(comparison.orders.iter().map(|o| &o.verdict));
    for verdict in verdicts {
        assert_eq!(verdict.text(), "collapsed (nothing left)");
    }
    assert!(comparison.fails());
    assert_eq!(comparison.tally(), "0 reproduced, 0 within noise, 0 off, 0 not measured, 3 collapsed");
    let runs: Vec<_> = comparison.collapsed.iter().map(|run| (run.run.as_str(), run.epoch)).collect();
    assert_eq!(runs, [("W+N", 3), ("W+G+N", 5)]);
}

#[test]
fn an_accurate_dense_run_does_not_leave_the_plot() {
    let project = Project::new();
    let mut entries = Vec::new();
    for (level, key) in [("dense", "aaaa"), ("W", "bbbb")] {
        let spec = classifiers::spec(level, CellName::default(), 0);
        // The sparse level is still at less than half of the dense one's accuracy.
        let factor = if level == "dense" { 1.0 } else { 0.4 };
        let worse = |line: EpochMetrics| EpochMetrics { valid: factor * line.valid, test: factor * line.test, ..line };
        let lines: Vec<_> = (1..=spec.train.epochs).map(|n| worse(classifiers::epoch(&spec, n))).collect();
        classifiers::store(&project.root, &spec, key);
        let file = project.root.join(format!("runs/made-up/{key}/metrics.jsonl"));
        let text: String = lines.iter().map(|line| serde_json::to_string(line).expect("JSON") + "\n").collect();
        fs_err::write(file, text).expect("written");
        entries.push((spec, key, Status::Done));
    }
    let plan = language_models::plan(entries);
    let runs: Vec<_> = plan.entries.iter().map(|entry| entry.spec.clone()).collect();
    let experiment = language_models::experiment(&project.root, &runs);
    let written = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    assert!(!read(&written.index).contains("leave the plot at its upper edge"));
    let curves = read(&written.out.join("curves.svg"));
    assert!(has_text(&curves, "80") && has_text(&curves, "40"), "the axis covers both: {curves}");
}
