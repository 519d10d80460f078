//! `curves`: validation metric and compression after each epoch, with the authors' curves.

use super::{
    DrawnFigure, Figure, FigureData, SkipReason, authors_of, baseline_entry, baseline_text, by_cell, collapsed_names,
    color, color_of, common_baseline, determining, draw_baseline, entry_of, facet_name, facet_room, head, head_height,
    intervals_text, measured, names, settings_legend, with_baseline,
};
use crate::authors::AuthorsEpoch;
use crate::axis::{Axis, AxisScale};
use crate::chart::{LegendSymbol, Plot, columns};
use crate::metric;
use crate::points::{self, Point};
use crate::rows::RunRow;
use crate::sample::Sample;
use crate::scene::{CurveValues, Scene};
use crate::spread;
use crate::style::{LINE, MARKER, MUTED, THIN};
use sparsegate_core::EvaluationMetric;
use sparsegate_store::format::EpochMetrics;

/// Training curves of our runs and of the authors' runs.
pub struct CurvesFigure;

/// Legend entry of the authors' curves.
const AUTHORS: &str = "authors, same colours";

/// Height of a panel including its axis.
const PANEL: f64 = 262.0;

/// One panel: its axis and how to get its values from our runs and the authors'.
struct CurvePanel<'a> {
    y: Axis,
    ours: Box<dyn Fn(&EpochMetrics) -> f64 + 'a>,
    theirs: Box<dyn Fn(&AuthorsEpoch) -> f64 + 'a>,
    /// Whether dense runs are drawn.
    dense: bool,
}

