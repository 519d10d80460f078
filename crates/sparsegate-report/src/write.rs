//! Writes an experiment's report.

use camino::{Utf8Path, Utf8PathBuf};

use sparsegate_spec::{Experiment, VaryingKeys};
use sparsegate_store::plan::Plan;

use super::authors::Authors;
use super::compare::{Comparison, compare};
use super::figures::{self, FigureData};
use super::grid::TableData;
use super::html::{FigureHtml, Page, PagePart};
use super::rows::RunRows;
use super::staging::Staging;
use super::{ReportError, drift, frames, markdown, points, rows, speedup, summary, tables};

/// Name of the page in which the compact models run.
const EXPLORER: &str = "explore.html";

/// A written report.
#[derive(Debug, Clone)]
pub struct WrittenReport {
    /// Its folder.
    pub out: Utf8PathBuf,
    /// Path of the HTML page.
    pub index: Utf8PathBuf,
    /// Paths of all files, sorted.
    pub files: Vec<Utf8PathBuf>,
    /// Run folders that cannot be read and claims about unknown metrics, one sentence each.
    pub warnings: Vec<String>,
    /// Stale, missing, failed and unfinished runs and figures left out, one sentence each; includes the warnings.
    pub notes: Vec<String>,
    /// The main table, for the terminal: one row a point if a point has several finished seeds, otherwise one row a run.
    pub table: TableData,
}

/// Writes the report of `experiment` into the folder `out` from the runs stored under `root`.
///
/// The files are `results.csv` and `.parquet`, `summary.csv` and `.parquet` if a point has several finished seeds, `curves.csv`, `gate-structure.csv`, `backends.csv` if a point was
/// trained on several backends, `speed.csv` if compact models were timed, `table.md`, `index.html`, and each figure as
/// `.svg` and `.png`. With several tasks (or data sets), tables and figures are made for each of them, and its name
/// ends the figures' names: metrics of different tasks are never in one figure.
///
/// The same stored runs give the same bytes. Files are written to a temporary folder inside `out`
/// and then renamed one by one, the page last; other files in `out` are left alone.
///
/// # Errors
/// No planned run is stored; the authors' figures are unreadable; `out` is not writable. A run folder that cannot be
/// read is not an error: it is named in the warnings.
pub fn write(
    root: &Utf8Path,
    experiment: &Experiment,
    plan: &Plan,
    out: &Utf8Path,
) -> Result<WrittenReport, ReportError> {
    write_with_explorer(root, experiment, plan, out, None)
}

/// As [`write`](fn@write), with a further page `explore.html` of this content, to which `index.html` links.
///
/// # Errors
/// As [`write`](fn@write).
pub fn write_with_explorer(
    root: &Utf8Path,
    experiment: &Experiment,
    plan: &Plan,
    out: &Utf8Path,
    explorer: Option<&str>,
) -> Result<WrittenReport, ReportError> {
    let mut found = rows::collect(root, experiment, plan)?;
    if found.is_empty() {
        let (root, spec) = (root.to_owned(), experiment.file.clone());
        return Err(ReportError::NothingStored { experiment: experiment.name.clone(), root, spec });
    }
    let authors = Authors::load(experiment)?;
    let comparison = compare(experiment, &mut found, &authors);

    let mut staging = Staging::new(out)?;
    let mut results =
        frames::results(&experiment.name, &found.rows, &found.varying).map_err(ReportError::encode("results.csv"))?;
    staging.put("results.csv", &frames::csv(&mut results).map_err(ReportError::encode("results.csv"))?)?;
    staging.put("results.parquet", &frames::parquet(&mut results).map_err(ReportError::encode("results.parquet"))?)?;
    if points::any_pooled(&found.rows) {
        let name = "summary.csv";
        let mut summary = summary::summary(&results, &found.varying).map_err(ReportError::encode(name))?;
        staging.put(name, &frames::csv(&mut summary).map_err(ReportError::encode(name))?)?;
        let name = "summary.parquet";
        staging.put(name, &frames::parquet(&mut summary).map_err(ReportError::encode(name))?)?;
    } else {
        staging.remove_file("summary.csv");
        staging.remove_file("summary.parquet");
    }
    let mut curves = frames::curves(&found.rows).map_err(ReportError::encode("curves.csv"))?;
    staging.put("curves.csv", &frames::csv(&mut curves).map_err(ReportError::encode("curves.csv"))?)?;
    let mut gates = frames::gates(&found.rows).map_err(ReportError::encode("gate-structure.csv"))?;
    staging.put("gate-structure.csv", &frames::csv(&mut gates).map_err(ReportError::encode("gate-structure.csv"))?)?;

    let drifts = drift::drifts(&found.rows);
    if drifts.is_empty() {
        staging.remove_file("backends.csv");
    } else {
        let mut backends = frames::backends(&drifts).map_err(ReportError::encode("backends.csv"))?;
        staging.put("backends.csv", &frames::csv(&mut backends).map_err(ReportError::encode("backends.csv"))?)?;
    }

    let speedups = speedup::speedups(&found.rows);
    if speedups.is_empty() {
        staging.remove_file("speed.csv");
    } else {
        let mut speed = frames::speed(&speedups).map_err(ReportError::encode("speed.csv"))?;
        staging.put("speed.csv", &frames::csv(&mut speed).map_err(ReportError::encode("speed.csv"))?)?;
    }

    let parts = parts(experiment, plan, &found);
    let several = parts.len() > 1;
    if several {
        for name in figure_names() {
            staging.remove_figure(&name);
        }
    }
    let parts = parts
        .into_iter()
        .map(|mut part| {
            draw(&mut part, several, &authors, &mut staging)?;
            Ok(part)
        })
        .collect::<Result<Vec<PagePart>, ReportError>>()?;
    match explorer {
        Some(html) => staging.put(EXPLORER, html.as_bytes())?,
        None => staging.remove_file(EXPLORER),
    }
    let page = Page {
        experiment,
        found: &found,
        comparison: &comparison,
        parts: &parts,
        explorer: explorer.map(|_| EXPLORER),
    };
    staging.put("table.md", markdown::report(&page).as_bytes())?;
    staging.put("index.html", page.render().as_bytes())?;
    let files = staging.commit()?;
    Ok(WrittenReport {
        out: out.to_owned(),
        index: out.join("index.html"),
        files,
        notes: page.notes(),
        table: tables::over_seeds(&found.rows).unwrap_or_else(|| tables::results(&found.rows)),
        warnings: found.warnings,
    })
}

