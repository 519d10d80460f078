//! Trained networks, exported by the command, on their test data.

use camino::Utf8Path;
use libtest_mimic::Failed;
use sparsegate_data::{Corpus, Parts, Sources, Texts};
use sparsegate_runtime::format::File;
use sparsegate_store::{RunDir, runs};
use sparsegate_testing::Project;
use sparsegate_testing::every_cell::{self, RUNS_PER_TASK, TASKS};

use crate::case::Case;

/// Number of sequences that a test stream is cut into.
const STREAMS: usize = 15;

/// Exports both tasks with every cell, dense and sparsified.
pub fn every_cell(folder: &Utf8Path) -> Result<(), Failed> {
    let project = every_cell::trained();
    for task in TASKS {
        let runs = runs(&project.root, task)?;
        assert_eq!(runs.len(), RUNS_PER_TASK, "{task}");
        runs.iter().try_for_each(|run| check(folder, &project, run))?;
    }
    Ok(())
}

fn check(folder: &Utf8Path, project: &Project, run: &RunDir) -> Result<(), Failed> {
    for format in ["onnx", "safetensors"] {
        let out = folder.join(format!("{}.{format}", run.key()));
        project.go(&["export", run.key(), "--format", format, "--out", out.as_str()]).expect(0, &[]);
    }
    let file = File::read(&run.compact()?.ok_or("a run that is done has a compact file")?)?;
    let record = run.record()?.ok_or("a run has a record")?;
    let sources = Sources::load(&project.root, &record.spec.dataset, [&record.spec])?;
    let corpus = sparsegate_data::load(&project.root, &sources.dataset, record.spec.reading)?;
    let (sequences, lengths) = test_data(&corpus, file.model.symbols.total);
    Case { file: &file, sequences, lengths, limit: None }.expect(folder, run.key())
}

/// The whole test set: texts padded to the longest one with the id for no input, or pieces of the stream.
fn test_data(corpus: &Corpus, nothing: u32) -> (Vec<Vec<u32>>, Vec<usize>) {
    match &corpus.parts {
        Parts::Streams { test, .. } => {
            let sequences: Vec<Vec<u32>> = test.chunks_exact(test.len() / STREAMS).map(<[u32]>::to_vec).collect();
            let lengths = sequences.iter().map(Vec::len).collect();
            (sequences, lengths)
        }
        Parts::Texts { test, .. } => {
            let texts = |test: &Texts| (0..test.len()).map(|index| test.text(index).to_vec()).collect::<Vec<_>>();
            let mut sequences = texts(test);
            let lengths: Vec<usize> = sequences.iter().map(Vec::len).collect();
            let longest = lengths.iter().copied().max().unwrap_or(0);
            for ids in &mut sequences {
                ids.resize(longest, nothing);
            }
            (sequences, lengths)
        }
    }
}