impl Figure for CurvesFigure {
    fn name(&self) -> &'static str {
        "curves"
    }

    fn most(&self) -> usize {
        40
    }

    fn draw(&self, data: FigureData<'_>) -> Result<DrawnFigure, SkipReason> {
        let rows = measured(&data)?;
        let cells = by_cell(&rows);
        let levels: Vec<&str> = authors_of(&data, &rows).map_or_else(Vec::new, |authors| {
            let known = authors.last.iter().map(|point| point.sparsity.as_str());
            known.filter(|level| rows.iter().any(|row| row.level() == *level)).collect()
        });
        let curve = |level: &str| data.authors.map_or_else(Vec::new, |authors| authors.curve(level));
        let theirs: Vec<&AuthorsEpoch> = levels.iter().flat_map(|level| curve(level)).collect();
        let ours: Vec<&EpochMetrics> = rows.iter().flat_map(|row| row.metrics.iter()).collect();

        let last_ours = ours.iter().map(|line| line.epoch).max().unwrap_or(1);
        let last = theirs.iter().map(|point| point.epoch).max().unwrap_or(1).max(last_ours);
        let metric = rows.iter().find_map(|row| row.metric);
        let determining = determining(&rows);
        let baseline = common_baseline(&data).map(|baseline| (baseline, metric::on_axis(metric, baseline.valid)));
        let (quality, leaves) = quality_axis(metric, &determining, &theirs, baseline.map(|(_, value)| value));
        let shown_baseline = baseline.filter(|(_, value)| quality.shows(*value));
        let sparse = determining.iter().filter(|row| row.is_sparse());
        let compressions: Vec<f64> = sparse
            .flat_map(|row| row.metrics.iter().filter_map(|line| line.counts.compression_ratio()))
            .chain(theirs.iter().filter(|point| point.sparsity != "dense").map(|point| point.compression))
            .collect();
        let mut panels = vec![CurvePanel {
            y: quality,
            ours: Box::new(move |line| metric::on_axis(metric, line.valid)),
            theirs: Box::new(move |point| metric::on_axis(metric, point.valid)),
            dense: true,
        }];
        let compressed = !compressions.is_empty();
        if compressed {
            panels.push(CurvePanel {
                // A dense network's compression is always 1 and would only compress the scale of the others.
                y: Axis::around("compression", Axis::scale_for(&compressions, 3.0), compressions),
                ours: Box::new(|line| line.counts.compression_ratio().unwrap_or(f64::NAN)),
                theirs: Box::new(|point| point.compression),
                dense: false,
            });
        }
        let dropping = compressed && rows.iter().any(|row| row.metrics.iter().any(|line| line.trained_share.is_some()));
        panels.extend(dropping.then(trained_share));
        // A few epochs of ours next to many of the authors' are only visible on a log axis.
        let scale =
            if last > 20 && f64::from(last_ours) < 0.5 * f64::from(last) { AxisScale::Log } else { AxisScale::Linear };
        let x = if last == 1 {
            Axis::exact("epoch", 0.0, 2.0).integer_ticks()
        } else {
            Axis::around("epoch", scale, [1.0, f64::from(last)]).integer_ticks()
        };

        let title = "Training curves";
        let pooled: Vec<(&str, Vec<Point<'_>>)> =
            cells.iter().map(|(cell, rows)| (*cell, points::of(rows.iter().copied()))).collect();
        let mut entries = legend_of(&pooled);
        if !theirs.is_empty() {
            entries.push((LegendSymbol::Dashed(MUTED), AUTHORS.into()));
        }
        if let Some((baseline, _)) = shown_baseline {
            entries.push((LegendSymbol::Dotted(MUTED), baseline_entry(&baseline.predictor)));
        }
        let top = head_height(data.width, title, &entries) + facet_room(cells.len());
        let height = top + (PANEL + 46.0) * panels.len() as f64;
        let mut scene = Scene::new(data.width, height);
        head(&mut scene, title, &entries);
        let columns = columns(data.width, cells.len(), 88.0);
        for (line, panel) in panels.iter().enumerate() {
            let from = top + 8.0 + (PANEL + 46.0) * line as f64;
            for (column, ((cell, facet), (left, right))) in pooled.iter().zip(&columns).enumerate() {
                let (from, to) = ((*left, from), (*right, from + PANEL - 26.0));
                let mut plot = Plot { from, to, x: x.clone(), y: panel.y.clone() };
                if column > 0 {
                    plot.y.title.clear();
                }
                plot.axes(&mut scene);
                if line == 0 {
                    facet_name(&mut scene, cells.len(), &plot, cell);
                }
                if let (0, Some((baseline, value))) = (line, shown_baseline) {
                    draw_baseline(&mut scene, &plot, &baseline.predictor, value);
                }
                let known = levels.iter().filter(|level| panel.dense || **level != "dense");
                let runs: Vec<&RunRow> = facet.iter().flat_map(|point| point.runs.iter().copied()).collect();
                let mut values = Vec::new();
                for level in known.filter(|_| authors_of(&data, &runs).is_some()) {
                    let points = curve(level).into_iter().map(|point| (f64::from(point.epoch), (panel.theirs)(point)));
                    let color = color_of(level, data.rows);
                    let same = facet.iter().find(|point| point.first().level() == *level);
                    let series = [AUTHORS, same.map_or("", |point| entry_of(&entries, point))];
                    scene.of_series(&series, |scene| {
                        for piece in plot.path(points.clone()) {
                            scene.dashed(&piece, color, THIN, 5.0, 3.5);
                        }
                    });
                    let points: Vec<(f64, f64, Option<f64>)> = points.map(|(x, y)| (x, y, None)).collect();
                    values.push(CurveValues::new(&scene, &series, format!("{level} (authors)"), color, &points, 1));
                }
                values.extend(draw_curves(&mut scene, &plot, facet, panel, &entries));
                plot.curve_values(&mut scene, &panel.y.title, if cells.len() > 1 { cell } else { "" }, values);
            }
        }

        let mut caption = String::from(panels_text(compressed, dropping));
        if !theirs.is_empty() {
            caption.push_str(" Solid: our runs. Dashed: the authors' run of the same level, from their logs.");
        }
        if scale == AxisScale::Log {
            caption.push_str(" Epochs are on a log scale, since our runs have far fewer than the authors'.");
        }
        let all: Vec<&Point<'_>> = pooled.iter().flat_map(|(_, points)| points).collect();
        caption.push_str(&intervals_text(&all, "bands"));
        if leaves {
            caption.push_str(" Curves of overfitting dense runs leave the plot at its upper edge.");
        }
        if let Some((baseline, _)) = baseline {
            let value = metric::value_text(metric, baseline.valid);
            caption.push_str(&baseline_text(baseline, &value, shown_baseline.is_some()));
        }
        let collapsed = collapsed_names(&rows);
        if !collapsed.is_empty() {
            caption
                .push_str(&format!(" The axes ignore collapsed runs, whose curves may leave the plots ({collapsed})."));
        }
        Ok(DrawnFigure { scene, caption })
    }
}

