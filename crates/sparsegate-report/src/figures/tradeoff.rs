//! `tradeoff`: validation metric against compression along the weight of the KL term, one curve for each level.

use super::over::{Series, run_of, series, series_legend};
use super::{DrawnFigure, Figure, FigureData, SkipReason, facet_name, facet_room, head, head_height, named_values};
use crate::axis::{Axis, AxisScale};
use crate::best;
use crate::chart::{LabelPlacer, LegendSymbol, Plot, columns};
use crate::metric;
use crate::number::ratio;
use crate::points::Point;
use crate::recommend::recommendations;
use crate::scene::Scene;
use crate::style::{INK, LINE, MARKER};
use sparsegate_core::EvaluationMetric;

/// The curve from which one picks a network: quality against compression as the weight of the KL term rises.
pub struct TradeoffFigure;

/// The swept key.
const KEY: &str = "train.kl.weight";

/// Legend entry of the rings.
const BEST: &str = "best of its level by validation";

/// Height of a panel including its axis.
const PANEL: f64 = 400.0;

impl Figure for TradeoffFigure {
    fn name(&self) -> &'static str {
        "tradeoff"
    }

    fn applies(&self, data: FigureData<'_>) -> bool {
        data.varying.contains(KEY)
    }

    fn draw(&self, data: FigureData<'_>) -> Result<DrawnFigure, SkipReason> {
        let metric = data.rows.iter().find_map(|row| row.metric);
        let series: Vec<Series<'_>> = series(&data, KEY, metric).into_iter().filter(|one| one.sparse).collect();
        if series.is_empty() {
            return Err(SkipReason("no sparse run with a KL weight has finished without collapsing".into()));
        }
        let mut cells: Vec<&'static str> = Vec::new();
        for one in &series {
            if !cells.contains(&one.cell) {
                cells.push(one.cell);
            }
        }
        let all: Vec<&(f64, Point<'_>, _, _)> = series.iter().flat_map(|one| &one.points).collect();
        let compressions: Vec<f64> = all.iter().map(|at| at.3.mean).collect();
        let qualities: Vec<f64> = all.iter().map(|at| at.2.mean).collect();
        let x = Axis::around("compression", AxisScale::Log, compressions.iter().copied());
        let title = format!("validation {}", metric::axis_title(metric));
        let y = Axis::around(&title, metric::axis_scale(metric, &qualities), qualities);

        let title = "Quality against compression over the KL weight";
        let mut entries = series_legend(&series);
        entries.push((LegendSymbol::Ring(INK), BEST.into()));
        entries.push((LegendSymbol::Plain, "framed: recommended".into()));
        let chosen: Vec<&str> =
            best::settings(data.rows, data.varying).iter().map(|best| run_of(&best.point)).collect();
        let recommended: Vec<&str> = recommendations(data.rows).iter().map(|one| run_of(&one.point)).collect();
        let columns = columns(data.width, cells.len().min(2), 88.0);
        let top = head_height(data.width, title, &entries);
        let panel = PANEL + facet_room(cells.len());
        let lines = cells.len().div_ceil(columns.len());
        let mut scene = Scene::new(data.width, top + panel * lines as f64);
        head(&mut scene, title, &entries);
        for (index, cell) in cells.iter().enumerate() {
            let (left, right) = columns[index % columns.len()];
            let below = top + panel * (index / columns.len()) as f64;
            let from = (left, below + 8.0 + facet_room(cells.len()));
            let mut plot = Plot { from, to: (right, below + panel - 66.0), x: x.clone(), y: y.clone() };
            if index % columns.len() > 0 {
                plot.y.title.clear();
            }
            plot.axes(&mut scene);
            facet_name(&mut scene, cells.len(), &plot, cell);
            let here: Vec<&Series<'_>> = series.iter().filter(|one| one.cell == *cell).collect();
            curves(&mut scene, &plot, &here, metric, &chosen, &recommended);
        }

        let points: Vec<&Point<'_>> = all.iter().map(|at| &at.1).collect();
        let mut caption = String::from(
            "Validation metric against compression of the finished sparse runs after their last epoch, joined in the \
             order of the KL weight, which stands at each point if there is room. Rings: the best setting of each cell \
             and level by the validation metric, which `train.select: best` would prefer, too. Framed: the recommended \
             network of each cell, the smallest one within one standard deviation (with one seed, one percent) of the \
             best.",
        );
        if points.iter().any(|point| point.is_pooled()) {
            caption.push_str(" Means over seeds, whose intervals `quality-compression` shows.");
        }
        Ok(DrawnFigure { scene, caption })
    }
}

/// Draws the curves of a panel, with marks and the weights.
fn curves(
    scene: &mut Scene,
    plot: &Plot,
    series: &[&Series<'_>],
    metric: Option<EvaluationMetric>,
    chosen: &[&str],
    recommended: &[&str],
) {
    let valid = format!("validation {}", metric::plain_name(metric));
    let mut labels = LabelPlacer::default();
    for one in series {
        scene.of_series(&[&one.label], |scene| {
            for piece in plot.path(one.points.iter().map(|at| (at.3.mean, at.2.mean))) {
                scene.line(&piece, one.color, LINE);
            }
        });
        for (_, _, quality, compression) in &one.points {
            labels.keep_clear(plot.at(compression.mean, quality.mean), MARKER + 4.0);
        }
    }
    for one in series {
        for (weight, point, quality, compression) in &one.points {
            let at = plot.at(compression.mean, quality.mean);
            scene.of_series(&[&one.label], |scene| {
                if recommended.contains(&run_of(point)) {
                    let half = MARKER + 6.0;
                    scene.frame((at.0 - half, at.1 - half), (at.0 + half, at.1 + half), INK, 1.6);
                }
            });
            scene.of_series(&[&one.label, BEST], |scene| {
                if chosen.contains(&run_of(point)) {
                    scene.ring(at, MARKER + 3.0, INK, 1.4);
                }
            });
            scene.of_series(&[&one.label], |scene| {
                scene.dot(at, MARKER - 1.0, one.color);
                labels.draw(scene, (plot.from, plot.to), at, &weight.to_string());
                let mut values = named_values([
                    ("KL weight", weight.to_string()),
                    ("compression", compression.text(ratio)),
                    (&valid, quality.text(|x| metric::axis_text(metric, x))),
                ]);
                if recommended.contains(&run_of(point)) {
                    values.push(("recommended".into(), "yes".into()));
                }
                scene.point_values(at, point.title(), values);
            });
        }
    }
}
