//! Trained networks, exported by the command, on their test data.

use std::process::Command;

use camino::Utf8Path;
use libtest_mimic::Failed;
use sparsegate_data::{Corpus, Parts, Sources, Texts};
use sparsegate_runtime::format::File;
use sparsegate_store::{RunDir, runs};

use crate::case::Case;

const TASKS: [(&str, &str, &str); 2] = [
    (
        "words",
        "planted-words: { seed: 1, train: 6000, valid: 600, test: 1500 }",
        "model: { kind: language-model, hidden: 12 }
train: { epochs: 6, batch: 8, sequence: 10, carry_state: true, optimizer: { adam: { lr: 8e-3 } } }",
    ),
    (
        "texts",
        "planted-texts: { seed: 1, train: 600, valid: 60, test: 333 }",
        "model: { kind: classification, hidden: 10, embedding: { size: 6, vectors: none }, gate_activation: hard-sigmoid }
train: { epochs: 6, batch: 32, optimizer: { adam: { lr: 1e-2 } } }",
    ),
];

/// Number of sequences that a test stream is cut into.
const STREAMS: usize = 15;

/// Exports both tasks with every cell, dense and sparsified.
pub fn every_cell(folder: &Utf8Path) -> Result<(), Failed> {
    let root = folder.join("project");
    fs_err::create_dir_all(root.join("datasets"))?;
    for (name, reader, spec) in TASKS {
        let licence = "{ name: MIT, redistribution: true, terms: generated }";
        let manifest =
            format!("name: {name}\nabout: made up\nlicence: {licence}\nreader:\n  {reader}\nsplit: three texts\n");
        fs_err::write(root.join(format!("datasets/{name}.yaml")), manifest)?;
        let sweep = "sweep: { product: { model.cell: [lstm, gru, gru-zhstate, rnn], sparsity: [dense, W+G+N] } }";
        fs_err::write(root.join("spec.yaml"), format!("name: {name}\ndataset: {name}\n{spec}\n{sweep}\n"))?;
        sparsegate(&root, &["run", "spec.yaml", "-q"])?;
        let runs = runs(&root, name)?;
        if runs.len() != 8 {
            return Err(format!("{name} has {} runs, not 8", runs.len()).into());
        }
        runs.iter().try_for_each(|run| check(folder, &root, run))?;
    }
    Ok(())
}

fn check(folder: &Utf8Path, root: &Utf8Path, run: &RunDir) -> Result<(), Failed> {
    for format in ["onnx", "safetensors"] {
        let out = format!("../{}.{format}", run.key());
        sparsegate(root, &["export", run.key(), "--format", format, "--out", &out])?;
    }
    let file = File::read(&run.compact()?.ok_or("a run that is done has a compact file")?)?;
    let record = run.record()?.ok_or("a run has a record")?;
    let sources = Sources::load(root, &record.spec.dataset, [&record.spec])?;
    let corpus = sparsegate_data::load(root, &sources.dataset, record.spec.reading)?;
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

fn sparsegate(root: &Utf8Path, arguments: &[&str]) -> Result<(), Failed> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
    let done = command.args(arguments).current_dir(root).env_remove("SPARSEGATE_CACHE").output()?;
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).as_ref().into()) }
}
