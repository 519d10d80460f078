//! Writes small models of every cell to files, as a seed corpus for a fuzzer: `seeds FOLDER`.

use std::path::PathBuf;

use sparsegate_runtime::format::File;
use sparsegate_runtime::model::{Sizes, Task};
use sparsegate_runtime::synthetic::{ModelShape, WeightCounts};
use sparsegate_runtime::{Activation, CellKind};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: seeds FOLDER")?);
    fs_err::create_dir_all(&folder)?;
    for cell in CellKind::ALL {
        for (task, dimensions) in [(Task::LanguageModel, 0), (Task::Classification, 3)] {
            let original = Sizes { symbols: 9, dimensions, units: 6, outputs: 5 };
            let whole = ModelShape::dense(cell, Activation::HardSigmoid, task, original);
            let live = (0..cell.preactivations().len()).map(|kind| 1 + kind as u32 % 4).collect();
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
