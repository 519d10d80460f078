//! Writes an experiment's report.

use camino::{Utf8Path, Utf8PathBuf};

use sparsegate_spec::{Experiment, VaryingKeys};
use sparsegate_store::plan::Plan;

use super::across::{self, GateShares};
use super::authors::Authors;
use super::compare::{Comparison, compare};
use super::figure_width::FigureWidth;
use super::figures::{self, FigureData, gate_share};
use super::grid::TableData;
use super::html::{Page, PagePart};
use super::live_gates::{self, LiveGates};
use super::paper_table::PaperTable;
use super::reload::reloading;
use super::rows::{RunRow, RunRows};
use super::staging::Staging;
use super::{ReportError, data_files, markdown, rows, style, tables};

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
    /// The main table, for the terminal: one row a point if a point has several finished seeds, otherwise one row a
    /// run.
    pub table: TableData,
}

/// Writes the report of `experiment` into the folder `out` from the runs stored under `root`.
///
/// The files are `results.csv` and `.parquet`, `summary.csv` and `.parquet` if a point has several finished seeds,
/// `curves.csv`, `gate-structure.csv`, `backends.csv` if a point was trained on several backends, `speed.csv` if
/// compact models were timed, `paper-table.csv`, `.md` and `.tex`, `table.md`, `index.html`, and each figure as `.svg`
/// and `.png`. With several tasks (or data sets), tables and figures are made for each of them, and its name ends the
/// figures' names: metrics of different tasks are never in one figure. Fractions of live gates, which compare tasks,
/// are in `gate-share.csv` and the figure of this name.
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
    write_with(root, experiment, plan, out, ReportOptions::default())
}

/// What a report has besides its usual files.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReportOptions<'a> {
    /// Every figure also laid out for print at this width, as `NAME-print.svg`, `.pdf` and `.png`.
    pub figure_width: Option<FigureWidth>,
    /// Content of a further page `explore.html`, in which the compact models run; `index.html` links to it.
    pub explorer: Option<&'a str>,
    /// Lets the browser read the page again after so many seconds: for runs that are still training.
    pub reload_every: Option<u64>,
}

/// Like [`write`](fn@write), with further files.
///
/// # Errors
/// As [`write`](fn@write).
pub fn write_with(
    root: &Utf8Path,
    experiment: &Experiment,
    plan: &Plan,
    out: &Utf8Path,
    options: ReportOptions<'_>,
) -> Result<WrittenReport, ReportError> {
    let mut found = rows::collect(root, experiment, plan)?;
    if found.is_empty() {
        let (root, spec) = (root.to_owned(), experiment.file.clone());
        return Err(ReportError::NothingStored { experiment: experiment.name.clone(), root, spec });
    }
    let authors = Authors::load(experiment)?;
    let comparison = compare(experiment, &mut found, &authors);

    let mut staging = Staging::new(out)?;
    let parts = parts(experiment, plan, &found);
    let named: Vec<(&str, &[RunRow])> =
        parts.iter().map(|part| (part.name.as_str(), part.found.rows.as_slice())).collect();
    let paper = PaperTable::of(&named, &authors);
    let data_files = data_files::put(&experiment.name, &found, &paper, &mut staging)?;
    let several = parts.len() > 1;
    remove_other_figures(experiment, &named, &mut staging);
    across::remove(&mut staging);
    let shares = several
        .then(|| {
            let shares: Vec<LiveGates> =
                named.iter().flat_map(|(name, rows)| live_gates::of_task(name, rows)).collect();
            GateShares::put(&shares, &mut staging, options)
        })
        .transpose()?;
    let drawn = parts
        .iter()
        .map(|part| {
            let mut part = part.clone();
            draw(&mut part, several, &authors, &mut staging, options)?;
            Ok(part)
        })
        .collect::<Result<Vec<PagePart>, ReportError>>()?;
    match options.explorer {
        Some(html) => staging.put(EXPLORER, html.as_bytes())?,
        None => staging.remove_file(EXPLORER),
    }
    let page = Page {
        experiment,
        found: &found,
        comparison: &comparison,
        parts: &drawn,
        paper: &paper,
        shares: shares.as_ref(),
        files: &data_files,
        explorer: options.explorer.map(|_| EXPLORER),
    };
    staging.put("table.md", markdown::report(&page).as_bytes())?;
    staging.put("index.html", reloading(page.render(), options.reload_every).as_bytes())?;
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
    let fixed = figures::all(FigureData { rows: &[], varying: &none, authors: None, width: style::WIDTH });
    fixed.iter().map(|figure| figure.name().to_owned()).chain(figures::over::all_names()).collect()
}

/// Marks the figures of an earlier report that this one does not replace: those of tasks that `--only` leaves out, and
/// those whose names do or do not end in a task's.
fn remove_other_figures(experiment: &Experiment, parts: &[(&str, &[RunRow])], staging: &mut Staging<'_>) {
    let several = parts.len() > 1;
    let known = experiment.tasks.iter().map(|task| task.name.as_str()).chain(experiment.parts());
    let others: Vec<&str> = known.filter(|name| !several || parts.iter().all(|(part, _)| part != name)).collect();
    for figure in figure_names() {
        if several {
            staging.remove_figure(&figure);
        }
        for other in &others {
            staging.remove_figure(&format!("{figure}-{other}"));
        }
    }
    if !several {
        staging.remove_figure(gate_share::NAME);
        staging.remove_file("gate-share.csv");
    }
}

/// Draws the figures of a part. Among several parts, its name ends their names.
fn draw(
    part: &mut PagePart,
    several: bool,
    authors: &Authors,
    staging: &mut Staging<'_>,
    options: ReportOptions<'_>,
) -> Result<(), ReportError> {
    let file = |name: &str| if several { format!("{name}-{}", part.name) } else { name.to_owned() };
    let authors = part.found.rows.first().and_then(|row| authors.of(&row.spec));
    let data = FigureData { rows: &part.found.rows, varying: &part.found.varying, authors, width: style::WIDTH };
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
        let sample = figures::sample(data.rows, figure.most());
        let sampled = sample.as_ref().map_or(data, |(rows, _)| FigureData { rows, ..data });
        match figure.draw(sampled) {
            Err(reason) => {
                staging.remove_figure(&name);
                skipped.push((name, reason.0));
            }
            Ok(picture) => {
                let printed = options.figure_width.and_then(|width| {
                    let data = FigureData { width: width.pixels(), ..sampled };
                    Some((width, figure.draw(data).ok()?))
                });
                let mut shown = staging.draw(&name, picture, printed)?;
                shown.caption.push_str(sample.as_ref().map_or("", |(_, note)| note));
                drawn.push(shown);
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
