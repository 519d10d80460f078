//! `backends`: how rounding differences between backends grow over the epochs.

use plotters::style::RGBColor;

use super::{DrawnFigure, Figure, FigureData, SkipReason, by_cell, facet_name, facet_room, head, head_height};
use crate::axis::{Axis, AxisScale};
use crate::chart::{LegendSymbol, Plot, columns};
use crate::drift::{BackendDrift, OBJECTIVE_TOLERANCE, drifts};
use crate::rows::RunRow;
use crate::scene::{Align, CurveValues, Scene};
use crate::style::{self, LINE, MARKER, MUTED, SMALL, THIN};

/// Drift of the training objective between backends, per epoch.
pub struct BackendsFigure;

/// Legend entry of the dashed curves.
const DENSE: &str = "dense runs, same colours";

/// Height of a panel including its axis.
const PANEL: f64 = 300.0;

impl Figure for BackendsFigure {
    fn name(&self) -> &'static str {
        "backends"
    }

    fn applies(&self, data: FigureData<'_>) -> bool {
        !drifts(data.rows).is_empty()
    }

    fn draw(&self, data: FigureData<'_>) -> Result<DrawnFigure, SkipReason> {
        let found = drifts(data.rows);
        let others: Vec<&BackendDrift<'_>> = found.iter().filter(|drift| !drift.is_reference()).collect();
        let curves: Vec<(&BackendDrift<'_>, Vec<(u32, f64)>)> =
            others.iter().map(|drift| (*drift, drift.objective())).collect();
        let shown = |value: &f64| value.is_finite() && *value > 0.0;
        let values: Vec<f64> =
            curves.iter().flat_map(|(_, curve)| curve.iter().map(|(_, y)| *y)).filter(shown).collect();
        if values.is_empty() {
            return Err(SkipReason("the backends agree on every bit of the objective".into()));
        }
        let last = curves.iter().flat_map(|(_, curve)| curve.iter().map(|(epoch, _)| *epoch)).max().unwrap_or(1);
        let x = Axis::exact("epoch", 0.5, f64::from(last) + 0.5).integer_ticks();
        let y = Axis::around(
            "relative drift of the objective",
            AxisScale::Log,
            values.into_iter().chain([OBJECTIVE_TOLERANCE]),
        );

        let mut backends: Vec<String> = Vec::new();
        for drift in &others {
            let name = drift.backend();
            if !backends.contains(&name) {
                backends.push(name);
            }
        }
        let color = |drift: &BackendDrift<'_>| {
            style::backend(backends.iter().position(|name| *name == drift.backend()).unwrap_or_default())
        };
        let rows: Vec<&RunRow> = others.iter().map(|drift| drift.row).collect();
        let cells = by_cell(&rows);
        let both = rows.iter().any(|row| row.is_sparse()) && rows.iter().any(|row| !row.is_sparse());
        let entries = legend(&backends, both);
        let title = "Backends";
        let columns = columns(data.width, cells.len(), 88.0);
        let panel = facet_room(cells.len()) + PANEL + 46.0;
        let top = head_height(data.width, title, &entries);
        let mut scene = Scene::new(data.width, top + panel * cells.len().div_ceil(columns.len()) as f64);
        head(&mut scene, title, &entries);
        for (index, (cell, _)) in cells.iter().enumerate() {
            let (left, right) = columns[index % columns.len()];
            let below = top + panel * (index / columns.len()) as f64 + facet_room(cells.len());
            let (from, to) = ((left, below + 8.0), (right, below + PANEL - 18.0));
            let mut plot = Plot { from, to, x: x.clone(), y: y.clone() };
            if index % columns.len() > 0 {
                plot.y.title.clear();
            }
            plot.axes(&mut scene);
            facet_name(&mut scene, cells.len(), &plot, cell);
            limit(&mut scene, &plot);
            let mut values = Vec::new();
            for (drift, curve) in curves.iter().filter(|(drift, _)| drift.row.cell() == *cell) {
                let backend = drift.backend();
                let dashed = both && !drift.row.is_sparse();
                let series = [backend.as_str(), if dashed { DENSE } else { "" }];
                scene.of_series(&series, |scene| {
                    for piece in
                        plot.path(curve.iter().filter(|(_, y)| shown(y)).map(|(epoch, y)| (f64::from(*epoch), *y)))
                    {
                        if dashed {
                            scene.dashed(&piece, color(drift), LINE, 5.0, 3.5);
                        } else {
                            scene.line(&piece, color(drift), LINE);
                        }
                        for point in piece.iter().filter(|_| curve.len() <= 12) {
                            scene.dot(*point, MARKER - 1.5, color(drift));
                        }
                    }
                });
                let points: Vec<(f64, f64, Option<f64>)> = curve
                    .iter()
                    .map(|(epoch, y)| (f64::from(*epoch), if shown(y) { *y } else { f64::NAN }, None))
                    .collect();
                values.push(CurveValues::new(&scene, &series, drift.row.title(), color(drift), &points, 1));
            }
            plot.curve_values(&mut scene, &y.title, cell, values);
        }
        let reference = others.first().map_or_else(String::new, |drift| drift.reference.spec.backend.to_string());
        let caption = format!(
            "Difference of each epoch's mean training objective from that of the same run on {reference}, relative to \
             the sum of the absolute values of data loss and KL term. Initial values, batches and noise are the same; \
             only the order of additions and the rounding differ, and training amplifies these differences. Epochs \
             without any difference are not drawn."
        );
        Ok(DrawnFigure { scene, caption })
    }
}

/// Draws the tolerance, which applies only to the first epoch.
fn limit(scene: &mut Scene, plot: &Plot) {
    let at = |x: f64| plot.at(x, OBJECTIVE_TOLERANCE);
    scene.line(&[at(0.6), at(1.4)], MUTED, THIN);
    let end = at(1.4);
    scene.text((end.0 + 6.0, end.1), "tolerance", SMALL, MUTED, Align::Start);
}

fn legend(backends: &[String], both: bool) -> Vec<(LegendSymbol, String)> {
    let color = |index: usize| -> RGBColor { style::backend(index) };
    let mut entries: Vec<(LegendSymbol, String)> =
        backends.iter().enumerate().map(|(index, name)| (LegendSymbol::Solid(color(index)), name.clone())).collect();
    if both {
        entries.push((LegendSymbol::Dashed(MUTED), DENSE.into()));
    }
    entries
}
