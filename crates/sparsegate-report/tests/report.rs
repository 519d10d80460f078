//! Reports over fixture run folders: the files and their contents, and unusual or damaged run folders.

use camino::{Utf8Path, Utf8PathBuf};
use polars::prelude::*;
use sparsegate_core::cells;
use sparsegate_report as report;
use sparsegate_spec as spec;
use sparsegate_store as store;
use sparsegate_store::plan;

#[path = "../src/fixtures.rs"]
#[allow(dead_code, reason = "shared with the unit tests, which use the rest")]
mod fixtures;
#[path = "../src/text_fixtures.rs"]
#[allow(dead_code, reason = "shared with the unit tests, which use the rest")]
mod text_fixtures;

use fixtures::{experiment, spec as run_spec, store as store_run};
use plan::{Plan, Status};
use spec::types::{Backend, Expectation, MetricRef, OrderClaim, RunSpec, Tolerance, ValueClaim};
use spec::{Experiment, PublishedResults, PublishedSource};
use store::format::RunState;

const FIGURES: [&str; 5] = ["quality-compression", "gates-by-kind", "gate-structure", "sizes", "curves"];
const COLUMNS: &str = "experiment,run,dataset,cell,sparsity,seed,backend,state,epochs,metric,valid,test,compression,weights_kept,\
                       weights_total,vocabulary_kept,inputs_kept,neurons_kept,neurons_total,gates_kept,gates_total,train_seconds";
const CURVE_COLUMNS: &str = "run,epoch,train_objective,valid,test,compression,gates_kept,neurons_kept";

/// A project folder that is deleted after the test.
struct Project {
    _folder: tempfile::TempDir,
    root: Utf8PathBuf,
}

fn project() -> Project {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
    Project { _folder: folder, root }
}

fn new() -> Status {
    Status::New { why: "never run".into() }
}

/// An unfinished sweep: four levels done, W+Voc never run, a failed second dense seed, and a stale W+N.
fn sweep(root: &Utf8Path) -> (Experiment, Plan) {
    let mut failed = run_spec("dense");
    failed.seed = 1;
    let mut shorter = run_spec("W+N");
    shorter.train.epochs = 4;
    store_run(root, &run_spec("dense"), "aaaa", 10, RunState::Done);
    store_run(root, &run_spec("W"), "bbbb", 10, RunState::Done);
    store_run(root, &shorter, "dddd", 4, RunState::Done);
    store_run(
        root,
        &{
            let mut s = shorter.clone();
            s.train.epochs = 2;
            s
        },
        "dd02",
        2,
        RunState::Done,
    );
    store_run(root, &run_spec("W+G+N"), "eeee", 10, RunState::Done);
    store_run(root, &failed, "ffff", 0, RunState::Failed);
    let plan = fixtures::plan(vec![
        (run_spec("dense"), "aaaa", Status::Done),
        (run_spec("W"), "bbbb", Status::Done),
        (run_spec("W+Voc"), "cccc", new()),
        (run_spec("W+N"), "d000", Status::Stale { why: "train.epochs was 4".into() }),
        (run_spec("W+G+N"), "eeee", Status::Done),
        (failed, "ffff", Status::Failed { error: "loss is not a number".into() }),
    ]);
    let runs: Vec<_> = plan.entries.iter().map(|entry| entry.spec.clone()).collect();
    (experiment(root, &runs), plan)
}

