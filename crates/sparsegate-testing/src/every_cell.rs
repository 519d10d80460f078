//! Two small tasks, a language model and a classifier, with every built-in cell, dense and sparsified.

use crate::{Project, manifests};

/// The tasks, by name. Each has a data set and an experiment of this name.
pub const TASKS: [&str; 2] = ["words", "texts"];

/// Runs of each experiment: four cells, dense and W+G+N.
pub const RUNS_PER_TASK: usize = 8;

/// A project with the data sets, and the experiments `words.yaml` and `texts.yaml`, not yet trained.
pub fn project() -> Project {
    Project::with(&[
        ("datasets/words.yaml", &manifests::words("words", [6000, 600, 1500])),
        ("datasets/texts.yaml", &manifests::texts("texts", [600, 60, 333])),
        (
            "words.yaml",
            &experiment(
                "words",
                "model: { kind: language-model, hidden: 12 }
train: { epochs: 6, batch: 8, sequence: 10, carry_state: true, optimizer: { adam: { lr: 8e-3 } } }",
            ),
        ),
        (
            "texts.yaml",
            &experiment(
                "texts",
                "model: { kind: classification, hidden: 10, embedding: { size: 6, vectors: none }, gate_activation: hard-sigmoid }
train: { epochs: 6, batch: 32, optimizer: { adam: { lr: 1e-2 } } }",
            ),
        ),
    ])
}

/// As [`project`], with all runs trained, which takes seconds.
pub fn trained() -> Project {
    let project = project();
    for task in TASKS {
        project.go(&["run", &format!("{task}.yaml"), "-q"]).expect(0, &[]);
    }
    project
}

fn experiment(name: &str, settings: &str) -> String {
    let sweep = "sweep: { product: { model.cell: [lstm, gru, gru-zhstate, rnn], sparsity: [dense, W+G+N] } }";
    format!("name: {name}\ndataset: {name}\n{settings}\n{sweep}\n")
}
