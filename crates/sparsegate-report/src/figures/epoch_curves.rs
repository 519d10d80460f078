//! Curves over epochs, one for each point, in panels below each other: what the figures `curves` and `epoch-seconds`
//! share.

use super::{color, entry_of, facet_room, names, settings_legend};
use crate::axis::{Axis, AxisScale};
use crate::chart::{LegendSymbol, Plot};
use crate::points::Point;
use crate::rows::RunRow;
use crate::sample::Sample;
use crate::scene::{CurveValues, Scene};
use crate::spread;
use crate::style::{LINE, MARKER};
use sparsegate_store::format::EpochMetrics;

/// Height of a plot, in pixels.
pub(super) const PLOT: f64 = 236.0;
/// The same with its axis and the room below.
pub(super) const PANEL: f64 = 308.0;

/// Height of the panels below each other of the cells that stand side by side, with the names of the cells if there are
/// several.
pub(super) fn block_height(panels: usize, cells: usize) -> f64 {
    facet_room(cells) + PANEL * panels as f64
}

/// The value of an epoch of a run; not finite if there is none.
type EpochValue<'a> = dyn Fn(&RunRow, &EpochMetrics) -> f64 + 'a;

/// One panel: its axis and how to get its values.
pub(super) struct EpochPanel<'a> {
    /// The vertical axis.
    pub(super) y: Axis,
    /// The values of the curves.
    pub(super) of: Box<EpochValue<'a>>,
    /// Whether dense runs are drawn.
    pub(super) dense: bool,
}

/// The axis of the epochs 1 to `last`.
pub(super) fn epoch_axis(last: u32, scale: AxisScale) -> Axis {
    if last == 1 {
        Axis::exact("epoch", 0.0, 2.0).integer_ticks()
    } else {
        Axis::around("epoch", scale, [1.0, f64::from(last)]).integer_ticks()
    }
}

/// Whether any of the runs has stored which fraction of its parameters it trained, as runs with `train.drop_dead` do.
pub(super) fn drops_dead<'a>(rows: impl IntoIterator<Item = &'a RunRow>) -> bool {
    rows.into_iter().any(|row| row.metrics.iter().any(|line| line.trained_share.is_some()))
}

/// The panel of the fraction of the parameters that each epoch trained: all of them without `train.drop_dead`.
pub(super) fn trained_share<'a>(dense: bool) -> EpochPanel<'a> {
    EpochPanel {
        y: Axis::exact("parameters trained", 0.0, 1.0),
        of: Box::new(|_, line| line.trained_share.unwrap_or(1.0)),
        dense,
    }
}

/// Draws the curves of a panel, above the bands of those over several seeds, and returns their values.
pub(super) fn draw(
    scene: &mut Scene,
    plot: &Plot,
    points: &[Point<'_>],
    panel: &EpochPanel<'_>,
    entries: &[(LegendSymbol, String)],
) -> Vec<CurveValues> {
    let shown: Vec<(&Point<'_>, Vec<(f64, Sample)>)> = points
        .iter()
        .filter(|point| panel.dense || point.first().is_sparse())
        .map(|point| {
            let curve = point.curve(|row, line| (panel.of)(row, line)).into_iter();
            (point, curve.map(|(epoch, sample)| (f64::from(epoch), sample)).collect())
        })
        .collect();
    for (point, samples) in shown.iter().filter(|(point, _)| point.is_pooled()) {
        scene.of_series(&[entry_of(entries, point)], |scene| {
            spread::band(scene, plot, samples, color(point.first()));
        });
    }
    let mut values = Vec::new();
    for (point, samples) in &shown {
        let series = [entry_of(entries, point)];
        let drawn = scene.of_series(&series, |scene| line_of(scene, plot, point, samples, panel));
        let deviation =
            |index: usize| samples.get(index).filter(|_| point.is_pooled()).and_then(|(_, sample)| sample.sd);
        let drawn: Vec<(f64, f64, Option<f64>)> =
            drawn.into_iter().enumerate().map(|(index, (x, y))| (x, y, deviation(index))).collect();
        let color = color(point.first());
        values.push(CurveValues::new(scene, &series, point.title_in_cell(), color, &drawn, point.runs.len()));
    }
    values
}

/// Draws the curve of a run, or the mean curve of several seeds, and returns its points.
fn line_of(
    scene: &mut Scene,
    plot: &Plot,
    point: &Point<'_>,
    samples: &[(f64, Sample)],
    panel: &EpochPanel<'_>,
) -> Vec<(f64, f64)> {
    let first = point.first();
    let color = color(first);
    let values: Vec<(f64, f64)> = if point.is_pooled() {
        samples.iter().map(|(epoch, sample)| (*epoch, sample.mean)).collect()
    } else {
        // A single run is drawn with its gaps where a value is not finite.
        first.metrics.iter().map(|line| (f64::from(line.epoch), (panel.of)(first, line))).collect()
    };
    let few = values.len() <= 12;
    for piece in plot.path(values.iter().copied()) {
        scene.line(&piece, color, LINE);
        if let ([at], false) = (piece.as_slice(), few) {
            scene.dot(*at, MARKER - 1.5, color);
        }
    }
    // Not where the curve leaves the plot.
    for (epoch, value) in values.iter().filter(|(_, value)| few && plot.y.shows(*value)) {
        scene.dot(plot.at(*epoch, *value), MARKER - 1.5, color);
    }
    values
}

/// Largest number of legend entries of a single cell that name each point.
const NAMED: usize = 40;

/// Legend entries: the points or, with several cells, each point once, since those of different cells share colours.
pub(super) fn legend_of(cells: &[(&str, Vec<Point<'_>>)]) -> Vec<(LegendSymbol, String)> {
    if let [(_, points)] = cells {
        let symbol = |point: &Point<'_>| LegendSymbol::Solid(color(point.first()));
        return names(points, NAMED).into_iter().map(|(point, name)| (symbol(point), name)).collect();
    }
    settings_legend(cells.iter().flat_map(|(_, points)| points), LegendSymbol::Solid)
}
