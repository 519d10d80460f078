//! Reports over fixture run folders: the files and their contents, and unusual or damaged run folders.

mod backends;
mod cells;
mod claims;
mod damage;
mod efficiency;
mod epoch_seconds;
mod look;
mod print;
mod values;

use camino::Utf8Path;
use polars::prelude::*;
use sparsegate_report as report;
use sparsegate_spec::{Experiment, PublishedResults, PublishedSource};
use sparsegate_store::format::RunState;
use sparsegate_store::plan::{Plan, Status};
use sparsegate_testing::language_models::{experiment, spec as run_spec, store as store_run};
use sparsegate_testing::{Project, language_models};

const FIGURES: [&str; 5] = ["quality-compression", "gates-by-kind", "gate-structure", "sizes", "curves"];

const COLUMNS: &str = "experiment,run,dataset,cell,sparsity,seed,backend,state,epochs,metric,valid,test,compression,weights_kept,\
                       weights_total,vocabulary_kept,inputs_kept,neurons_kept,neurons_total,gates_kept,gates_total,train_seconds";

const CURVE_COLUMNS: &str = "run,epoch,train_objective,valid,test,compression,gates_kept,neurons_kept,trained_share";

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
    let plan = language_models::plan(vec![
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
            let line = language_models::epoch(level, n, 20);
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
    let project = Project::new();
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
    let last = language_models::epoch("W+G+N", 10, 10);
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
    let project = Project::new();
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
    let project = Project::new();
    let (mut experiment, plan) = sweep(&project.root);
    authors(&project.root, &mut experiment);
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    assert!(paths.warnings.is_empty(), "{:?}", paths.warnings);
    let page = read(&paths.index);
    for outside in ["src=", "<link", "@import", "url(", "xmlns"] {
        assert!(!page.contains(outside), "the page has {outside}");
    }
    assert_eq!(page.matches("<script type=\"module\">").count(), 3, "only those of tables, legends and values");
    assert_eq!(page.matches("<script").count(), 3 + FIGURES.len(), "and the values of each figure");
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
    let project = Project::new();
    let (mut experiment, plan) = sweep(&project.root);
    authors(&project.root, &mut experiment);
    let first = report::write(&project.root, &experiment, &plan, &project.root.join("a")).expect("a report");
    let second = report::write(&project.root, &experiment, &plan, &project.root.join("b")).expect("a report");
    assert_eq!(first.files.len(), 9 + 2 * FIGURES.len());
    for (one, two) in first.files.iter().zip(&second.files) {
        assert_eq!(one.file_name(), two.file_name());
        assert!(fs_err::read(one).expect("read") == fs_err::read(two).expect("read"), "{one} differs");
    }
}
