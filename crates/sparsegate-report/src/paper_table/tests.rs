//! The table of the paper over rows whose numbers are known, and its LaTeX form in a real document.

use std::process::Command;

use super::{PaperTable, frame, grid, latex};
use crate::authors::{Authors, AuthorsEpoch, AuthorsLogs};
use crate::row_fixture::finished;
use crate::rows::{RowState, RunRow};
use sparsegate_core::EvaluationMetric;
use sparsegate_spec::types::CellName;
use sparsegate_testing::language_models as fixtures;

/// A finished run whose test metric is that of the fixture plus `shift` at every epoch.
fn row(level: &str, seed: u64, shift: f64) -> RunRow {
    let spec = sparsegate_spec::types::RunSpec { seed, ..fixtures::spec(level) };
    let mut metrics: Vec<_> = (1..=10).map(|n| fixtures::epoch(level, n, 10)).collect();
    for line in &mut metrics {
        line.test += shift;
    }
    if level == "dense" {
        // Overfitted after its fourth epoch.
        for line in &mut metrics[4..] {
            line.valid *= 3.0;
        }
    }
    RunRow { metrics: metrics.into(), ..finished(spec) }
}

fn logs() -> AuthorsLogs {
    let at = |level: &str, epoch: u32| {
        let counts = fixtures::epoch(level, epoch, 20).counts;
        AuthorsEpoch {
            sparsity: level.to_owned(),
            epoch,
            metric: Some(EvaluationMetric::Perplexity),
            train_objective: 1.0,
            // Best at epoch 8.
            valid: 100.0 + f64::from(epoch.abs_diff(8)),
            test: 90.0 + f64::from(epoch),
            compression: counts.compression,
            weights: 1,
            vocabulary: 9_973,
            vocabulary_total: 10_000,
            inputs: None,
            neurons: 117,
            neurons_total: 256,
            gates: 201,
            gates_total: 1024,
        }
    };
    let curves: Vec<AuthorsEpoch> =
        ["dense", "W+G+N"].iter().flat_map(|level| (1..=20).map(|n| at(level, n)).collect::<Vec<_>>()).collect();
    AuthorsLogs { last: curves.iter().filter(|point| point.epoch == 20).cloned().collect(), curves }
}

fn runs() -> Vec<RunRow> {
    let seeds = [(0, -1.0), (1, 0.0), (2, 4.0)];
    let mut rows: Vec<RunRow> =
        ["dense", "W+G+N"].iter().flat_map(|level| seeds.map(|(seed, shift)| row(level, seed, shift))).collect();
    let mut collapsed = row("W_N & b", 0, 0.0);
    collapsed.state = RowState::Interrupted;
    rows.push(collapsed);
    rows
}

fn authors() -> Authors {
    Authors::of_every_task(logs())
}

#[test]
fn ours_is_a_mean_over_seeds_beside_the_epoch_that_the_paper_quotes() {
    let rows = runs();
    let table = PaperTable::of(&[("word-ptb", &rows)], &authors());
    assert!(table.has_authors && !table.has_cells && table.is_comparison());
    let titles: Vec<&str> = table.quantities.iter().map(|quantity| quantity.title).collect();
    assert_eq!(titles, ["quality", "compression", "vocabulary", "hidden units", "gates"], "no embedding, no column");

    let quality = table.rows[1].pairs[0].ours.expect("three runs");
    let mean = fixtures::epoch("W+G+N", 10, 10).test + 1.0;
    assert!((quality.mean - mean).abs() < 1e-9, "{quality:?} {mean}");
    assert!((quality.sd.expect("three runs") - 7f64.sqrt()).abs() < 1e-9, "of -1, 0 and 4: {quality:?}");
    assert_eq!(table.rows[1].pairs[0].theirs, Some(110.0), "their last epoch");
    let dense = table.rows[0].pairs[0];
    let best = fixtures::epoch("dense", 4, 10).test + 1.0;
    assert!((dense.ours.expect("three runs").mean - best).abs() < 1e-9, "our best epoch: {dense:?} {best}");
    assert_eq!(dense.theirs, Some(98.0), "their best epoch");

    let grid = grid(&table).expect("rows");
    let heads: Vec<&str> = grid.columns.iter().map(|head| head.text.as_str()).collect();
    assert_eq!(heads[..7], ["task", "metric", "level", "n", "quality", "authors: quality", "compression"]);
    assert_eq!(grid.rows[1][..4], ["word-ptb", "perplexity", "W+G+N", "3"]);
    assert_eq!(grid.rows[1][4], format!("{mean:.1} ± 2.6"));
    assert_eq!(grid.rows[1][5], "110");
    assert_eq!(grid.rows[2][2], "W_N & b (interrupted)", "an unfinished run stands alone");
    assert_eq!(grid.rows[2][5], "", "a level that the authors have not trained");
}