/// Files in the format of the authors' published logs: twenty epochs of every level.
fn authors(root: &Utf8Path, experiment: &mut Experiment) {
    let head = "task,sparsity,epoch,epoch_seconds,train_objective,metric,train_metric,valid_metric,test_metric,embedding_w,\
                embedding_w_total,vocabulary,vocabulary_total,embedding_units,embedding_units_total,hidden_units,\
                hidden_units_total,gates,gates_total,lstm_w_input,lstm_w_input_total,lstm_w_hidden,lstm_w_hidden_total,\
                dense_w,dense_w_total,compression\n";
    let (mut curves, mut last) = (head.to_owned(), head.to_owned());
    curves.push_str("imdb,W,1,19.3,-195.7,accuracy,0.9,0.8,0.8,5059,6000900,5054,20003,7,300,9,128,20,512,31,153600,48,65536,9,128,1208.5\n");
    for level in ["dense", "W", "W+Voc", "W+N", "W+G+N"] {
        for n in 1..=20 {
            let line = fixtures::epoch(level, n, 20);
            let overfit = if level == "dense" && n > 8 { f64::from(n - 7).powi(3) } else { 1.0 };
            let counts = &line.counts;
            let row = format!(
                "word-ptb,{level},{n},33.9,{},perplexity,110.0,{:.4},{:.4},,,{},10000,,,{},256,{},1024,{},{},{},{},{},{},{:.4}\n",
                line.train_objective,
                line.valid * 0.98 * overfit,
                line.test * 0.98 * overfit,
                counts.vocabulary.kept,
                counts.neurons.kept * 95 / 100,
                counts.gates.iter().map(|gate| gate.kept).sum::<u64>() * 9 / 10,
                counts.input_weights.kept,
                counts.input_weights.total,
                counts.recurrent_weights.kept,
                counts.recurrent_weights.total,
                counts.output_weights.kept,
                counts.output_weights.total,
                counts.compression * 1.03,
            );
            curves.push_str(&row);
            if n == 20 {
                last.push_str(&row);
            }
        }
    }
    let (final_file, curve_file) = (root.join("final.csv"), root.join("curves.csv"));
    fs_err::write(&final_file, last).expect("written");
    fs_err::write(&curve_file, curves).expect("written");
    let figures = PublishedResults { final_values: final_file, curves: curve_file, task: "word-ptb".into() };
    experiment.source = Some(PublishedSource { arxiv: Some("1812.05692".into()), authors: Some(figures) });
}

fn read(path: &Utf8Path) -> String {
    fs_err::read_to_string(path).expect("a text file")
}

/// A cell of a CSV file without quotes, by row and column name.
fn cell<'a>(csv: &'a str, row: usize, column: &str) -> &'a str {
    let mut lines = csv.lines();
    let at = lines.next().expect("a header").split(',').position(|name| name == column).expect(column);
    lines.nth(row).expect("the row").split(',').nth(at).expect("the cell")
}

#[test]
fn results_and_curves_have_the_promised_columns_and_one_row_a_run() {
    let project = project();
    let (experiment, plan) = sweep(&project.root);
    let paths =
        report::write(&project.root, &experiment, &plan, &project.root.join("reports/made-up")).expect("a report");
    let csv = read(&paths.out.join("results.csv"));
    let header = csv.lines().next().expect("a header");
    assert!(header.starts_with(&format!("{COLUMNS},")), "{header}");
    assert_eq!(csv.lines().count(), 7, "six runs:\n{csv}");
    let states: Vec<&str> = (0..6).map(|row| cell(&csv, row, "state")).collect();
    assert_eq!(states, ["done", "done", "missing", "stale", "done", "failed"]);
    assert_eq!(cell(&csv, 3, "run"), "dddd", "the stale run with the most epochs");
    assert_eq!((cell(&csv, 3, "epochs"), cell(&csv, 3, "planned_epochs")), ("4", "10"));
    assert_eq!((cell(&csv, 2, "run"), cell(&csv, 2, "valid"), cell(&csv, 2, "gates_kept")), ("cccc", "", ""));
    assert_eq!((cell(&csv, 5, "epochs"), cell(&csv, 5, "test"), cell(&csv, 5, "metric")), ("0", "", "perplexity"));
    assert_eq!(cell(&csv, 0, "compression"), "1.0");
    assert_eq!(cell(&csv, 4, "inputs_kept"), "");
    let last = fixtures::epoch("W+G+N", 10, 10);
    let gates: u64 = last.counts.gates.iter().map(|gate| gate.kept).sum();
    assert_eq!(cell(&csv, 4, "gates_kept"), gates.to_string());
    assert_eq!(cell(&csv, 4, "gates_kept_f"), last.counts.gates[1].kept.to_string());
    assert_eq!(cell(&csv, 4, "valid").parse(), Ok(last.valid));

    let curves = read(&paths.out.join("curves.csv"));
    assert_eq!(curves.lines().next(), Some(CURVE_COLUMNS));
    assert_eq!(curves.lines().count(), 1 + 10 + 10 + 4 + 10);
    assert!(paths.notes.iter().any(|note| note.contains("One other stored run")), "{:?}", paths.notes);
}

