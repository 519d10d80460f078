//! The batches of each task as JSON, so that a peer trains on the same symbols and the same unequal lengths.

use std::collections::BTreeMap;
use std::error::Error;

use camino::Utf8Path;
use serde::Serialize;
use sparsegate_core::Batch;

use super::Scale;
use super::cases::{CELLS, Case, TASKS};
use super::products::{self, Product};

/// `FOLDER/TASK.json`.
#[derive(Debug, Serialize)]
struct TaskFile {
    /// Where the symbols are from.
    origin: String,
    vocabulary: usize,
    batches: Vec<BatchFile>,
    /// Mean floating-point operations of a step's matrix products, by `CELL/LEVEL`.
    flops: BTreeMap<String, u64>,
    /// The same of the first batch at W+G+N, which the group `sgemm` multiplies, by `CELL`.
    first_flops: BTreeMap<String, u64>,
}

/// A batch without padding.
#[derive(Debug, Serialize)]
struct BatchFile {
    /// Symbols of each sequence.
    sequences: Vec<Vec<u32>>,
    /// The symbol after each, of a stream.
    next: Vec<Vec<u32>>,
    /// The class of each sequence, of texts.
    classes: Vec<u32>,
}

/// Writes one file a task into `folder`, which is made if need be.
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