/// The panel of the fraction of the parameters that each epoch trained.
fn trained_share<'a>() -> CurvePanel<'a> {
    CurvePanel {
        y: Axis::exact("parameters trained", 0.0, 1.0),
        ours: Box::new(|line| line.trained_share.unwrap_or(1.0)),
        theirs: Box::new(|_| 1.0),
        dense: false,
    }
}

/// What the panels show, for the caption.
fn panels_text(compressed: bool, dropping: bool) -> &'static str {
    match (compressed, dropping) {
        (false, _) => "Validation metric after each epoch.",
        (true, false) => "Validation metric (top) and compression of the sparsified runs (bottom) after each epoch.",
        (true, true) => {
            "Validation metric (top) and compression of the sparsified runs (middle) after each epoch, and the fraction of \
             their parameters that the epoch trained (bottom)."
        }
    }
}

/// Draws our curves in a panel, above the bands of those over several seeds, and returns their values.
fn draw_curves(
    scene: &mut Scene,
    plot: &Plot,
    points: &[Point<'_>],
    panel: &CurvePanel<'_>,
    entries: &[(LegendSymbol, String)],
) -> Vec<CurveValues> {
    let shown: Vec<(&Point<'_>, Vec<(f64, Sample)>)> = points
        .iter()
        .filter(|point| panel.dense || point.first().is_sparse())
        .map(|point| {
            let curve = point.curve(|line| (panel.ours)(line)).into_iter();
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
        let drawn = scene.of_series(&series, |scene| line_of(scene, plot, point, samples, &panel.ours));
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
    quantity: &dyn Fn(&EpochMetrics) -> f64,
) -> Vec<(f64, f64)> {
    let color = color(point.first());
    let values: Vec<(f64, f64)> = if point.is_pooled() {
        samples.iter().map(|(epoch, sample)| (*epoch, sample.mean)).collect()
    } else {
        // A single run is drawn with its gaps where a value is not finite.
        point.first().metrics.iter().map(|line| (f64::from(line.epoch), quantity(line))).collect()
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
fn legend_of(cells: &[(&str, Vec<Point<'_>>)]) -> Vec<(LegendSymbol, String)> {
    if let [(_, points)] = cells {
        let symbol = |point: &Point<'_>| LegendSymbol::Solid(color(point.first()));
        return names(points, NAMED).into_iter().map(|(point, name)| (symbol(point), name)).collect();
    }
    settings_legend(cells.iter().flat_map(|(_, points)| points), LegendSymbol::Solid)
}

/// The axis of the validation metric, and whether a dense run's curve leaves it.
///
/// The perplexity of dense runs that overfit grows by orders of magnitude, which would compress the scale of all others,
/// so the axis covers their values only up to twice the worst value of the sparse runs. An accuracy cannot grow worse
/// without limit, and its worst value is the lowest one, so all are covered.
fn quality_axis(
    metric: Option<EvaluationMetric>,
    rows: &[&RunRow],
    theirs: &[&AuthorsEpoch],
    baseline: Option<f64>,
) -> (Axis, bool) {
    let sparse = rows.iter().filter(|row| row.is_sparse()).flat_map(|row| row.metrics.iter().map(|line| line.valid));
    let sparse: Vec<f64> = sparse.chain(theirs.iter().filter(|p| p.sparsity != "dense").map(|p| p.valid)).collect();
    let dense = rows.iter().filter(|row| !row.is_sparse()).flat_map(|row| row.metrics.iter().map(|line| line.valid));
    let dense: Vec<f64> = dense.chain(theirs.iter().filter(|p| p.sparsity == "dense").map(|p| p.valid)).collect();
    let worst = sparse.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
    let limit = if worst > 0.0 && !metric::is_accuracy(metric) { 2.0 * worst } else { f64::INFINITY };
    let leaves = dense.iter().any(|v| *v > limit);
    let shown: Vec<f64> = sparse.into_iter().chain(dense.into_iter().filter(|v| *v <= limit)).collect();
    let shown: Vec<f64> = shown.into_iter().map(|v| metric::on_axis(metric, v)).collect();
    let shown = with_baseline(shown, baseline);
    let title = format!("validation {}", metric::axis_title(metric));
    (Axis::around(&title, metric::axis_scale(metric, &shown), shown), leaves)
}
