//! `quality-compression`: the test metric against compression.

use super::{Figure, FigureData, Picture, Skipped, color, color_of, epochs_text, head, head_height, measured, names};
use crate::report::authors::Point;
use crate::report::axis::{Axis, Spread};
use crate::report::chart::{Key, Labels, Plot};
use crate::report::metric::axis_title;
use crate::report::rows::Row;
use crate::report::scene::Scene;
use crate::report::style::{self, MARKER, MUTED};
use crate::store::format::EpochMetrics;

/// One point a run: what it costs and what it saves.
pub struct QualityCompression;

/// The epoch that a run is shown by: the last one, and for a dense run the one with the best validation value, since
/// nothing keeps it from overfitting and the papers quote that one.
fn shown(row: &Row) -> Option<&EpochMetrics> {
    if row.is_sparse() { row.last() } else { row.metrics.iter().min_by(|a, b| a.valid.total_cmp(&b.valid)) }
}

impl Figure for QualityCompression {
    fn name(&self) -> &'static str {
        "quality-compression"
    }

    fn draw(&self, data: FigureData<'_>) -> Result<Picture, Skipped> {
        let rows = measured(&data)?;
        let ours: Vec<(&Row, &EpochMetrics)> = rows
            .iter()
            .filter_map(|row| shown(row).map(|line| (*row, line)))
            .filter(|(_, line)| line.test.is_finite() && line.counts.compression.is_finite())
            .collect();
        if ours.is_empty() {
            return Err(Skipped("no run has a finite test metric".into()));
        }
        let authors: Vec<&Point> = data.authors.map_or_else(Vec::new, |authors| {
            let best = |point: &Point| if point.sparsity == "dense" { authors.best_of("dense") } else { None };
            authors.last.iter().map(|point| best(point).unwrap_or(point)).collect()
        });
        let compressions =
            ours.iter().map(|(_, line)| line.counts.compression).chain(authors.iter().map(|p| p.compression));
        let qualities: Vec<f64> =
            ours.iter().map(|(_, line)| line.test).chain(authors.iter().map(|p| p.test)).collect();
        let metric = ours.iter().find_map(|(row, _)| row.metric.as_deref());
        let x = Axis::around("compression (all weights / kept weights)", Spread::Log, compressions);
        let y = Axis::around(&format!("test {}", axis_title(metric)), Axis::spread_for(&qualities, 3.0), qualities);

        let title = "Quality against compression";
        let mut entries = vec![(Key::Dot(MUTED), format!("ours, {}", epochs_text(&rows)))];
        if let Some(last) = authors.iter().map(|point| point.epoch).max() {
            entries.push((Key::Ring(MUTED), format!("authors, after {last} epochs (dense: best epoch)")));
        }
        let top = head_height(title, &entries);
        let height = top + 400.0;
        let mut scene = Scene::new(style::WIDTH, height);
        head(&mut scene, title, &entries);
        let plot = Plot { from: (108.0, top + 8.0), to: (style::WIDTH - 28.0, height - 66.0), x, y };
        plot.axes(&mut scene);

        let mut labels = Labels::default();
        let place = |point: &Point| plot.at(point.compression, point.test);
        for point in &authors {
            labels.keep_clear(place(point), MARKER + 2.0);
            scene.ring(place(point), MARKER + 1.0, color_of(&point.sparsity, data.rows), 2.0);
        }
        let at = |line: &EpochMetrics| plot.at(line.counts.compression, line.test);
        for (_, line) in &ours {
            labels.keep_clear(at(line), MARKER + 2.0);
        }
        for (row, line) in &ours {
            scene.dot(at(line), MARKER + 0.5, color(row));
        }
        for (row, name) in names(&rows) {
            if let Some((_, line)) = ours.iter().find(|(other, _)| other.run == row.run) {
                labels.draw(&mut scene, (plot.from, plot.to), at(line), &name);
            }
        }
        for point in authors.iter().filter(|point| ours.iter().all(|(row, _)| row.level() != point.sparsity)) {
            labels.draw(&mut scene, (plot.from, plot.to), place(point), &format!("{} (authors)", point.sparsity));
        }

        let mut caption = String::from(
            "Test metric against compression on a log scale, one point a run; to the right and low is better. \
             Compression counts surviving weights of all layers as the authors do, without biases. A dense run is \
             shown at its epoch with the best validation value, a sparse one at its last.",
        );
        if !authors.is_empty() {
            caption.push_str(" Open circles are the authors' runs of the same level, in the same colour.");
        }
        Ok(Picture { scene, caption })
    }
}
