//! Model shapes for property tests, including degenerate ones, of built-in cells and of cells with a formula.

use proptest::prelude::*;
use sparsegate_runtime::model::{Sizes, Task};
use sparsegate_runtime::synthetic::{ModelShape, WeightCounts};
use sparsegate_runtime::{Activation, Cell};
pub use sparsegate_testing::formulas::{cells, formula_of};

/// Shapes of every cell, from everything pruned to nothing pruned.
pub fn shapes() -> impl Strategy<Value = ModelShape> {
    shapes_of(cells())
}

/// Shapes of these cells.
pub fn shapes_of(cells: Vec<Cell>) -> impl Strategy<Value = ModelShape> {
    let sizes = (1_u32..40, prop_oneof![Just(0_u32), 1_u32..9], prop_oneof![1_u32..4, 1_u32..40], 1_u32..40);
    (
        (prop::sample::select(cells), any::<bool>(), any::<bool>()),
        sizes,
        prop::array::uniform4(share()),
        prop::array::uniform4(share()),
        prop::array::uniform4(share()),
    )
        .prop_map(|((cell, hard, classifies), (symbols, dimensions, units, outputs), kept, live, weights)| {
            let original = Sizes { symbols, dimensions, units, outputs };
            let part = |of: u32, share: f64| (f64::from(of) * share).round() as u32;
            let (left, dimensions) = (part(units, kept[0]), (dimensions > 0).then(|| part(dimensions, kept[1])));
            let live: Vec<u32> = (0..cell.kinds()).map(|kind| part(left, live[kind % 4])).collect();
            let symbols = part(symbols, kept[2]);
            let sum = |kinds: std::ops::Range<usize>| live[kinds].iter().sum::<u32>();
            let room = |rows: u32, columns: u32, share: f64| part(rows * columns, share) as usize;
            ModelShape {
                activation: if hard { Activation::HardSigmoid } else { Activation::Sigmoid },
                task: if classifies { Task::Classification } else { Task::LanguageModel },
                original,
                symbols,
                dimensions,
                units: left,
                weights: WeightCounts {
                    embedding: dimensions.map_or(0, |dimensions| room(symbols, dimensions, weights[0])),
                    input: room(dimensions.unwrap_or(symbols), sum(cell.input_kinds()), weights[1]),
                    recurrent: room(left, sum(cell.state_kinds()), weights[2]),
                    output: room(outputs, left, weights[3]),
                },
                live,
                cell,
            }
        })
}

/// A fraction: 0, 1, or in between.
fn share() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1.0), 0.0..1.0_f64]
}