#[test]
fn the_csv_has_unrounded_numbers() {
    let rows = runs();
    let table = PaperTable::of(&[("word-ptb", &rows)], &authors());
    let mut frame = frame(&table).expect("a frame");
    let names: Vec<&str> = frame.get_column_names().iter().map(|name| name.as_str()).collect();
    let start = ["task", "dataset", "metric", "cell", "sparsity", "point", "state", "n", "test_mean", "test_sd"];
    assert_eq!(names[..10], start);
    let sd = frame.column("test_sd").expect("a column").f64().expect("numbers").get(1).expect("a value");
    assert!((sd - 7f64.sqrt()).abs() < 1e-12, "{sd}");
    let csv = String::from_utf8(crate::frames::csv(&mut frame).expect("CSV")).expect("text");
    assert_eq!(csv.lines().count(), 4, "{csv}");
}

#[test]
fn without_the_authors_there_is_one_column_a_quantity() {
    let mut rows = runs();
    rows[0].spec.model.cell = CellName::default();
    let table = PaperTable::of(&[("a", &rows[..3]), ("b", &rows[3..])], &Authors::default());
    assert!(!table.has_authors && table.is_comparison(), "two tasks");
    let text = latex(&table, "made_up");
    assert!(text.contains("\\label{tab:made-up}") && !text.contains("cmidrule"), "{text}");
    assert_eq!(text.matches("\\midrule").count(), 2, "one rule a task: {text}");
    assert!(!PaperTable::of(&[("a", &rows)], &Authors::default()).is_comparison());
}

/// Compiles the table with `pdflatex`. Without it, the test says so and passes.
#[test]
fn the_latex_table_compiles() {
    let rows = runs();
    let table = latex(&PaperTable::of(&[("word_ptb", &rows)], &authors()), "word_ptb");
    assert!(table.contains("W\\_N \\& b") && table.contains("$\\pm$"), "{table}");
    let known = Command::new("pdflatex").arg("--version").output().is_ok_and(|answer| answer.status.success());
    if !known {
        println!("the_latex_table_compiles: skipped, no pdflatex");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let document = format!(
        "\\documentclass[twocolumn]{{article}}\n\\usepackage{{booktabs}}\n\\begin{{document}}\n{table}\\end{{document}}\n"
    );
    fs_err::write(folder.path().join("table.tex"), document).expect("written");
    let answer = Command::new("pdflatex")
        .args(["-halt-on-error", "-interaction=nonstopmode", "table.tex"])
        .current_dir(folder.path())
        .output()
        .expect("started");
    let log = String::from_utf8_lossy(&answer.stdout).into_owned();
    // A missing package is a lack of this machine's TeX.
    if log.contains("booktabs.sty' not found") {
        println!("the_latex_table_compiles: skipped, no package booktabs");
        return;
    }
    assert!(answer.status.success() && folder.path().join("table.pdf").exists(), "{log}");
    assert!(!log.contains("Overfull \\hbox"), "the table is wider than the page: {log}");
}