#[test]
fn the_parquet_file_holds_the_same_as_the_csv() {
    let project = project();
    let (experiment, plan) = sweep(&project.root);
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let file = fs_err::File::open(paths.out.join("results.parquet")).expect("the file").into_file();
    let frame = ParquetReader::new(file).finish().expect("a frame");
    let csv = read(&paths.out.join("results.csv"));
    let names: Vec<&str> = csv.lines().next().expect("a header").split(',').collect();
    assert_eq!(frame.get_column_names().iter().map(|name| name.as_str()).collect::<Vec<_>>(), names);
    assert_eq!(frame.height(), 6);
    let valid = frame.column("valid").expect("valid").f64().expect("numbers");
    assert_eq!(valid.get(1), cell(&csv, 1, "valid").parse().ok());
    assert_eq!(valid.get(2), None, "never run");
}

#[test]
fn the_page_stands_alone_and_the_figures_are_there() {
    let project = project();
    let (mut experiment, plan) = sweep(&project.root);
    authors(&project.root, &mut experiment);
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    assert!(paths.warnings.is_empty(), "{:?}", paths.warnings);
    let page = read(&paths.index);
    for outside in ["src=", "<link", "@import", "url(", "xmlns"] {
        assert!(!page.contains(outside), "the page has {outside}");
    }
    assert_eq!(page.matches("<script").count(), 1, "only the one that sorts and filters tables");
    let links: Vec<&str> = page.match_indices("http").map(|(at, _)| &page[at..(at + 40).min(page.len())]).collect();
    assert_eq!(links.len(), 1, "only the link to the paper: {links:?}");
    assert_eq!(page.matches("<svg").count(), FIGURES.len());
    for figure in FIGURES {
        let svg = read(&paths.out.join(format!("{figure}.svg")));
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>") && svg.len() > 3000, "{figure}");
        let png = fs_err::read(paths.out.join(format!("{figure}.png"))).expect("a PNG file");
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.len() > 10_000, "{figure}: {} bytes", png.len());
        let width = u32::from_be_bytes([png[16], png[17], png[18], png[19]]);
        assert_eq!(width, 1640, "two pixels a logical pixel");
        assert!(page.contains(&format!("id=\"{figure}\"")) && page.contains(&format!("{figure}.png")), "{figure}");
    }
    for text in ["W+G+N", "Example CPU, 2 cores", "0123456789abcdef", "stale", "missing"] {
        assert!(page.contains(text), "the page lacks {text}");
    }
    let left: Vec<String> = fs_err::read_dir(&paths.out)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_same_runs_give_the_same_bytes() {
    let project = project();
    let (mut experiment, plan) = sweep(&project.root);
    authors(&project.root, &mut experiment);
    let first = report::write(&project.root, &experiment, &plan, &project.root.join("a")).expect("a report");
    let second = report::write(&project.root, &experiment, &plan, &project.root.join("b")).expect("a report");
    assert_eq!(first.files.len(), 6 + 2 * FIGURES.len());
    for (one, two) in first.files.iter().zip(&second.files) {
        assert_eq!(one.file_name(), two.file_name());
        assert!(fs_err::read(one).expect("read") == fs_err::read(two).expect("read"), "{one} differs");
    }
}

