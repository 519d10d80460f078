//! Every figure stays legible with few and with many runs, at the width of the page and of a column: no text lies over
//! another, none leaves the figure, none is smaller than 7 pt in print, and no figure grows without limit.

use super::{FigureData, all, sample};
use crate::row_fixture::finished;
use crate::rows::RunRow;
use crate::scene::Scene;
use crate::style::TINY;
use sparsegate_core::cells;
use sparsegate_spec::VaryingKeys;
use sparsegate_spec::types::{CellName, Optimizer, RunSpec};
use sparsegate_store::format::EpochMetrics;
use sparsegate_testing::language_models as fixtures;

const LEVELS: [&str; 5] = ["dense", "W", "W+Voc", "W+N", "W+G+N"];

/// Finished runs of all combinations.
fn rows(levels: &[&str], cells: usize, seeds: u64, rates: &[f64]) -> (Vec<RunRow>, VaryingKeys) {
    let mut specs: Vec<RunSpec> = Vec::new();
    for cell in &cells::CELLS[..cells] {
        for level in levels {
            for rate in rates {
                for seed in 0..seeds {
                    let mut spec = RunSpec { seed, ..fixtures::spec(level) };
                    spec.model.cell = CellName(*cell);
                    let Optimizer::Adam(adam) = &mut spec.train.optimizer;
                    adam.lr = *rate;
                    specs.push(spec);
                }
            }
        }
    }
    let varying = VaryingKeys::of(&specs);
    let without_seed = varying.without(&["seed"]);
    let row = |(index, spec): (usize, &RunSpec)| {
        let level = spec.sparsity.name.as_str();
        let Optimizer::Adam(adam) = &spec.train.optimizer;
        // Neighbouring settings have similar values, as in a real sweep.
        let shift = 1.0 + 0.3 * (adam.lr / 2e-3).log10().abs() + 0.01 * (index as f64).sin();
        let metrics: Vec<EpochMetrics> = (1..=10)
            .map(|n| {
                let mut line = fixtures::epoch(level, n, 10);
                line.valid *= shift;
                line.test *= shift;
                line.trained_share = (level == "W+G+N").then(|| 1.0 / f64::from(n));
                line
            })
            .collect();
        RunRow {
            run: format!("k{index}"),
            label: varying.label(spec),
            point: without_seed.label(spec),
            times: (1..=10).map(fixtures::epoch_time).collect(),
            structure: metrics.last().map(|line| fixtures::structure(line).into()),
            metrics: metrics.into(),
            ..finished(spec.clone())
        }
    };
    (specs.iter().enumerate().map(row).collect(), varying)
}

/// What is wrong with the texts of a figure.
fn problems(scene: &Scene) -> Vec<String> {
    let boxes = scene.text_boxes();
    let mut found = Vec::new();
    for (index, (text, size, from, to)) in boxes.iter().enumerate() {
        if *size < TINY {
            found.push(format!("`{text}` has size {size:.1}"));
        }
        if from.0 < -0.5 || from.1 < -0.5 || to.0 > scene.width() + 0.5 || to.1 > scene.height() + 0.5 {
            found.push(format!("`{text}` leaves the figure: {from:?} {to:?}"));
        }
        for (other, _, other_from, other_to) in &boxes[index + 1..] {
            let apart = to.0 <= other_from.0 + 0.5
                || other_to.0 <= from.0 + 0.5
                || to.1 <= other_from.1 + 0.5
                || other_to.1 <= from.1 + 0.5;
            if !apart {
                found.push(format!("`{text}` and `{other}` overlap at {from:?}"));
            }
        }
    }
    found
}

fn check(levels: &[&str], cells: usize, seeds: u64, rates: &[f64]) {
    let (rows, varying) = rows(levels, cells, seeds, rates);
    let mut wrong = Vec::new();
    // A column of 8.5 cm, the page, and 17 cm.
    for width in [416.0, 820.0, 832.0] {
        let data = FigureData { rows: &rows, varying: &varying, authors: None, width };
        for figure in all(data) {
            let sample = sample(&rows, figure.most());
            let data = sample.as_ref().map_or(data, |(rows, _)| FigureData { rows, ..data });
            let Ok(drawn) = figure.draw(data) else { continue };
            if drawn.scene.height() > 4_000.0 {
                wrong.push(format!("{} is {} pixels high", figure.name(), drawn.scene.height()));
            }
            let problems = problems(&drawn.scene).into_iter().take(4);
            wrong.extend(problems.map(|problem| format!("{} at {width}: {problem}", figure.name())));
        }
    }
    assert!(wrong.is_empty(), "{} runs:\n{}", rows.len(), wrong.join("\n"));
}

#[test]
fn two_runs() {
    check(&["dense", "W+G+N"], 1, 1, &[2e-3]);
}

#[test]
fn twelve_runs() {
    check(&["dense", "W", "W+N", "W+G+N"], 1, 1, &[1e-3, 2e-3, 4e-3]);
}

#[test]
fn two_cells_five_levels_and_five_seeds() {
    check(&LEVELS, 2, 5, &[2e-3]);
}

#[test]
fn sixty_runs_of_one_seed() {
    check(&LEVELS, 2, 1, &[5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2]);
}

#[test]
fn two_thousand_runs() {
    let rates: Vec<f64> = (0..200).map(|n| 1e-4 * 1.03_f64.powi(n)).collect();
    check(&LEVELS, 2, 1, &rates);
}

/// Panels without room side by side stand in several lines, also at the least width that can be asked for.
#[test]
fn four_cells_and_three_seeds_in_a_narrow_column() {
    let (rows, varying) = rows(&LEVELS, 4, 3, &[1e-3, 4e-3]);
    for (name, panels) in [("curves", 12), ("epoch-seconds", 8), ("over-lr", 8), ("gates-by-kind", 0)] {
        for width in [416.0, 245.0] {
            let data = FigureData { rows: &rows, varying: &varying, authors: None, width };
            let figure = all(data).into_iter().find(|figure| figure.name() == name).expect(name);
            let scene = figure.draw(data).expect("runs to show").scene;
            let frames = scene.frames();
            assert_eq!(frames.len(), panels, "{name}");
            for (from, to) in frames {
                let inside = from.0 > 0.0 && to.0 < width && from.1 > 0.0 && to.1 < scene.height();
                assert!(inside && to.0 - from.0 > 79.0 && to.1 - from.1 > 79.0, "{name} at {width}: {from:?} {to:?}");
            }
            let wrong = if width > 400.0 { problems(&scene) } else { Vec::new() };
            assert!(wrong.is_empty(), "{name} at {width}: {}", wrong.join("\n"));
        }
    }
}

#[test]
fn a_sample_has_every_cell_and_level() {
    let (rows, _) = rows(&LEVELS, 2, 2, &[5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2]);
    let (shown, note) = sample(&rows, 24).expect("60 points are too many");
    assert_eq!(shown.len(), 40, "two settings of each of ten groups, both seeds");
    for cell in &cells::CELLS[..2] {
        for level in LEVELS {
            let of = shown.iter().filter(|row| row.cell() == cell.name() && row.level() == level);
            assert_eq!(of.count(), 4, "{level}");
        }
    }
    assert!(note.contains("20 of 60 settings"), "{note}");
    assert!(sample(&rows, 60).is_none());
}
