//! `quality-compression`: test metric against compression.

use super::{
    DrawnFigure, Figure, FigureData, SkipReason, authors_of, baseline_entry, baseline_text, by_cell, collapsed_names,
    color, color_of, common_baseline, draw_baseline, entry_of, epochs_text, facet_name, facet_room, head, head_height,
    intervals_text, measured, named_values, names, settings_legend, with_baseline,
};
use crate::authors::AuthorsEpoch;
use crate::axis::{Axis, AxisScale};
use crate::chart::{LabelPlacer, LegendSymbol, Plot, columns};
use crate::metric;
use crate::number::ratio;
use crate::points::{self, Point};
use crate::rows::{RowState, RunRow};
use crate::sample::Sample;
use crate::scene::Scene;
use crate::spread;
use crate::style::{MARKER, MUTED};
use sparsegate_core::EvaluationMetric;
use sparsegate_store::format::{EpochMetrics, TrivialBaseline};

/// Test metric against compression, one point per run.
pub struct QualityCompressionFigure;

/// Largest number of points in a panel that are all labelled.
const NAMED: usize = 12;

/// A point with its position.
struct PlacedPoint<'a> {
    point: Point<'a>,
    compression: Sample,
    /// The test metric in the unit of the axis.
    quality: Sample,
}

/// The position of a point; `quality` turns a test metric into the unit of the axis.
fn placed<'a>(point: Point<'a>, quality: &dyn Fn(f64) -> f64) -> Option<PlacedPoint<'a>> {
    let of = |value: &dyn Fn(&EpochMetrics) -> f64| point.sample(|row| row.quoted().map(value));
    let (compression, quality) = (of(&|line| line.counts.compression)?, of(&|line| quality(line.test))?);
    Some(PlacedPoint { point, compression, quality })
}

