//! The report across several experiments: how the structure of gate sparsity depends on the task.

use camino::Utf8Path;
use maud::html;

use sparsegate_spec::Experiment;
use sparsegate_store::plan::Plan;

use super::figures::gate_share;
use super::grid::TableData;
use super::html::{FigureHtml, Section, document, figure, section};
use super::live_gates::{self, LiveGates};
use super::notes::notes;
use super::reload::reloading;
use super::staging::Staging;
use super::style;
use super::write::{ReportOptions, WrittenReport};
use super::{ReportError, frames, markdown, rows};

/// An experiment and its plan.
#[derive(Debug, Clone, Copy)]
pub struct PlannedExperiment<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Its plan.
    pub plan: &'a Plan,
}

const TITLE: &str = "Across tasks";
const ABOUT: &str = "How the structure of gate sparsity differs from task to task";
const SECTION: &str = "Shares of live gates";
const NOTE: &str = "Counts are over the hidden units that survive after the last finished epoch, summed over seeds. A gate is \
                    live if it depends on the input or the state; the other gates are constants.";

/// Fractions of live gates by task: what a page shows of them.
#[derive(Debug, Clone)]
pub struct GateShares {
    /// The table.
    pub section: Section,
    /// The figure.
    pub figure: Option<FigureHtml>,
    /// Why there is no figure.
    pub skipped: Option<String>,
}

impl GateShares {
    /// Adds `gate-share.csv` and the figure to a report's files.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn put(
        found: &[LiveGates],
        staging: &mut Staging<'_>,
        options: ReportOptions<'_>,
    ) -> Result<Self, ReportError> {
        const FILE: &str = "gate-share.csv";
        let mut frame = live_gates::frame(found).map_err(ReportError::encode(FILE))?;
        staging.put(FILE, &frames::csv(&mut frame).map_err(ReportError::encode(FILE))?)?;
        let (figure, skipped) = match gate_share::draw(found, style::WIDTH) {
            Err(reason) => {
                staging.remove_figure(gate_share::NAME);
                (None, Some(reason.0))
            }
            Ok(picture) => {
                let printed =
                    options.figure_width.and_then(|width| Some((width, gate_share::draw(found, width.pixels()).ok()?)));
                (Some(staging.draw(gate_share::NAME, picture, printed)?), None)
            }
        };
        let grid = live_gates::grid(found).unwrap_or_else(empty);
        Ok(Self { section: Section::new(SECTION, NOTE, [grid]), figure, skipped })
    }
}

/// The table without rows.
fn empty() -> TableData {
    TableData::new(&["task", "cell", "level", "live gates"], &["units kept", "runs"])
}

/// Marks an earlier report across tasks in this report's folder as absent: there is one in the folder of several reports,
/// which may since have become that of a single one.
pub(super) fn remove(staging: &mut Staging<'_>) {
    let figure =
        [".svg", ".png", "-print.svg", "-print.pdf", "-print.png"].map(|end| format!("{}{end}", gate_share::NAME));
    let others = ["index.html", "table.md", "gate-share.csv"].map(str::to_owned);
    staging.remove_folder("across-tasks", others.into_iter().chain(figure));
}

/// Writes `index.html`, `table.md`, `gate-share.csv`, `.svg` and `.png` into the folder `out`, from the runs stored
/// under `root`.
///
/// They show, for each task, cell and sparsity level, the fraction of the kept units' gates of each kind that depend on
/// the input or the state. Tasks appear in the given order. The same stored runs give the same bytes.
///
/// # Errors
/// An experiment's runs cannot be listed, or `out` is not writable.
pub fn across(
    root: &Utf8Path,
    tasks: &[PlannedExperiment<'_>],
    out: &Utf8Path,
    options: ReportOptions<'_>,
) -> Result<WrittenReport, ReportError> {
    let (mut found, mut all_notes, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    let mut names: Vec<String> = Vec::new();
    for task in tasks {
        let name = &task.experiment.name;
        let rows = rows::collect(root, task.experiment, task.plan)?;
        let parts = task.experiment.parts();
        if parts.len() > 1 {
            for part in parts {
                let shown = if tasks.len() > 1 { format!("{name}: {part}") } else { part.to_owned() };
                found.extend(live_gates::of_task(&shown, &rows.part(task.plan, part).rows));
                names.push(shown);
            }
        } else {
            found.extend(live_gates::of_task(name, &rows.rows));
            names.push(name.clone());
        }
        all_notes.extend(notes(&rows).into_iter().map(|note| format!("{name}: {note}")));
        warnings.extend(rows.warnings);
    }
    let mut staging = Staging::new(out)?;
    let shares = GateShares::put(&found, &mut staging, options)?;
    all_notes.extend(shares.skipped.iter().map(|reason| format!("Figure {} is left out: {reason}.", gate_share::NAME)));
    let drawn = &shares.figure;
    let sections = [shares.section.clone()];
    staging.put("table.md", markdown::document(TITLE, Some(ABOUT), &sections, &all_notes).as_bytes())?;
    let body = html! {
        header {
            h1 { (TITLE) }
            p.about { (ABOUT) }
            p.facts {
                (names.len()) " tasks: "
                @for (index, name) in names.iter().enumerate() {
                    @if index > 0 { ", " }
                    b { (name) }
                }
                ". Numbers: " a href="gate-share.csv" { "gate-share.csv" } ", " a href="table.md" { "table.md" } "."
            }
        }
        main {
            @if let Some(drawn) = drawn { (figure(drawn)) }
            @for one in &sections { (section(one, &all_notes)) }
        }
    };
    staging.put("index.html", reloading(document(TITLE, &body), options.reload_every).as_bytes())?;
    let files = staging.commit()?;
    Ok(WrittenReport {
        out: out.to_owned(),
        index: out.join("index.html"),
        files,
        warnings,
        notes: all_notes,
        table: shares.section.grids.into_iter().next().unwrap_or_else(empty),
    })
}
