//! The figures of a report, one file each, behind the trait [`Figure`].

mod curves;
mod drift;
mod epoch_curves;
mod epoch_seconds;
pub mod gate_share;
mod gate_share_map;
mod gate_structure;
mod gates_by_kind;
pub mod over;
mod quality_compression;
mod sizes;
mod speed;
mod tradeoff;

pub use curves::CurvesFigure;
pub use drift::BackendsFigure;
pub use epoch_seconds::EpochSecondsFigure;
pub use gate_structure::GateStructureFigure;
pub use gates_by_kind::GatesByKindFigure;
pub use quality_compression::QualityCompressionFigure;
pub use sizes::SizesFigure;
pub use speed::SpeedFigure;
pub use tradeoff::TradeoffFigure;

use std::collections::{HashMap, HashSet};

use plotters::style::RGBColor;

use sparsegate_spec::VaryingKeys;

use super::authors::{AuthorsEpoch, AuthorsLogs};
use super::chart::{LegendSymbol, Plot, fitted, legend};
use super::number::count;
use super::points::{self, Point};
use super::rows::{RunRow, baselines};
use super::sample::FEWEST;
use super::scene::{Align, NamedValues, Scene};
use super::style::{self, INK, LABEL, MUTED, TITLE};
use sparsegate_store::format::{Predictor, TrivialBaseline};

/// Input of the figures.
#[derive(Debug, Clone, Copy)]
pub struct FigureData<'a> {
    /// The runs, in the plan's order.
    pub rows: &'a [RunRow],
    /// The keys in which the planned runs differ.
    pub varying: &'a VaryingKeys,
    /// The authors' runs of the same task, if known.
    pub authors: Option<&'a AuthorsLogs>,
    /// Width of the figure in logical pixels.
    pub width: f64,
}

/// A drawn figure.
#[derive(Debug, Clone)]
pub struct DrawnFigure {
    /// The drawing.
    pub scene: Scene,
    /// The caption, a few sentences.
    pub caption: String,
}

/// The reason why a figure was left out, which completes the sentence "left out: ...".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkipReason(pub String);

/// One kind of figure.
pub trait Figure {
    /// Stable file name, without extension.
    fn name(&self) -> &str;

    /// Largest number of points that it shows legibly; of more, a sample is drawn ([`sample`]).
    fn most(&self) -> usize {
        usize::MAX
    }

    /// Whether the figure applies to the experiment. If not, it is omitted without a note.
    fn applies(&self, _data: FigureData<'_>) -> bool {
        true
    }

