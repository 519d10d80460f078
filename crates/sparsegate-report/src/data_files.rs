//! The files with a report's numbers: frames as CSV and Parquet, and the table of the paper.

use polars::prelude::{DataFrame, PolarsResult};

use super::paper_table::{self, PaperTable};
use super::rows::{RunRow, RunRows};
use super::staging::Staging;
use super::{ReportError, class_frames, drift, frames, markdown, points, speedup, summary};

/// Adds the files to a report and returns the names of those that its page links to. Files that do not apply to the
/// experiment are left out, and those of an earlier report removed.
///
/// # Errors
/// A table cannot be encoded, or a file cannot be written.
pub fn put(
    experiment: &str,
    found: &RunRows,
    paper: &PaperTable<'_>,
    staging: &mut Staging<'_>,
) -> Result<Vec<&'static str>, ReportError> {
    let mut names = vec!["results.csv", "results.parquet"];
    let mut results = encoded("results.csv", frames::results(experiment, &found.rows, &found.varying))?;
    put_csv("results.csv", &mut results, staging)?;
    put_parquet("results.parquet", &mut results, staging)?;
    if points::any_pooled(&found.rows) {
        let mut summary = encoded("summary.csv", summary::summary(&results, &found.varying))?;
        put_csv("summary.csv", &mut summary, staging)?;
        put_parquet("summary.parquet", &mut summary, staging)?;
        names.push("summary.csv");
    } else {
        staging.remove_file("summary.csv");
        staging.remove_file("summary.parquet");
    }
    put_csv("curves.csv", &mut encoded("curves.csv", frames::curves(&found.rows))?, staging)?;
    put_gates(&found.rows, staging)?;
    names.extend(["curves.csv", "gate-structure.csv"]);

    let drifts = drift::drifts(&found.rows);
    if drifts.is_empty() {
        staging.remove_file("backends.csv");
    } else {
        put_csv("backends.csv", &mut encoded("backends.csv", frames::backends(&drifts))?, staging)?;
        names.push("backends.csv");
    }
    let speedups = speedup::speedups(&found.rows);
    if speedups.is_empty() {
        staging.remove_file("speed.csv");
    } else {
        put_csv("speed.csv", &mut encoded("speed.csv", frames::speed(&speedups))?, staging)?;
        names.push("speed.csv");
    }
    let by_class = ["classes.csv", "confusion.csv", "class-words.csv"];
    if let Some(mut classes) = encoded(by_class[0], class_frames::classes(&found.rows))? {
        put_csv(by_class[0], &mut classes, staging)?;
        put_csv(by_class[1], &mut encoded(by_class[1], class_frames::confusion(&found.rows))?, staging)?;
        put_csv(by_class[2], &mut encoded(by_class[2], class_frames::words(&found.rows))?, staging)?;
        names.extend(by_class);
    } else {
        for name in by_class {
            staging.remove_file(name);
        }
    }
    put_paper(experiment, paper, staging)?;
    names.extend(["paper-table.csv", "paper-table.md", "paper-table.tex", "table.md"]);
    Ok(names)
}

/// Runs whose gates are in memory at once.
const RUNS: usize = 200;

/// Adds `gate-structure.csv`, which has a row for each gate: a million rows for two thousand runs of a language model.
fn put_gates(rows: &[RunRow], staging: &mut Staging<'_>) -> Result<(), ReportError> {
    const NAME: &str = "gate-structure.csv";
    let piece = |(index, rows): (usize, &[RunRow])| {
        let mut frame = encoded(NAME, frames::gates(rows))?;
        let bytes = frames::csv(&mut frame).map_err(ReportError::encode(NAME))?;
        // Only the first piece has the header.
        let header = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        Ok(if index == 0 { bytes } else { bytes[header..].to_vec() })
    };
    let none: &[RunRow] = &[];
    let chunks: Vec<&[RunRow]> = if rows.is_empty() { vec![none] } else { rows.chunks(RUNS).collect() };
    staging.put_pieces(NAME, chunks.into_iter().enumerate().map(piece))
}

/// Adds the table of the paper as CSV, Markdown and LaTeX.
fn put_paper(experiment: &str, paper: &PaperTable<'_>, staging: &mut Staging<'_>) -> Result<(), ReportError> {
    let mut frame = encoded("paper-table.csv", paper_table::frame(paper))?;
    put_csv("paper-table.csv", &mut frame, staging)?;
    let grid = paper_table::grid(paper).map_or_else(String::new, |grid| markdown::table(&grid));
    staging.put("paper-table.md", format!("{grid}\n{}\n", paper_table::CAPTION).as_bytes())?;
    staging.put("paper-table.tex", paper_table::latex(paper, experiment).as_bytes())
}

fn encoded<T>(name: &str, frame: PolarsResult<T>) -> Result<T, ReportError> {
    frame.map_err(ReportError::encode(name))
}

fn put_csv(name: &str, frame: &mut DataFrame, staging: &mut Staging<'_>) -> Result<(), ReportError> {
    staging.put(name, &frames::csv(frame).map_err(ReportError::encode(name))?)
}

fn put_parquet(name: &str, frame: &mut DataFrame, staging: &mut Staging<'_>) -> Result<(), ReportError> {
    staging.put(name, &frames::parquet(frame).map_err(ReportError::encode(name))?)
}