impl Figure for QualityCompressionFigure {
    fn name(&self) -> &'static str {
        "quality-compression"
    }

    fn draw(&self, data: FigureData<'_>) -> Result<DrawnFigure, SkipReason> {
        let rows = measured(&data)?;
        let ours: Vec<(&RunRow, &EpochMetrics)> = rows
            .iter()
            .filter(|row| row.collapsed().is_none())
            .filter_map(|row| row.quoted().map(|line| (*row, line)))
            .filter(|(_, line)| line.test.is_finite() && line.counts.compression.is_finite())
            .collect();
        let collapsed = collapsed_names(&rows);
        if ours.is_empty() {
            let why = if collapsed.is_empty() { "no run has a finite test metric" } else { "every run collapsed" };
            return Err(SkipReason(why.into()));
        }
        let authors: Vec<&AuthorsEpoch> = authors_of(&data, &rows).map_or_else(Vec::new, |authors| {
            let best =
                |point: &AuthorsEpoch| if point.sparsity == "dense" { authors.best_epoch("dense") } else { None };
            authors.last.iter().map(|point| best(point).unwrap_or(point)).collect()
        });
        let metric = ours.iter().find_map(|(row, _)| row.metric);
        let quality = |x: f64| metric::on_axis(metric, x);
        let compressions: Vec<f64> =
            ours.iter().map(|(_, line)| line.counts.compression).chain(authors.iter().map(|p| p.compression)).collect();
        let qualities: Vec<f64> =
            ours.iter().map(|(_, line)| line.test).chain(authors.iter().map(|p| p.test)).map(quality).collect();
        let points: Vec<PlacedPoint<'_>> = points::of(ours.iter().map(|(row, _)| *row))
            .into_iter()
            .filter_map(|point| placed(point, &quality))
            .collect();
        let across = spread::ends(&compressions, points.iter().map(|one| &one.compression));
        let up = spread::ends(&qualities, points.iter().map(|one| &one.quality));
        let compressions = compressions.into_iter().chain(across);
        let qualities: Vec<f64> = qualities.into_iter().chain(up).collect();
        let baseline = common_baseline(&data).map(|baseline| (baseline, quality(baseline.test)));
        let qualities = with_baseline(qualities, baseline.map(|(_, value)| value));
        let cells = by_cell(&rows);
        let x_title = if cells.len() > 1 { "compression" } else { "compression (all weights / kept weights)" };
        let x = Axis::around(x_title, AxisScale::Log, compressions);
        let y_title = format!("test {}", metric::axis_title(metric));
        let y = Axis::around(&y_title, metric::axis_scale(metric, &qualities), qualities);

        let shown_baseline = baseline.filter(|(_, value)| y.shows(*value));

        let title = "Quality against compression";
        let dense = if ours.iter().any(|(row, _)| !row.is_sparse()) { " (dense: best epoch)" } else { "" };
        let mut entries = vec![(LegendSymbol::Dot(MUTED), format!("ours, {}{dense}", epochs_text(&rows)))];
        let last = authors.iter().map(|point| point.epoch).max();
        let authors_entry = format!("authors, after {} epochs (dense: best epoch)", last.unwrap_or_default());
        if last.is_some() {
            entries.push((LegendSymbol::Ring(MUTED), authors_entry.clone()));
        }
        let test = format!("test {}", metric::plain_name(metric));
        if let Some((baseline, _)) = shown_baseline {
            entries.push((LegendSymbol::Dotted(MUTED), baseline_entry(&baseline.predictor)));
        }
        if !collapsed.is_empty() {
            entries.push((LegendSymbol::Plain, format!("collapsed, not drawn: {collapsed}")));
        }
        // Error bars leave no room for names at the points, nor do many points.
        let crowded =
            cells.iter().any(|(cell, _)| points.iter().filter(|one| one.point.first().cell() == *cell).count() > NAMED);
        // The scene, and whether all names found room.
        let draw = |in_legend: bool| {
            let mut entries = entries.clone();
            if in_legend {
                entries.extend(settings_legend(points.iter().map(|one| &one.point), LegendSymbol::Dot));
            }
            let top = head_height(data.width, title, &entries);
            // At most two panels side by side, so that the labels fit.
            let columns = columns(data.width, cells.len().min(2), 88.0);
            let lines = cells.len().div_ceil(columns.len());
            let panel = if lines > 1 { 330.0 } else { 400.0 } + facet_room(cells.len());
            let mut scene = Scene::new(data.width, top + panel * lines as f64);
            head(&mut scene, title, &entries);
            let mut placed = true;
            for (index, (cell, facet)) in cells.iter().enumerate() {
                let (line, column) = (index / columns.len(), index % columns.len());
                let (left, right) = columns[column];
                let below = top + panel * line as f64;
                let from = (left, below + 8.0 + facet_room(cells.len()));
                let mut plot = Plot { from, to: (right, below + panel - 66.0), x: x.clone(), y: y.clone() };
                if column > 0 {
                    plot.y.title.clear();
                }
                plot.axes(&mut scene);
                facet_name(&mut scene, cells.len(), &plot, cell);
                if let Some((baseline, value)) = shown_baseline {
                    draw_baseline(&mut scene, &plot, &baseline.predictor, value);
                }
                let ours: Vec<&PlacedPoint<'_>> =
                    points.iter().filter(|one| one.point.first().cell() == *cell).collect();
                let theirs = if authors_of(&data, facet).is_some() { authors.as_slice() } else { &[] };

                let mut labels = LabelPlacer::default();
                let place = |point: &AuthorsEpoch| plot.at(point.compression, quality(point.test));
                for point in theirs {
                    labels.keep_clear(place(point), MARKER + 2.0);
                    scene.of_series(&[&authors_entry], |scene| {
                        scene.ring(place(point), MARKER + 1.0, color_of(&point.sparsity, data.rows), 2.0);
                        let values = [
                            ("compression", ratio(point.compression)),
                            (test.as_str(), metric::value_text(metric, point.test)),
                            ("epoch", point.epoch.to_string()),
                        ];
                        scene.point_values(place(point), format!("{} (authors)", point.sparsity), named_values(values));
                    });
                }
                placed &= draw_points(&mut scene, &plot, &mut labels, &ours, (&entries, in_legend), metric);
                let known = |level: &str| ours.iter().any(|one| one.point.first().level() == level);
                for point in theirs.iter().filter(|point| !known(&point.sparsity)) {
                    let name = format!("{} (authors)", point.sparsity);
                    placed &= scene.of_series(&[&authors_entry], |scene| {
                        labels.draw(scene, (plot.from, plot.to), place(point), &name)
                    });
                }
            }
            (scene, placed)
        };
        let scene = match draw(crowded || points.iter().any(|one| one.point.is_pooled())) {
            (scene, true) => scene,
            (_, false) => draw(true).0,
        };

        let baseline = baseline.map(|(baseline, _)| (baseline, shown_baseline.is_some()));
        let caption = caption(&points, cells.len(), !authors.is_empty(), baseline, metric, &collapsed);
        Ok(DrawnFigure { scene, caption })
    }
}