    /// Draws the figure.
    ///
    /// # Errors
    /// The runs lack the data that it shows.
    fn draw(&self, data: FigureData<'_>) -> Result<DrawnFigure, SkipReason>;
}

/// All figures of an experiment, in the order of the page.
pub fn all(data: FigureData<'_>) -> Vec<Box<dyn Figure>> {
    let mut figures: Vec<Box<dyn Figure>> = vec![
        Box::new(QualityCompressionFigure),
        Box::new(TradeoffFigure),
        Box::new(GatesByKindFigure),
        Box::new(GateStructureFigure),
        Box::new(SizesFigure),
        Box::new(SpeedFigure),
        Box::new(CurvesFigure),
        Box::new(EpochSecondsFigure),
        Box::new(BackendsFigure),
    ];
    figures
        .extend(over::figures(data.rows, data.varying).into_iter().map(|figure| Box::new(figure) as Box<dyn Figure>));
    figures
}

/// The runs of at most `most` points, with a sentence for the caption if that is not all: of each cell and level the
/// same number of points, evenly spaced in the plan. Points that are all drawn stay in the plan's order.
pub fn sample(rows: &[RunRow], most: usize) -> Option<(Vec<RunRow>, String)> {
    let points = points::of(rows);
    if points.len() <= most {
        return None;
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    for (index, point) in points.iter().enumerate() {
        let place = *places.entry((point.first().cell(), point.first().level())).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(index);
    }
    let each = (most / groups.len()).max(1);
    let mut chosen: Vec<usize> = groups
        .iter()
        .take(most)
        .flat_map(|group| {
            let taken = each.min(group.len());
            (0..taken).map(move |place| group[place * (group.len() - 1) / (taken - 1).max(1)])
        })
        .collect();
    chosen.sort_unstable();
    let shown = chosen.iter().flat_map(|index| points[*index].runs.iter().map(|row| (*row).clone())).collect();
    let note = format!(
        " A sample: {} of {} settings are drawn, evenly spaced for each cell and level; `results.csv` has all.",
        count(chosen.len() as u64),
        count(points.len() as u64)
    );
    Some((shown, note))
}

/// Left edge of titles and legends.
const LEFT: f64 = 24.0;

/// Draws the title and, below it, the legend; returns the y coordinate below them.
fn head(scene: &mut Scene, title: &str, entries: &[(LegendSymbol, String)]) -> f64 {
    let width = scene.width();
    let (title, size) = fitted(title, TITLE, width - 2.0 * LEFT);
    scene.bold((LEFT, 26.0), title, size, INK, Align::Start);
    if entries.is_empty() {
        return 48.0;
    }
    46.0 + legend(scene, (LEFT, 56.0), width - 16.0, entries)
}

/// Height that [`head`] uses in a figure of the given width.
fn head_height(width: f64, title: &str, entries: &[(LegendSymbol, String)]) -> f64 {
    head(&mut Scene::new(width, 1.0), title, entries)
}

/// Colour of a run: that of its level, in a shade of its own if several settings have this level.
fn color(row: &RunRow) -> RGBColor {
    let (place, count) = row.shade;
    style::shade(style::level(row.level(), row.level_index), place, count)
}

/// Colour of an authors' run: that of our run at the same level.
fn color_of(level: &str, rows: &[RunRow]) -> RGBColor {
    let known = rows.iter().find(|row| row.level() == level);
    style::level(level, known.map_or(0, |row| row.level_index))
}

/// The statement of a caption that means are drawn, and their intervals if there are enough seeds; empty unless a point
/// has several.
fn intervals_text(points: &[&Point<'_>], marks: &str) -> String {
    let seeds = points.iter().filter(|point| point.is_pooled()).map(|point| point.runs.len());
    match (seeds.clone().min(), seeds.max()) {
        (Some(low), Some(high)) => {
            let seeds = if low == high { format!("{low}") } else { format!("{low} to {high}") };
            let means = format!(" Means over {seeds} seeds");
            if high >= FEWEST {
                format!("{means}; {marks}: 95 % intervals of the mean, by Student's t.")
            } else {
                format!("{means}.")
            }
        }
        _ => String::new(),
    }
}

/// Runs with at least one finished epoch, grouped by cell.
fn measured<'a>(data: &FigureData<'a>) -> Result<Vec<&'a RunRow>, SkipReason> {
    let rows: Vec<&RunRow> = data.rows.iter().filter(|row| row.last().is_some()).collect();
    let rows: Vec<&RunRow> = by_cell(&rows).into_iter().flat_map(|(_, rows)| rows).collect();
    if rows.is_empty() { Err(SkipReason("no run has finished an epoch".into())) } else { Ok(rows) }
}

/// The runs of each cell, cells and runs in order of appearance.
fn by_cell<'a>(rows: &[&'a RunRow]) -> Vec<(&'static str, Vec<&'a RunRow>)> {
    let mut cells: Vec<(&'static str, Vec<&RunRow>)> = Vec::new();
    for row in rows {
        match cells.iter_mut().find(|(cell, _)| *cell == row.cell()) {
            Some((_, rows)) => rows.push(row),
            None => cells.push((row.cell(), vec![row])),
        }
    }
    cells
}

/// Height above a plot for its facet's name; 0 for a single facet.
fn facet_room(facets: usize) -> f64 {
    if facets > 1 { 26.0 } else { 0.0 }
}

/// Writes a facet's name above its plot, unless there is only one.
fn facet_name(scene: &mut Scene, facets: usize, plot: &Plot, name: &str) {
    if facets > 1 {
        let at = ((plot.from.0 + plot.to.0) / 2.0, plot.from.1 - 14.0);
        let (name, size) = fitted(name, LABEL, plot.to.0 - plot.from.0 + 40.0);
        scene.bold(at, name, size, INK, Align::Middle);
    }
}

/// The runs that determine the axes: those that have not collapsed, or all if there are no others.
fn determining<'a>(rows: &[&'a RunRow]) -> Vec<&'a RunRow> {
    let healthy: Vec<&RunRow> = rows.iter().copied().filter(|row| row.collapsed().is_none()).collect();
    if healthy.is_empty() { rows.to_vec() } else { healthy }
}

