//! `curves`: validation metric and compression after each epoch, with the authors' curves.

use super::epoch_curves::{
    self, EpochPanel, PANEL, PLOT, block_height, drops_dead, epoch_axis, legend_of, trained_share,
};
use super::{
    DrawnFigure, Figure, FigureData, SkipReason, authors_of, baseline_entry, baseline_text, by_cell, collapsed_names,
    color_of, common_baseline, determining, draw_baseline, entry_of, facet_name, facet_room, head, head_height,
    intervals_text, measured, with_baseline,
};
use crate::authors::AuthorsEpoch;
use crate::axis::{Axis, AxisScale};
use crate::chart::{LegendSymbol, Plot, columns};
use crate::metric;
use crate::points::{self, Point};
use crate::rows::RunRow;
use crate::scene::{CurveValues, Scene};
use crate::style::{MUTED, THIN};
use sparsegate_core::EvaluationMetric;
use sparsegate_store::format::EpochMetrics;

/// Training curves of our runs and of the authors' runs.
pub struct CurvesFigure;

/// Legend entry of the authors' curves.
const AUTHORS: &str = "authors, same colours";

/// One panel of our runs, and how to get its values from the authors'.
struct CurvePanel<'a> {
    ours: EpochPanel<'a>,
    theirs: Box<dyn Fn(&AuthorsEpoch) -> f64 + 'a>,
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
            ours: EpochPanel {
                y: quality,
                of: Box::new(move |_, line| metric::on_axis(metric, line.valid)),
                dense: true,
            },
            theirs: Box::new(move |point| metric::on_axis(metric, point.valid)),
        }];
        let compressed = !compressions.is_empty();
        if compressed {
            panels.push(CurvePanel {
                ours: EpochPanel {
                    // A dense network's compression is always 1 and would only compress the scale of the others.
                    y: Axis::around("compression", Axis::scale_for(&compressions, 3.0), compressions),
                    of: Box::new(|_, line| line.counts.compression_ratio().unwrap_or(f64::NAN)),
                    dense: false,
                },
                theirs: Box::new(|point| point.compression),
            });
        }
        let dropping = compressed && drops_dead(rows.iter().copied());
        panels.extend(dropping.then(|| CurvePanel { ours: trained_share(false), theirs: Box::new(|_| 1.0) }));
        // A few epochs of ours next to many of the authors' are only visible on a log axis.
        let scale =
            if last > 20 && f64::from(last_ours) < 0.5 * f64::from(last) { AxisScale::Log } else { AxisScale::Linear };
        let x = epoch_axis(last, scale);

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
        let columns = columns(data.width, cells.len(), 88.0);
        let block = block_height(panels.len(), cells.len());
        let top = head_height(data.width, title, &entries);
        let mut scene = Scene::new(data.width, top + block * cells.len().div_ceil(columns.len()) as f64);
        head(&mut scene, title, &entries);
        for (line, panel) in panels.iter().enumerate() {
            for (index, (cell, facet)) in pooled.iter().enumerate() {
                let (left, right) = columns[index % columns.len()];
                let below = top + block * (index / columns.len()) as f64;
                let from = below + facet_room(cells.len()) + 8.0 + PANEL * line as f64;
                let (from, to) = ((left, from), (right, from + PLOT));
                let mut plot = Plot { from, to, x: x.clone(), y: panel.ours.y.clone() };
                if index % columns.len() > 0 {
                    plot.y.title.clear();
                }
                plot.axes(&mut scene);
                if line == 0 {
                    facet_name(&mut scene, cells.len(), &plot, cell);
                }
                if let (0, Some((baseline, value))) = (line, shown_baseline) {
                    draw_baseline(&mut scene, &plot, &baseline.predictor, value);
                }
                let known = levels.iter().filter(|level| panel.ours.dense || **level != "dense");
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
                values.extend(epoch_curves::draw(&mut scene, &plot, facet, &panel.ours, &entries));
                plot.curve_values(&mut scene, &panel.ours.y.title, if cells.len() > 1 { cell } else { "" }, values);
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
