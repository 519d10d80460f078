//! The figures of a report, one file each behind [`Figure`].

mod curves;
mod gate_structure;
mod gates_by_kind;
mod quality_compression;
mod sizes;

pub use curves::Curves;
pub use gate_structure::GateStructure;
pub use gates_by_kind::GatesByKind;
pub use quality_compression::QualityCompression;
pub use sizes::Sizes;

use plotters::style::RGBColor;

use super::authors::Authors;
use super::chart::{Key, legend};
use super::rows::Row;
use super::scene::{Align, Scene};
use super::style::{self, INK, TITLE};

/// What figures are drawn from.
#[derive(Debug, Clone, Copy)]
pub struct FigureData<'a> {
    /// The runs, in the plan's order.
    pub rows: &'a [Row],
    /// The authors' runs of the same task, where known.
    pub authors: Option<&'a Authors>,
}

/// A drawn figure.
#[derive(Debug, Clone)]
pub struct Picture {
    /// The drawing.
    pub scene: Scene,
    /// What is seen, in a few sentences.
    pub caption: String,
}

/// Why a figure was left out, as the end of the sentence "left out: ...".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped(pub String);

/// One kind of figure.
pub trait Figure {
    /// Stem of its files; stable.
    fn name(&self) -> &'static str;

    /// Draws it.
    ///
    /// # Errors
    /// The runs do not have what it shows.
    fn draw(&self, data: FigureData<'_>) -> Result<Picture, Skipped>;
}

/// All figures, in the order of the page.
pub fn all() -> Vec<Box<dyn Figure>> {
    vec![
        Box::new(QualityCompression),
        Box::new(GatesByKind),
        Box::new(GateStructure),
        Box::new(Sizes),
        Box::new(Curves),
    ]
}

/// Left edge of titles and legends.
const LEFT: f64 = 24.0;

/// Draws the title and, below it, the legend; returns where the rest may begin.
fn head(scene: &mut Scene, title: &str, entries: &[(Key, String)]) -> f64 {
    scene.bold((LEFT, 26.0), title, TITLE, INK, Align::Start);
    if entries.is_empty() {
        return 48.0;
    }
    46.0 + legend(scene, (LEFT, 56.0), style::WIDTH - 16.0, entries)
}

/// Height that [`head`] will use.
fn head_height(title: &str, entries: &[(Key, String)]) -> f64 {
    head(&mut Scene::new(style::WIDTH, 1.0), title, entries)
}

/// Colour of a run.
fn color(row: &Row) -> RGBColor {
    style::level(row.level(), row.level_index)
}

/// Colour of one of the authors' runs: as ours of the same level.
fn color_of(level: &str, rows: &[Row]) -> RGBColor {
    rows.iter().find(|row| row.level() == level).map_or_else(|| style::level(level, 0), color)
}

/// Runs with at least one finished epoch.
fn measured<'a>(data: &FigureData<'a>) -> Result<Vec<&'a Row>, Skipped> {
    let rows: Vec<&Row> = data.rows.iter().filter(|row| row.last().is_some()).collect();
    if rows.is_empty() { Err(Skipped("no run has finished an epoch".into())) } else { Ok(rows) }
}

/// "after 2 epochs", or "after 2 to 150 epochs".
fn epochs_text(rows: &[&Row]) -> String {
    let epochs = rows.iter().map(|row| row.epochs());
    match (epochs.clone().min(), epochs.max()) {
        (Some(1), Some(1)) => "after 1 epoch".into(),
        (Some(low), Some(high)) if low == high => format!("after {high} epochs"),
        (Some(low), Some(high)) => format!("after {low} to {high} epochs"),
        _ => "before the first epoch".into(),
    }
}

/// Runs to name in a legend or beside a point, with the name: each, or, where more than six would crowd the figure and
/// share colours anyway, the first of each level.
fn names<'a>(rows: &[&'a Row]) -> Vec<(&'a Row, String)> {
    if rows.len() <= 6 {
        return rows.iter().map(|row| (*row, row.title())).collect();
    }
    let mut named: Vec<(&Row, String)> = Vec::new();
    for row in rows {
        if named.iter().all(|(other, _)| other.level() != row.level()) {
            let runs = rows.iter().filter(|other| other.level() == row.level()).count();
            let name = if runs == 1 { row.title() } else { format!("{} ({runs} runs)", row.level()) };
            named.push((row, name));
        }
    }
    named
}