/// The names of the collapsed runs, such as `W, W+N`; empty if there are none.
fn collapsed_names(rows: &[&RunRow]) -> String {
    let names = rows.iter().filter(|row| row.collapsed().is_some()).map(|row| row.label.clone());
    names.collect::<Vec<String>>().join("; ")
}

/// A sentence on a baseline for captions; `shown` if its line is drawn.
fn baseline_text(baseline: &TrivialBaseline, value: &str, shown: bool) -> String {
    let place = if shown { "dotted line" } else { "beyond the axis" };
    format!(" Baseline ({place}): {}, {value}, reached without reading anything.", baseline.predictor)
}

/// `values` with that of a baseline, for an axis, unless it is so far away that the differences between the values
/// would shrink to less than a third.
fn with_baseline(mut values: Vec<f64>, baseline: Option<f64>) -> Vec<f64> {
    let range = |values: &[f64]| {
        let finite = values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        high - low
    };
    let Some(baseline) = baseline.filter(|_| !values.is_empty()) else { return values };
    let before = range(&values);
    values.push(baseline);
    if before > 0.0 && range(&values) > 3.0 * before {
        values.pop();
    }
    values
}

/// Draws a baseline across a plot.
fn draw_baseline(scene: &mut Scene, plot: &Plot, predictor: &Predictor, value: f64) {
    let y = plot.at(0.0, value).1;
    scene.of_series(&[&baseline_entry(predictor)], |scene| {
        scene.dotted(&[(plot.from.0, y), (plot.to.0, y)], MUTED);
    });
}

/// Name of the legend entry of a baseline.
fn baseline_entry(predictor: &Predictor) -> String {
    format!("baseline: {predictor}")
}

/// Names and texts of values.
fn named_values<const N: usize>(values: [(&str, String); N]) -> NamedValues {
    values.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

/// The baseline of the runs if they all have the same one.
fn common_baseline<'a>(data: &FigureData<'a>) -> Option<&'a TrivialBaseline> {
    match baselines(data.rows).as_slice() {
        [(_, baseline)] => Some(baseline),
        _ => None,
    }
}

/// The authors' last epoch at the run's level, if the runs are comparable.
fn theirs<'a>(data: &FigureData<'a>, row: &RunRow) -> Option<&'a AuthorsEpoch> {
    data.authors.filter(|authors| authors.comparable(&row.spec)).and_then(|authors| authors.last_epoch(row.level()))
}

/// The authors' runs, if any of `rows` is comparable with them.
fn authors_of<'a>(data: &FigureData<'a>, rows: &[&RunRow]) -> Option<&'a AuthorsLogs> {
    data.authors.filter(|authors| rows.iter().any(|row| authors.comparable(&row.spec)))
}

/// The finished epochs of the runs as text: "after 2 epochs", or "after 2 to 150 epochs".
fn epochs_text(rows: &[&RunRow]) -> String {
    let epochs = rows.iter().map(|row| row.epochs());
    match (epochs.clone().min(), epochs.max()) {
        (Some(1), Some(1)) => "after 1 epoch".into(),
        (Some(low), Some(high)) if low == high => format!("after {high} epochs"),
        (Some(low), Some(high)) => format!("after {low} to {high} epochs"),
        _ => "before the first epoch".into(),
    }
}