/// The caption for the given points, number of cells, whether authors' runs are drawn, the baseline and whether its line
/// is drawn, the metric, and the names of collapsed runs.
fn caption(
    points: &[PlacedPoint<'_>],
    cells: usize,
    authors: bool,
    baseline: Option<(&TrivialBaseline, bool)>,
    metric: Option<EvaluationMetric>,
    collapsed: &str,
) -> String {
    let mut caption = String::from(
        "Test metric against compression on a log scale, one point per run; smaller networks are to the right. \
         Compression counts the surviving weights of all layers as the authors do, without biases. A dense run is \
         shown at the epoch with its best validation metric, a sparse one at its last; the table has both values of \
         every run.",
    );
    let all: Vec<&Point<'_>> = points.iter().map(|one| &one.point).collect();
    caption.push_str(&intervals_text(&all, "bars"));
    if cells > 1 {
        caption.push_str(" One panel per cell, with the same axes.");
    }
    if authors {
        caption.push_str(" Open circles are the authors' runs of the same level, in the same colour.");
    }
    if let Some((baseline, shown)) = baseline {
        let value = metric::value_text(metric, baseline.test);
        caption.push_str(&baseline_text(baseline, &value, shown));
    }
    if !collapsed.is_empty() {
        caption.push_str(&format!(" Collapsed runs are not drawn ({collapsed})."));
    }
    caption
}

/// Draws the points of a panel with their error bars and names. With `in_legend`, the finished ones are named in the
/// legend instead. Returns whether all names found room.
fn draw_points(
    scene: &mut Scene,
    plot: &Plot,
    labels: &mut LabelPlacer,
    ours: &[&PlacedPoint<'_>],
    (entries, in_legend): (&[(LegendSymbol, String)], bool),
    metric: Option<EvaluationMetric>,
) -> bool {
    let at = |one: &PlacedPoint<'_>| plot.at(one.compression.mean, one.quality.mean);
    let test = format!("test {}", metric::plain_name(metric));
    // The first entry stands for all of our points.
    let all = entries.first().map_or("", |(_, name)| name.as_str());
    for one in ours {
        labels.keep_clear(at(one), MARKER + 2.0);
        let (x, y) = (one.compression, one.quality);
        let color = color(one.point.first());
        scene.of_series(&[all, entry_of(entries, &one.point)], |scene| {
            spread::error_bars(scene, plot, (x.mean, x.interval()), Some((y.mean, y.interval())), color);
        });
    }
    for one in ours {
        scene.of_series(&[all, entry_of(entries, &one.point)], |scene| {
            scene.dot(at(one), MARKER + 0.5, color(one.point.first()));
            let epoch = if one.point.is_pooled() { None } else { one.point.first().quoted() };
            let mut values = named_values([
                ("compression", one.compression.text(ratio)),
                (test.as_str(), one.quality.text(|x| metric::axis_text(metric, x))),
            ]);
            values.extend(epoch.map(|line| ("epoch".to_owned(), line.epoch.to_string())));
            scene.point_values(at(one), one.point.title(), values);
        });
    }
    // An unfinished run shares the colour of its point, so it is named in any case.
    let named = |one: &&&PlacedPoint<'_>| !in_legend || one.point.first().state != RowState::Done;
    let drawn: Vec<Point<'_>> = ours.iter().filter(named).map(|one| one.point.clone()).collect();
    let mut placed = true;
    for (point, name) in names(&drawn, NAMED) {
        let row = point.first();
        let Some(one) = ours.iter().find(|one| one.point.first().run == row.run) else { continue };
        let epoch = match row.best() {
            Some(best) if !row.is_sparse() && !point.is_pooled() => format!(", best epoch ({})", best.epoch),
            _ => String::new(),
        };
        placed &= scene.of_series(&[all, entry_of(entries, point)], |scene| {
            labels.draw(scene, (plot.from, plot.to), at(one), &format!("{name}{epoch}"))
        });
    }
    placed
}