#[test]
fn one_point_on_two_backends_is_compared() {
    let project = project();
    let on = |level: &str, backend| RunSpec { backend, ..run_spec(level) };
    let tch = Backend::Tch { cuda: None };
    let runs = [("dense", Backend::Flex), ("dense", tch), ("W+G+N", tch), ("W+G+N", Backend::Flex)];
    let keys = ["aaaa", "bbbb", "cccc", "dddd"];
    for ((level, backend), key) in runs.iter().zip(keys) {
        store_run(&project.root, &on(level, *backend), key, 10, RunState::Done);
    }
    // The last epoch of one run deviates: its objective by far more than rounding.
    let file = project.root.join("runs/made-up/bbbb/metrics.jsonl");
    let mut lines: Vec<store::format::EpochMetrics> =
        read(&file).lines().map(|line| serde_json::from_str(line).expect("an epoch")).collect();
    lines[0].train_objective *= 1.0 + 3e-6;
    lines[9].train_objective *= 1.01;
    lines[9].valid *= 1.05;
    lines[9].counts.gates[0].kept -= 2;
    let text: String = lines.iter().map(|line| serde_json::to_string(line).expect("JSON") + "\n").collect();
    fs_err::write(&file, text).expect("written");
    let entries = runs.iter().zip(keys).map(|((level, backend), key)| (on(level, *backend), key, Status::Done));
    let plan = fixtures::plan(entries.collect());
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
    let dense = fixtures::plan(vec![(on("dense", Backend::Flex), "aaaa", Status::Done)]);
    let paths = report::write(&project.root, &experiment, &dense, &project.root.join("out")).expect("a report");
    assert!(!paths.out.join("backends.csv").exists() && !paths.out.join("backends.svg").exists());
    assert!(paths.notes.iter().all(|note| !note.contains("backends")), "{:?}", paths.notes);
}

fn claim(metric: &str, value: f64, tolerance: Tolerance) -> ValueClaim {
    ValueClaim { metric: metric.into(), value, tolerance, about: None }
}

fn only(level: &str) -> std::collections::BTreeMap<String, serde_json::Value> {
    [("sparsity".to_owned(), serde_json::Value::from(level))].into()
}

