//! Writes the batches of each task as JSON, so that the PyTorch reference trains on the same symbols and sequence
//! lengths.

use std::collections::BTreeMap;
use std::error::Error;

use camino::Utf8Path;
use serde::Serialize;
use sparsegate_core::Batch;

use super::Scale;
use super::cases::{CELLS, Case, TASKS};
use super::products::{self, Product};

/// Content of `FOLDER/TASK.json`.
#[derive(Debug, Serialize)]
struct TaskFile {
    /// Source of the symbols.
    origin: String,
    vocabulary: usize,
    batches: Vec<BatchFile>,
    /// Mean floating-point operations of a step's matrix products, by `CELL/LEVEL`.
    flops: BTreeMap<String, u64>,
    /// The same for the first batch at W+G+N, whose products the group `sgemm` times, by `CELL`.
    first_flops: BTreeMap<String, u64>,
}

/// A batch without padding.
#[derive(Debug, Serialize)]
struct BatchFile {
    /// Symbols of each sequence.
    sequences: Vec<Vec<u32>>,
    /// For a language model, the symbol after each; else empty.
    next: Vec<Vec<u32>>,
    /// For a classifier, the class of each sequence; else empty.
    classes: Vec<u32>,
}

/// Writes one file per task to `folder`, which is created if it does not exist.
pub fn write(folder: &Utf8Path) -> Result<(), Box<dyn Error>> {
    fs_err::create_dir_all(folder)?;
    for task in TASKS {
        let data = Case::new(task, CELLS[0], task.levels[0], &[], Scale::Paper).data();
        let streams = task.streams();
        let (mut flops, mut first_flops) = (BTreeMap::new(), BTreeMap::new());
        for cell in CELLS {
            for level in task.levels {
                let case = Case::new(task, cell, level, &[], Scale::Paper);
                let of = |batch: &Batch| products::of_step(&case, batch).iter().map(Product::flops).sum::<u64>();
                let mean = data.batches.iter().map(of).sum::<u64>() / data.batches.len() as u64;
                flops.insert(format!("{cell}/{level}"), mean);
                first_flops.insert(cell.to_owned(), of(&data.batches[0]));
            }
        }
        let batches = data.batches.iter().map(|batch| batch_file(batch, streams)).collect();
        let origin = data.origin;
        println!("{}: {origin}", task.name);
        let file = TaskFile { origin, vocabulary: task.vocabulary, batches, flops, first_flops };
        fs_err::write(folder.join(format!("{}.json", task.name)), serde_json::to_string(&file)?)?;
    }
    Ok(())
}

fn batch_file(batch: &Batch, streams: bool) -> BatchFile {
    let mut sequences = vec![Vec::new(); batch.rows];
    let mut next = if streams { sequences.clone() } else { Vec::new() };
    for (place, row) in batch.sequences().enumerate() {
        sequences[row].push(batch.inputs[place]);
        if streams {
            next[row].push(batch.targets[place]);
        }
    }
    BatchFile { sequences, next, classes: if streams { Vec::new() } else { batch.targets.clone() } }
}
