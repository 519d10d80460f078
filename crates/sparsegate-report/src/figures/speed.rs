//! `speed`: speed-up of the compact models over the dense networks, next to the reduction in multiply-adds.

use super::{DrawnFigure, Figure, FigureData, SkipReason, head, head_height, named_values};
use crate::axis::{Axis, AxisScale};
use crate::chart::{LegendSymbol, Plot, fitted};
use crate::number::ratio;
use crate::scene::{Align, Scene, text_width};
use crate::speedup::{ReadMode, RunSpeed, name, speedups};
use crate::style::{self, GRID, INK, LABEL, MUTED, SMALL};
use sparsegate_store::speed::{Implementation, InputMode};

/// Measured speed-ups.
pub struct SpeedFigure;

/// What the compact models are compared with, one panel each.
const PANELS: [(Implementation, &str); 4] = [
    (Implementation::PytorchEager, "times as fast as PyTorch on the dense network"),
    (Implementation::OnnxruntimeDense, "times as fast as ONNX Runtime on the dense network"),
    (Implementation::OnnxruntimeInt8, "both with 8 bits: times as fast as ONNX Runtime on the dense network"),
    (Implementation::Dense, "times as fast as our own runtime on the dense network"),
];

/// Legend entry of the reduction in multiply-adds.
const MACS: &str = "fewer multiply-adds";

/// Height of a run's row.
const STEP: f64 = 40.0;
/// Vertical distance between the marks of two reading modes.
const APART: f64 = 7.0;

impl Figure for SpeedFigure {
    fn name(&self) -> &'static str {
        "speed"
    }

    fn most(&self) -> usize {
        24
    }

    fn applies(&self, data: FigureData<'_>) -> bool {
        !speedups(data.rows).is_empty()
    }

    fn draw(&self, data: FigureData<'_>) -> Result<DrawnFigure, SkipReason> {
        let found = speedups(data.rows);
        let mut read_modes: Vec<ReadMode> = found.iter().flat_map(RunSpeed::read_modes).collect();
        read_modes.sort_by_key(|(mode, batch)| (*mode == InputMode::Whole, *batch));
        read_modes.dedup();
        let panels: Vec<&(Implementation, &str)> = PANELS
            .iter()
            .filter(|(implementation, _)| {
                found
                    .iter()
                    .any(|run| read_modes.iter().any(|read_mode| run.ratio_to(*implementation, *read_mode).is_some()))
            })
            .collect();
        if panels.is_empty() {
            return Err(SkipReason("no dense network was timed together with the compact model".into()));
        }
        let threads = found.iter().map(|run| run.threads).max().unwrap_or(1);
        let title = "Speed of the forward pass";
        let mut entries: Vec<(LegendSymbol, String)> = read_modes
            .iter()
            .enumerate()
            .map(|(index, read_mode)| (mark(*read_mode, index), name(*read_mode)))
            .collect();
        entries.push((LegendSymbol::Tick(INK), MACS.to_owned()));
        let top = head_height(data.width, title, &entries);
        let names =
            found.iter().map(|run| text_width(&run.row.title(), SMALL)).fold(0.0, f64::max).min(0.29 * data.width);
        let panel_height = STEP * found.len() as f64 + 74.0;
        let mut scene = Scene::new(data.width, top + panels.len() as f64 * panel_height + 6.0);
        head(&mut scene, title, &entries);
        for (index, (implementation, title)) in panels.into_iter().enumerate() {
            let from_y = top + 8.0 + panel_height * index as f64;
            // A model of which nothing is left is as fast as it likes; its ratios would compress those of the others.
            let determining: Vec<&RunSpeed<'_>> = found.iter().filter(|run| run.row.collapsed().is_none()).collect();
            let determining = if determining.is_empty() { found.iter().collect() } else { determining };
            let shown = determining.iter().flat_map(|run| {
                read_modes
                    .iter()
                    .filter_map(|read_mode| run.ratio_to(*implementation, *read_mode))
                    .flatten()
                    .chain(run.mac_ratio())
                    .chain([1.0])
            });
            let plot = Plot {
                from: (34.0 + names, from_y),
                to: (data.width - 110.0, from_y + STEP * found.len() as f64),
                x: Axis::around(title, AxisScale::Log, shown),
                y: Axis::exact("", 0.0, 1.0),
            };
            panel(&mut scene, &plot, &found, &read_modes, *implementation);
        }
        let caption = format!(
            "Tokens per second of the compact model relative to the dense network, on up to {threads} threads of one \
             machine, both timed in turns. Marks: medians; bars: the range of ratios within both 95 % confidence \
             intervals. Vertical lines: the reduction in multiply-adds per token. Marks to the left of the line gain \
             less than this reduction, because memory bandwidth, the use of vector units or the rows that can be \
             skipped limit them; marks to the right gain more, because the model fits into a faster cache or the other \
             program spends its time elsewhere."
        );
        Ok(DrawnFigure { scene, caption })
    }
}