#[test]
fn claims_without_the_authors_logs_are_held_against_the_last_epoch() {
    let project = project();
    let (mut experiment, plan) = sweep(&project.root);
    let last = fixtures::epoch("W+G+N", 10, 10);
    let near = |x: f64| (x * 1000.0).round() / 1000.0;
    experiment.expect = vec![
        Expectation {
            r#where: Some(only("W+G+N")),
            claims: vec![
                claim("test.perplexity", near(last.test * 1.02), Tolerance::Relative(0.03)),
                claim("compression", near(last.counts.compression * 2.0), Tolerance::Absolute(0.5)),
                claim("gates.left", 3.0, Tolerance::Relative(0.1)),
            ],
            claim: None,
            seeds: None,
        },
        Expectation {
            r#where: Some(only("W+Voc")),
            claims: vec![claim("gates.kept", 500.0, Tolerance::Relative(0.1))],
            claim: None,
            seeds: None,
        },
        Expectation {
            r#where: Some(only("W+N")),
            claims: vec![claim("gates.kept", 500.0, Tolerance::Relative(0.1))],
            claim: None,
            seeds: None,
        },
        Expectation {
            r#where: None,
            claims: vec![],
            seeds: None,
            claim: Some(OrderClaim {
                less: ["W+G+N", "W"].map(|level| MetricRef { metric: "gates.kept".into(), r#where: only(level) }),
                about: None,
                authors: None,
            }),
        },
    ];
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let table = read(&paths.out.join("table.md"));
    let verdict = |start: &str| {
        let line = table.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start} in\n{table}"));
        line.split('|').map(str::trim).map(str::to_owned).collect::<Vec<_>>()
    };
    let of = |run: &str, quantity: &str| {
        let found = table
            .lines()
            .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
            .find(|cells| cells.len() > 3 && cells[1].starts_with(run) && cells[2] == quantity);
        found.unwrap_or_else(|| panic!("{run} {quantity} in\n{table}"))[3].to_owned()
    };
    assert_eq!(of("W+G+N", "test.perplexity"), "reproduced");
    assert_eq!(of("W+G+N", "compression"), "off");
    assert_eq!(of("W+G+N", "gates.left"), "not measured (unknown metric)");
    assert_eq!(of("W+Voc", "gates.kept"), "not measured (never run)");
    assert_eq!(of("W+N", "gates.kept"), "not measured (only a stale run is stored)");
    assert_eq!(verdict("| gates.kept: W+G+N < W")[2], "reproduced");
    assert!(paths.warnings.iter().any(|warning| warning.contains("gates.left")), "{:?}", paths.warnings);
}

#[test]
fn runs_shorter_than_the_authors_are_compared_at_their_own_epoch_only() {
    let project = project();
    let (mut experiment, plan) = sweep(&project.root);
    authors(&project.root, &mut experiment);
    let theirs = fixtures::epoch("W", 20, 20);
    let dense = fixtures::epoch("dense", 8, 20);
    let printed = |x: f64| (x * 100.0).round() / 100.0;
    experiment.expect = vec![
        Expectation {
            r#where: Some(only("W")),
            claims: vec![claim("test.perplexity", printed(theirs.test * 0.98), Tolerance::Relative(0.03))],
            claim: None,
            seeds: None,
        },
        Expectation {
            r#where: Some([("sparsity".to_owned(), "dense".into()), ("seed".to_owned(), 0.into())].into()),
            claims: vec![claim("test.perplexity", printed(dense.test * 0.98), Tolerance::Relative(0.5))],
            claim: None,
            seeds: None,
        },
    ];
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let table = read(&paths.out.join("table.md"));
    assert!(table.contains("not measured (10 of 20 epochs)"), "{table}");
    let section = table.split("## Against the published figures").nth(1).expect("the section");
    let line = section.lines().find(|line| line.starts_with("| W,") || line.starts_with("| W ")).expect("the claim");
    let then = fixtures::epoch("W", 10, 20).test * 0.98;
    assert!(line.contains(&format!("{then:.1}")), "the authors' value at our epoch, {then:.1}, in {line}");
    let line = section.lines().find(|line| line.starts_with("| dense")).expect("the claim");
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    assert_eq!((cells[5], cells[7]), ("8", "8"), "quoted and taken at the epoch where their log has it: {line}");
    assert_eq!(cells[3], "reproduced");
    assert!(table.contains("## At equal epochs"), "{table}");
    assert!(table.contains("| 10 of 20 |"), "{table}");
}

#[test]
fn nothing_stored_is_an_error_that_names_the_command() {
    let project = project();
    let plan = fixtures::plan(vec![(run_spec("W"), "bbbb", new())]);
    let experiment = experiment(&project.root, &[run_spec("W")]);
    let out = project.root.join("out");
    let error = report::write(&project.root, &experiment, &plan, &out).expect_err("nothing to report");
    assert!(error.to_string().contains("sparsegate run "), "{error}");
    assert!(!out.exists(), "no folder for nothing");
}

#[test]
fn a_corrupt_folder_is_named_and_skipped() {
    let project = project();
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
    let project = project();
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
    let project = project();
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
    let error = report::write(&project.root, &self::experiment(&project.root, &[]), &plan, &blocked.join("out"));
    assert!(error.expect_err("a file is in the way").to_string().contains("--out"));
}

/// A sweep over `model.cell`: three levels of a classifier with every cell, and two seeds of one of them.
fn classifiers(root: &Utf8Path) -> (Experiment, Plan) {
    let mut entries = Vec::new();
    for (c, cell) in cells::CELLS.iter().enumerate() {
        for (l, level) in ["dense", "W", "W+N", "W+G+N"].into_iter().enumerate() {
            for seed in 0..if level == "W+N" { 2 } else { 1 } {
                let run = text_fixtures::spec(level, spec::types::CellName(*cell), seed);
                let key = format!("{c}{l}{seed}");
                text_fixtures::store(root, &run, &key);
                entries.push((run, key));
            }
        }
    }
    let plan = fixtures::plan(entries.iter().map(|(run, key)| (run.clone(), key.as_str(), Status::Done)).collect());
    let runs: Vec<_> = plan.entries.iter().map(|entry| entry.spec.clone()).collect();
    let mut experiment = experiment(root, &runs);
    experiment.dataset = "planted-texts".into();
    (experiment, plan)
}

#[test]
fn classifiers_of_several_cells_are_told_apart() {
    let project = project();
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
    let project = project();
    let (experiment, plan) = classifiers(&project.root);
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let dense = text_fixtures::spec("dense", spec::types::CellName::default(), 0);
    let lines: Vec<_> = (1..=12).map(|n| text_fixtures::epoch(&dense, n)).collect();
    let best = lines.iter().max_by(|a, b| a.valid.total_cmp(&b.valid)).expect("epochs");
    assert!(best.epoch < 12, "it overfits");
    let svg = read(&paths.out.join("quality-compression.svg"));
    assert!(svg.contains("accuracy in % (higher is better)"), "{svg}");
}

#[test]
fn several_experiments_are_compared_across_tasks() {
    let project = project();
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
    let first = report::across(&project.root, &tasks, &project.root.join("a")).expect("a report");
    let names: Vec<&str> = first.files.iter().filter_map(|file| file.file_name()).collect();
    assert_eq!(names, ["gate-share.csv", "gate-share.png", "gate-share.svg", "index.html", "table.md"]);
    let csv = read(&first.out.join("gate-share.csv"));
    assert_eq!(csv.lines().next(), Some("task,dataset,cell,sparsity,kind,role,runs,units,live,share"));
    let line =
        |start: &str| csv.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start} in\n{csv}"));
    let two = line("texts,planted-texts,lstm,W+N,g,");
    assert!(two.contains(",flow,2,20,"), "seeds are added up: {two}");
    assert!(first.notes.iter().any(|note| note.starts_with("made-up: W+Voc")), "{:?}", first.notes);
    let second = report::across(&project.root, &tasks, &project.root.join("b")).expect("a report");
    for (one, two) in first.files.iter().zip(&second.files) {
        assert!(fs_err::read(one).expect("read") == fs_err::read(two).expect("read"), "{one} differs");
    }
    if let Ok(out) = std::env::var("REPORT_OUT") {
        report::across(&project.root, &tasks, &Utf8PathBuf::from(out).join("across")).expect("a report");
    }
}

