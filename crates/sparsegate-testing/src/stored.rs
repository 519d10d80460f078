//! The stored runs of a project, and their bytes.

use sparsegate_store::{RunDir, runs};

use crate::{Project, wait_for};

/// The stored runs of an experiment of a project, in order of key.
pub fn runs_of(project: &Project, experiment: &str) -> Vec<RunDir> {
    runs(&project.root, experiment).expect("a readable store")
}

/// Waits for a run of the experiment `t` with at least so many finished epochs; it may go on.
#[track_caller]
pub fn run_with_epochs(project: &Project, epochs: usize) -> RunDir {
    let has_epochs = |run: &RunDir| run.metrics().expect("readable metrics").len() >= epochs;
    wait_for("finished epoch", || runs_of(project, "t").into_iter().find(has_epochs))
}

/// The files that training writes and whose bytes depend on nothing but the spec, the data, the backend and, on `tch`,
/// the number of threads.
pub const TRAINED: [&str; 3] = ["metrics.jsonl", "structure.json", "model.safetensors"];

/// The bytes of [`TRAINED`].
pub fn trained_bytes(run: &RunDir) -> Vec<Vec<u8>> {
    TRAINED.iter().map(|name| bytes(run, name)).collect()
}

/// The bytes of [`TRAINED`] and of the compact model of each run, one after the other.
pub fn run_bytes<'a>(runs: impl IntoIterator<Item = &'a RunDir>) -> Vec<Vec<u8>> {
    let of = |run: &'a RunDir| [trained_bytes(run), vec![bytes(run, "compact.safetensors")]].concat();
    runs.into_iter().flat_map(of).collect()
}

fn bytes(run: &RunDir, name: &str) -> Vec<u8> {
    fs_err::read(run.path().join(name)).expect("a stored file")
}