/// The mark of a reading mode: a ring for streaming, a dot with its own colour for each batch size.
fn mark(read_mode: ReadMode, index: usize) -> LegendSymbol {
    match read_mode.0 {
        InputMode::Streaming => LegendSymbol::Ring(INK),
        InputMode::Whole => LegendSymbol::Dot(style::backend(index)),
    }
}

fn panel(
    scene: &mut Scene,
    plot: &Plot,
    found: &[RunSpeed<'_>],
    read_modes: &[ReadMode],
    implementation: Implementation,
) {
    for (value, label) in plot.x.ticks(6) {
        let x = plot.at(value, 0.0).0;
        scene.line(&[(x, plot.from.1), (x, plot.to.1)], GRID, 1.0);
        scene.text((x, plot.to.1 + 13.0), label, SMALL, INK, Align::Middle);
    }
    let one = plot.at(1.0, 0.0).0;
    scene.line(&[(one, plot.from.1), (one, plot.to.1)], MUTED, 1.2);
    let middle = (plot.from.0 + plot.to.0) / 2.0;
    scene.text((middle, plot.to.1 + 36.0), format!("{}, log scale", plot.x.title), LABEL, INK, Align::Middle);
    for (line, run) in found.iter().enumerate() {
        let y = plot.from.1 + STEP * (line as f64 + 0.5);
        let (title, size) = fitted(&run.row.title(), SMALL, plot.from.0 - 33.0);
        scene.text((plot.from.0 - 9.0, y), title, size, INK, Align::End);
        if let Some(mac_ratio) = run.mac_ratio() {
            let x = plot.at(mac_ratio, 0.0).0;
            scene.of_series(&[MACS], |scene| {
                scene.line(&[(x, y - 15.0), (x, y + 15.0)], INK, 2.5);
                let values = [("multiply-adds per token, dense over compact", ratio(mac_ratio))];
                scene.point_values((x, y - 13.0), run.row.title(), named_values(values));
            });
        }
        let mut best = None::<f64>;
        for (index, read_mode) in read_modes.iter().enumerate() {
            let Some([median, low, high]) = run.ratio_to(implementation, *read_mode) else { continue };
            best = Some(best.map_or(median, |best| best.max(median)));
            let y = y + APART * (index as f64 - (read_modes.len() as f64 - 1.0) / 2.0);
            let at = |value: f64| plot.at(value, 0.0).0;
            let color = if let LegendSymbol::Dot(color) = mark(*read_mode, index) { color } else { INK };
            let mode = name(*read_mode);
            scene.of_series(&[&mode], |scene| {
                scene.line(&[(at(low), y), (at(high), y)], color, 1.6);
                if read_mode.0 == InputMode::Streaming {
                    scene.ring((at(median), y), 4.0, color, 1.6);
                } else {
                    scene.dot((at(median), y), 4.0, color);
                }
                let range = format!("{} ({} to {})", ratio(median), ratio(low), ratio(high));
                let values = [(plot.x.title.as_str(), range), ("reading", mode.clone())];
                scene.point_values((at(median), y), run.row.title(), named_values(values));
            });
        }
        if let Some(best) = best {
            scene.text((plot.to.0 + 10.0, y), format!("up to {}", ratio(best)), SMALL, INK, Align::Start);
        }
    }
}