/// Legend entries of the settings of the points, each once: runs of the same settings share a colour, whatever their cell,
/// seed and state.
fn settings_legend<'a: 'b, 'b>(
    points: impl Iterator<Item = &'b Point<'a>>,
    symbol: fn(RGBColor) -> LegendSymbol,
) -> Vec<(LegendSymbol, String)> {
    let mut entries: Vec<(LegendSymbol, String)> = Vec::new();
    let firsts: Vec<&RunRow> = points.map(Point::first).collect();
    let mut seen: HashSet<String> = HashSet::new();
    for first in &firsts {
        let name = first.in_cell(&first.point);
        if seen.insert(name.clone()) {
            entries.push((symbol(color(first)), name));
        }
    }
    if entries.len() <= MOST_SETTINGS {
        return entries;
    }
    // One entry a level, in the level's own colour, which the shades of its settings resemble.
    let mut levels: Vec<(&RunRow, HashSet<&str>)> = Vec::new();
    for first in firsts {
        match levels.iter_mut().find(|(other, _)| other.level() == first.level()) {
            Some((_, settings)) => drop(settings.insert(&first.point)),
            None => levels.push((first, HashSet::from([first.point.as_str()]))),
        }
    }
    let entry = |(first, settings): (&RunRow, HashSet<&str>)| {
        let color = style::level(first.level(), first.level_index);
        (symbol(color), format!("{} ({} settings)", first.level(), count(settings.len() as u64)))
    };
    levels.into_iter().map(entry).collect()
}

/// The name of a point's legend entry: that of its settings or, where the legend has one for each level, of its level.
fn entry_of<'b>(entries: &'b [(LegendSymbol, String)], point: &Point<'_>) -> &'b str {
    let first = point.first();
    let (title, settings) = (point.title_in_cell(), first.in_cell(&first.point));
    let of_level = |text: &str| {
        text.strip_prefix(first.level()).is_some_and(|rest| rest.starts_with(" (") && rest.ends_with(" settings)"))
    };
    let named = |fits: &dyn Fn(&str) -> bool| entries.iter().map(|(_, text)| text.as_str()).find(|text| fits(text));
    named(&|text| text == title)
        .or_else(|| named(&|text| text == settings))
        .or_else(|| named(&of_level))
        .unwrap_or_default()
}

/// Most legend entries of single settings.
const MOST_SETTINGS: usize = 24;

/// Points of one cell to label in a legend or at their marks, with their names: all of up to `most` points, otherwise
/// the first point of each level, since more labels would not fit.
fn names<'a, 'b>(points: &'b [Point<'a>], most: usize) -> Vec<(&'b Point<'a>, String)> {
    if points.len() <= most {
        return points.iter().map(|point| (point, point.title_in_cell())).collect();
    }
    let mut named: Vec<(&Point<'_>, String)> = Vec::new();
    for point in points {
        let level = point.first().level();
        if named.iter().all(|(other, _)| other.first().level() != level) {
            let same = points.iter().filter(|other| other.first().level() == level).count();
            let name = if same == 1 { point.title_in_cell() } else { format!("{level} ({same} settings)") };
            named.push((point, name));
        }
    }
    named
}

#[cfg(test)]
mod legibility_tests;

#[cfg(test)]
mod tests {
    use super::with_baseline;

    #[test]
    fn a_distant_baseline_does_not_compress_the_scale() {
        assert_eq!(with_baseline(vec![70.0, 76.0], Some(60.0)), [70.0, 76.0, 60.0]);
        assert_eq!(with_baseline(vec![70.0, 76.0], Some(50.0)), [70.0, 76.0]);
        assert_eq!(with_baseline(vec![70.0], Some(50.0)), [70.0, 50.0], "a single value has no differences");
        assert_eq!(with_baseline(vec![70.0], None), [70.0]);
    }
}
