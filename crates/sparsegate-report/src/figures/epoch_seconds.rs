//! `epoch-seconds`: seconds of each epoch, and the fraction of the parameters that it trained.

use super::epoch_curves::{
    self, EpochPanel, PANEL, PLOT, block_height, drops_dead, epoch_axis, legend_of, trained_share,
};
use super::{
    DrawnFigure, Figure, FigureData, SkipReason, by_cell, facet_name, facet_room, head, head_height, intervals_text,
};
use crate::axis::{Axis, AxisScale};
use crate::chart::{Plot, columns};
use crate::points::{self, Point};
use crate::rows::RunRow;
use crate::scene::Scene;

/// Seconds an epoch over epochs, of the runs that stored them.
pub struct EpochSecondsFigure;

/// Slowest over fastest epoch from which on the axis is logarithmic.
const WIDE: f64 = 10.0;

impl Figure for EpochSecondsFigure {
    fn name(&self) -> &'static str {
        "epoch-seconds"
    }

    fn most(&self) -> usize {
        40
    }

    fn applies(&self, data: FigureData<'_>) -> bool {
        data.rows.iter().any(|row| seconds(row).count() > 1)
    }

    fn draw(&self, data: FigureData<'_>) -> Result<DrawnFigure, SkipReason> {
        // Runs without times are left out before seeds are pooled: a mean over all seeds would not be known.
        let timed = |row: &&RunRow| seconds(row).next().is_some();
        let rows: Vec<&RunRow> = data.rows.iter().filter(timed).collect();
        let rows: Vec<&RunRow> = by_cell(&rows).into_iter().flat_map(|(_, rows)| rows).collect();
        let last = rows.iter().map(|row| row.epochs()).max();
        let last = last.ok_or_else(|| SkipReason("no run has stored the time of an epoch".into()))?;
        let mut panels = vec![EpochPanel {
            y: seconds_axis(&rows.iter().flat_map(|row| seconds(row)).collect::<Vec<f64>>()),
            of: Box::new(|row, line| row.seconds_of(line.epoch).unwrap_or(f64::NAN)),
            dense: true,
        }];
        let dropping = drops_dead(rows.iter().copied());
        panels.extend(dropping.then(|| trained_share(true)));

        let title = "Seconds an epoch";
        let pooled: Vec<(&str, Vec<Point<'_>>)> =
            by_cell(&rows).into_iter().map(|(cell, rows)| (cell, points::of(rows))).collect();
        let entries = legend_of(&pooled);
        let columns = columns(data.width, pooled.len(), 88.0);
        let block = block_height(panels.len(), pooled.len());
        let top = head_height(data.width, title, &entries);
        let mut scene = Scene::new(data.width, top + block * pooled.len().div_ceil(columns.len()) as f64);
        head(&mut scene, title, &entries);
        for (line, panel) in panels.iter().enumerate() {
            for (index, (cell, facet)) in pooled.iter().enumerate() {
                let (left, right) = columns[index % columns.len()];
                let below = top + block * (index / columns.len()) as f64;
                let from = below + facet_room(pooled.len()) + 8.0 + PANEL * line as f64;
                let x = epoch_axis(last, AxisScale::Linear);
                let mut plot = Plot { from: (left, from), to: (right, from + PLOT), x, y: panel.y.clone() };
                if index % columns.len() > 0 {
                    plot.y.title.clear();
                }
                plot.axes(&mut scene);
                if line == 0 {
                    facet_name(&mut scene, pooled.len(), &plot, cell);
                }
                let values = epoch_curves::draw(&mut scene, &plot, facet, panel, &entries);
                plot.curve_values(&mut scene, &panel.y.title, if pooled.len() > 1 { cell } else { "" }, values);
            }
        }

        let all: Vec<&Point<'_>> = pooled.iter().flat_map(|(_, points)| points).collect();
        let mut caption = String::from(if dropping { WITH_SHARE } else { SECONDS_ONLY });
        caption.push_str(
            " It is the time on a clock of the machine named in the provenance, beside whatever else it did.",
        );
        caption.push_str(&intervals_text(&all, "bands"));
        if data.rows.iter().any(|row| row.last().is_some() && !timed(&row)) {
            caption.push_str(" Runs without stored times are not shown.");
        }
        Ok(DrawnFigure { scene, caption })
    }
}

/// Beginning of the caption.
const SECONDS_ONLY: &str = "Time that each epoch took with its evaluations.";
/// The same with a second panel.
const WITH_SHARE: &str = "Time that each epoch took with its evaluations (top), and the fraction of the parameters \
                          that it trained (bottom): all of them without `train.drop_dead`.";

/// The stored seconds of the run's epochs.
fn seconds(row: &RunRow) -> impl Iterator<Item = f64> {
    row.metrics.iter().filter_map(|line| row.seconds_of(line.epoch))
}

/// An axis from zero, on which lengths compare, or a logarithmic one if the values are far apart.
fn seconds_axis(values: &[f64]) -> Axis {
    const TITLE: &str = "seconds an epoch";
    if Axis::scale_for(values, WIDE) == AxisScale::Log {
        return Axis::around(TITLE, AxisScale::Log, values.iter().copied());
    }
    let slowest = values.iter().copied().fold(0.0, f64::max);
    Axis::exact(TITLE, 0.0, if slowest > 0.0 { 1.08 * slowest } else { 1.0 })
}
