//! Untrained networks: of every kind, and with random structures.

use camino::Utf8Path;
use libtest_mimic::Failed;
use sparsegate_runtime::format::File;
use sparsegate_runtime::int8::IntegerProducts;
use sparsegate_runtime::model::{Sizes, Task};
use sparsegate_runtime::synthetic::{ModelShape, WeightCounts};
use sparsegate_runtime::{Activation, Cell, Model};

use sparsegate_testing::formulas::cells;

use crate::case::Case;

const TASKS: [Task; 2] = [Task::LanguageModel, Task::Classification];
const ACTIVATIONS: [Activation; 2] = [Activation::Sigmoid, Activation::HardSigmoid];
const STEPS: usize = 19;
const BATCH: usize = 5;

/// Random number generator: Knuth's LCG.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(limit.max(1))) as u32
    }

    /// None, all or a part of a size.
    fn part(&mut self, of: u32) -> u32 {
        match self.below(4) {
            0 => 0,
            1 => of,
            _ => self.below(of + 1),
        }
    }
}

/// Writes cases of a network: as it is, with 8-bit weights, and with products in integers. Their sequences contain
/// every symbol, those without a row included, and the id after the last one.
fn write(folder: &Utf8Path, name: &str, shape: &ModelShape, seed: u64) -> Result<(), Failed> {
    let model = shape.model(seed);
    write_model(folder, name, &model, seed, None)?;
    let int8 = |recurrent, output| model.to_int8_with(IntegerProducts { recurrent, output });
    write_model(folder, &format!("{name}-int8"), &int8(false, false), seed, None)?;
    // The graph has one scale for the states of all steps and sequences, and no integers in the recurrent layer.
    if matches!(model.cell, Cell::BuiltIn(_)) && model.units() > 0 {
        write_model(folder, &format!("{name}-int8-output"), &int8(false, true), seed, Some(0.05))?;
        write_model(folder, &format!("{name}-int8-both"), &int8(true, true), seed, Some(0.1))?;
    }
    Ok(())
}

fn write_model(folder: &Utf8Path, name: &str, model: &Model<f32>, seed: u64, limit: Option<f64>) -> Result<(), Failed> {
    let file = File { model: model.clone(), details: String::new() };
    let mut draws = Lcg(seed);
    let sequences =
        (0..BATCH).map(|_| (0..STEPS).map(|_| draws.below(file.model.symbols.total + 1)).collect()).collect();
    let lengths = (0..BATCH).map(|_| 1 + draws.below(STEPS as u32) as usize).collect();
    let case = Case { file: &file, sequences, lengths, limit };
    case.export(folder, name)?;
    case.expect(folder, name)
}

/// Writes networks of every cell, those with a formula included, and of every activation and task; with and without an
/// embedding; with few and with many symbols compared to the preactivations; with one output and several.
pub fn every_kind(folder: &Utf8Path) -> Result<(), Failed> {
    let mut seed = 0;
    for cell in cells() {
        for activation in ACTIVATIONS {
            for task in TASKS {
                for (dimensions, symbols, outputs) in [(0, 11, 7), (0, 90, 1), (6, 40, 4)] {
                    let original = Sizes { symbols, dimensions, units: 12, outputs };
                    let dense = ModelShape::dense(cell.clone(), activation, task, original);
                    let half = |count: usize| count / 3;
                    let WeightCounts { embedding, input, recurrent, output } = dense.weights;
                    let weights = WeightCounts {
                        embedding: half(embedding),
                        input: half(input),
                        recurrent: half(recurrent),
                        output: half(output),
                    };
                    let live = (0..cell.kinds() as u32).map(|kind| 3 + kind).collect();
                    let sparse = ModelShape { symbols: symbols - 4, units: 8, live, weights, ..dense.clone() };
                    for (what, shape) in [("whole", dense), ("left", sparse)] {
                        let name =
                            format!("{}-{}-{task:?}-{dimensions}-{symbols}-{what}", cell.name(), activation.name());
                        write(folder, &name, &shape, seed)?;
                        seed += 1;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Writes random networks, in which any part or everything may be pruned.
pub fn at_random(folder: &Utf8Path) -> Result<(), Failed> {
    let cells = cells();
    for seed in 0..240 {
        let mut draws = Lcg(seed);
        let (at, next) = (seed as usize % cells.len(), seed as usize / cells.len());
        let cell = &cells[at];
        let original = Sizes {
            symbols: draws.part(60),
            dimensions: draws.part(8),
            units: 1 + draws.below(24),
            outputs: 1 + draws.below(20),
        };
        let (units, dimensions) = (draws.part(original.units), draws.part(original.dimensions));
        let dense = ModelShape::dense(cell.clone(), ACTIVATIONS[next % 2], TASKS[next / 2 % 2], original);
        let mut part = |count: usize| draws.part(count as u32) as usize;
        let WeightCounts { embedding, input, recurrent, output } = dense.weights;
        let weights = WeightCounts {
            embedding: part(embedding),
            input: part(input),
            recurrent: part(recurrent),
            output: part(output),
        };
        let shape = ModelShape {
            symbols: draws.part(original.symbols),
            dimensions: (original.dimensions > 0).then_some(dimensions),
            units,
            live: (0..cell.kinds()).map(|_| draws.part(units)).collect(),
            weights,
            ..dense
        };
        write(folder, &format!("{seed:03}-{}", cell.name()), &shape, seed)?;
    }
    Ok(())
}
