//! Writes small models of every cell to files, as a seed corpus for a fuzzer: `seeds FOLDER`.

use std::path::PathBuf;

use sparsegate_runtime::format::File;
use sparsegate_runtime::formula::{Operation, SumCounts};
use sparsegate_runtime::model::{Sizes, Task};
use sparsegate_runtime::synthetic::{ModelShape, WeightCounts};
use sparsegate_runtime::{Activation, Cell, CellFormula, CellKind};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: seeds FOLDER")?);
    fs_err::create_dir_all(&folder)?;
    let formula = CellFormula {
        name: "leaky".to_owned(),
        sums: SumCounts { input: 1, both: 1, state: 1, bias: 1 },
        states: vec!["hidden".to_owned()],
        operations: vec![
            Operation::Sum(0),
            Operation::Sum(1),
            Operation::Gate(1),
            Operation::Sum(2),
            Operation::Mul(2, 3),
            Operation::Sum(3),
            Operation::Add(4, 5),
            Operation::Sub(0, 6),
            Operation::State(0),
            Operation::Complement(8),
            Operation::Mul(7, 9),
            Operation::UnitFactor,
            Operation::Mul(10, 11),
            Operation::Tanh(12),
        ],
        next: vec![13],
    };
    for cell in CellKind::ALL.map(Cell::from).into_iter().chain([formula.into()]) {
        for (task, dimensions) in [(Task::LanguageModel, 0), (Task::Classification, 3)] {
            let original = Sizes { symbols: 9, dimensions, units: 6, outputs: 5 };
            let whole = ModelShape::dense(cell.clone(), Activation::HardSigmoid, task, original);
            let live = (0..cell.kinds()).map(|kind| 1 + kind as u32 % 4).collect();
            let weights = WeightCounts { embedding: 7, input: 8, recurrent: 9, output: 10 };
            let part = ModelShape { symbols: 4, units: 4, live, weights, ..whole.clone() };
            for (name, shape) in [("whole", whole), ("part", part)] {
                let bytes = File { model: shape.model(0), details: "{}".to_owned() }.write()?;
                fs_err::write(folder.join(format!("{}-{task:?}-{name}", cell.name())), bytes)?;
            }
        }
    }
    Ok(())
}