/// Writes reports for visual inspection: `REPORT_OUT=/tmp/r cargo test --release --test report -- --ignored`.
#[test]
#[ignore = "writes a report to look at"]
fn a_report_to_look_at() {
    let project = project();
    let (mut experiment, plan) = sweep(&project.root);
    authors(&project.root, &mut experiment);
    experiment.expect = vec![Expectation {
        r#where: Some(only("W+G+N")),
        claims: vec![
            claim("test.perplexity", 116.47, Tolerance::Relative(0.03)),
            claim("gates.kept", 201.0, Tolerance::Relative(0.15)),
        ],
        claim: None,
        seeds: None,
    }];
    let out = std::env::var("REPORT_OUT").map_or_else(|_| project.root.join("out"), Utf8PathBuf::from);
    if let Ok(folder) = std::env::var("REPORT_AUTHORS") {
        let folder = Utf8PathBuf::from(folder);
        let figures = PublishedResults {
            final_values: folder.join("authors_final.csv"),
            curves: folder.join("authors_curves.csv"),
            task: "word-ptb".into(),
        };
        experiment.source = Some(PublishedSource { arxiv: Some("1812.05692".into()), authors: Some(figures) });
    }
    let paths = report::write(&project.root, &experiment, &plan, &out).expect("a report");
    println!("{}\n{:#?}", paths.index, paths.notes);

    // A wide report: three seeds of four levels, one epoch, no published figures.
    let wide = self::project();
    let mut entries = Vec::new();
    for (level, name) in [("dense", "a"), ("W", "b"), ("W+N", "c"), ("W+G+N", "d")] {
        for seed in 0..3 {
            let mut run = run_spec(level);
            (run.seed, run.train.epochs) = (seed, 1);
            let key = format!("{name}{seed}");
            store_run(&wide.root, &run, &key, 1, RunState::Done);
            entries.push((run, key));
        }
    }
    let plan = fixtures::plan(entries.iter().map(|(run, key)| (run.clone(), key.as_str(), Status::Done)).collect());
    let experiment = self::experiment(&wide.root, &[]);
    report::write(&wide.root, &experiment, &plan, &out.join("wide")).expect("a report");

    let texts = self::project();
    let (experiment, plan) = classifiers(&texts.root);
    report::write(&texts.root, &experiment, &plan, &out.join("texts")).expect("a report");
}