/// The parts of a report without their figures. An experiment with one part is that part.
fn parts(experiment: &Experiment, plan: &Plan, found: &RunRows) -> Vec<PagePart> {
    let mut names: Vec<&str> = Vec::new();
    for entry in &plan.entries {
        if !names.contains(&entry.spec.part()) {
            names.push(entry.spec.part());
        }
    }
    let several = names.len() > 1;
    let part = |name: &str| {
        let found = if several { found.part(plan, name) } else { found.clone() };
        let first = plan.entries.iter().find(|entry| entry.spec.part() == name);
        PagePart {
            name: name.to_owned(),
            about: experiment.task(name).and_then(|task| task.about.clone()),
            dataset: first.map_or_else(|| experiment.dataset.clone(), |entry| entry.spec.dataset.clone()),
            found,
            figures: Vec::new(),
            skipped: Vec::new(),
        }
    };
    names.into_iter().map(part).collect()
}

/// Names of all figures that a report may have.
fn figure_names() -> Vec<String> {
    let none = VaryingKeys::default();
    let fixed = figures::all(FigureData { rows: &[], varying: &none, authors: None });
    fixed.iter().map(|figure| figure.name().to_owned()).chain(figures::over::all_names()).collect()
}

/// Draws the figures of a part. Among several parts, its name ends their names.
fn draw(part: &mut PagePart, several: bool, authors: &Authors, staging: &mut Staging<'_>) -> Result<(), ReportError> {
    let file = |name: &str| if several { format!("{name}-{}", part.name) } else { name.to_owned() };
    let authors = part.found.rows.first().and_then(|row| authors.of(&row.spec));
    let data = FigureData { rows: &part.found.rows, varying: &part.found.varying, authors };
    let all = figures::all(data);
    for name in figures::over::all_names().iter().filter(|name| all.iter().all(|figure| figure.name() != *name)) {
        staging.remove_figure(&file(name));
    }
    let (mut drawn, mut skipped) = (Vec::new(), Vec::new());
    for figure in &all {
        let name = file(figure.name());
        if !figure.applies(data) {
            staging.remove_figure(&name);
            continue;
        }
        match figure.draw(data) {
            Err(reason) => {
                staging.remove_figure(&name);
                skipped.push((name, reason.0));
            }
            Ok(picture) => {
                let svg = staging.draw(&name, &picture)?;
                drawn.push(FigureHtml { name, svg, caption: picture.caption });
            }
        }
    }
    (part.figures, part.skipped) = (drawn, skipped);
    Ok(())
}

/// Compares the runs stored under `root` with the experiment's claims. Also returns warnings about folders that cannot
/// be read and claims about unknown metrics. Writes nothing.
///
/// # Errors
/// The runs cannot be listed; the authors' figures are unreadable.
pub fn check(root: &Utf8Path, experiment: &Experiment, plan: &Plan) -> Result<(Comparison, Vec<String>), ReportError> {
    let mut found = rows::collect(root, experiment, plan)?;
    let authors = Authors::load(experiment)?;
    let comparison = compare(experiment, &mut found, &authors);
    Ok((comparison, found.warnings))
}
