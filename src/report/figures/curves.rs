//! `curves`: validation metric and compression, epoch by epoch, over the authors' curves.

use super::{Figure, FigureData, Picture, Skipped, color, color_of, head, head_height, measured, names};
use crate::report::authors::Point;
use crate::report::axis::{Axis, Spread};
use crate::report::chart::{Key, Plot};
use crate::report::metric::axis_title;
use crate::report::rows::Row;
use crate::report::scene::Scene;
use crate::report::style::{self, LINE, MARKER, MUTED, THIN};
use crate::store::format::EpochMetrics;

/// How the runs went, beside how the authors' went.
pub struct Curves;

/// Height of a panel with its axis.
const PANEL: f64 = 262.0;

/// What one panel shows.
struct Panel {
    y: Axis,
    ours: fn(&EpochMetrics) -> f64,
    theirs: fn(&Point) -> f64,
}

impl Figure for Curves {
    fn name(&self) -> &'static str {
        "curves"
    }

    fn draw(&self, data: FigureData<'_>) -> Result<Picture, Skipped> {
        let rows = measured(&data)?;
        let levels: Vec<&str> = data.authors.map_or_else(Vec::new, |authors| {
            let known = authors.last.iter().map(|point| point.sparsity.as_str());
            known.filter(|level| rows.iter().any(|row| row.level() == *level)).collect()
        });
        let curve = |level: &str| data.authors.map_or_else(Vec::new, |authors| authors.curve(level));
        let theirs: Vec<&Point> = levels.iter().flat_map(|level| curve(level)).collect();
        let ours: Vec<&EpochMetrics> = rows.iter().flat_map(|row| &row.metrics).collect();

        let last_ours = ours.iter().map(|line| line.epoch).max().unwrap_or(1);
        let last = theirs.iter().map(|point| point.epoch).max().unwrap_or(1).max(last_ours);
        let metric = rows.iter().find_map(|row| row.metric.as_deref());
        let quality = quality_axis(metric, &rows, &theirs);
        let sparse: Vec<&Row> = rows.iter().copied().filter(|row| row.is_sparse()).collect();
        let compressions: Vec<f64> = sparse
            .iter()
            .flat_map(|row| row.metrics.iter().map(|line| line.counts.compression))
            .chain(theirs.iter().filter(|point| point.sparsity != "dense").map(|point| point.compression))
            .collect();
        let panels = [
            Panel { y: quality.0, ours: |line| line.valid, theirs: |point| point.valid },
            Panel {
                // A dense network's compression is 1 throughout and would only flatten the others.
                y: Axis::around("compression", Axis::spread_for(&compressions, 3.0), compressions),
                ours: |line| line.counts.compression,
                theirs: |point| point.compression,
            },
        ];
        // Few epochs of ours beside many of theirs are only visible on a log axis.
        let spread =
            if last > 20 && f64::from(last_ours) < 0.5 * f64::from(last) { Spread::Log } else { Spread::Linear };
        let x = if last == 1 {
            Axis::exact("epoch", 0.0, 2.0).whole()
        } else {
            Axis::around("epoch", spread, [1.0, f64::from(last)]).whole()
        };

        let title = "Training curves";
        let mut entries: Vec<(Key, String)> =
            names(&rows).into_iter().map(|(row, name)| (Key::Solid(color(row)), name)).collect();
        if !theirs.is_empty() {
            entries.push((Key::Dashed(MUTED), "authors, same colours".into()));
        }
        let top = head_height(title, &entries);
        let height = top + if sparse.is_empty() { PANEL + 36.0 } else { 2.0 * PANEL + 82.0 };
        let mut scene = Scene::new(style::WIDTH, height);
        head(&mut scene, title, &entries);
        let shown = if sparse.is_empty() { 1 } else { 2 };
        for (index, panel) in panels.into_iter().enumerate().take(shown) {
            let from = top + 8.0 + (PANEL + 46.0) * index as f64;
            let height = PANEL - 26.0;
            let plot = Plot { from: (108.0, from), to: (style::WIDTH - 28.0, from + height), x: x.clone(), y: panel.y };
            plot.axes(&mut scene);
            for level in levels.iter().filter(|level| index == 0 || **level != "dense") {
                let values = curve(level).into_iter().map(|point| (f64::from(point.epoch), (panel.theirs)(point)));
                for piece in plot.path(values) {
                    scene.dashed(&piece, color_of(level, data.rows), THIN, 5.0, 3.5);
                }
            }
            for row in if index == 0 { &rows } else { &sparse } {
                let values = row.metrics.iter().map(|line| (f64::from(line.epoch), (panel.ours)(line)));
                let few = row.metrics.len() <= 12;
                for piece in plot.path(values) {
                    scene.line(&piece, color(row), LINE);
                    for point in piece.iter().filter(|_| few || piece.len() == 1) {
                        scene.dot(*point, MARKER - 1.5, color(row));
                    }
                }
            }
        }

        let mut caption = String::from(
            "Validation metric (above, lower is better) and compression of the sparsified runs (below) after each epoch.",
        );
        if !theirs.is_empty() {
            caption.push_str(" Solid: ours. Dashed: the authors' run of the same level, from their logs.");
        }
        if spread == Spread::Log {
            caption.push_str(" Epochs on a log scale, since ours are few beside theirs.");
        }
        if quality.1 {
            caption.push_str(" Curves of overfitting dense runs leave the plot at its upper edge.");
        }
        Ok(Picture { scene, caption })
    }
}

/// The axis of the validation metric and whether a dense run's curve leaves it: dense runs overfit by orders of
/// magnitude, which would flatten all others, so they count only up to twice the worst value of the sparse ones.
fn quality_axis(metric: Option<&str>, rows: &[&Row], theirs: &[&Point]) -> (Axis, bool) {
    let sparse = rows.iter().filter(|row| row.is_sparse()).flat_map(|row| row.metrics.iter().map(|line| line.valid));
    let sparse: Vec<f64> = sparse.chain(theirs.iter().filter(|p| p.sparsity != "dense").map(|p| p.valid)).collect();
    let dense = rows.iter().filter(|row| !row.is_sparse()).flat_map(|row| row.metrics.iter().map(|line| line.valid));
    let dense: Vec<f64> = dense.chain(theirs.iter().filter(|p| p.sparsity == "dense").map(|p| p.valid)).collect();
    let worst = sparse.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
    let limit = if worst > 0.0 { 2.0 * worst } else { f64::INFINITY };
    let leaves = dense.iter().any(|v| *v > limit);
    let shown: Vec<f64> = sparse.into_iter().chain(dense.into_iter().filter(|v| *v <= limit)).collect();
    let spread = Axis::spread_for(&shown, 3.0);
    (
        Axis::around(&format!("validation {}", axis_title(metric).replace(" (lower is better)", "")), spread, shown),
        leaves,
    )
}
