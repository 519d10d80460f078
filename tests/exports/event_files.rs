//! Event files of trained runs, read by TensorBoard.

use camino::Utf8Path;
use libtest_mimic::Failed;
use sparsegate_testing::{Project, manifests};

use crate::python;

const SPEC: &str = "name: t\ndataset: small\nmodel: { kind: language-model, hidden: 12 }\n\
    train: { epochs: 3, batch: 8, sequence: 10, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }\n\
    sweep: { product: { sparsity: [dense, W+G+N] } }\n";

/// Trains two runs, one of them with `--tensorboard`, and compares their event files with their metrics.
pub fn read_by_tensorboard(interpreter: &str) -> Result<(), Failed> {
    let project = Project::with(&[("datasets/small.yaml", &manifests::small_words()), ("t.yaml", SPEC)]);
    project.go(&["run", "t.yaml", "-q", "--only", "sparsity=W+G+N", "--tensorboard", "events"]).expect(0, &[]);
    project.go(&["run", "t.yaml", "-q"]).expect(0, &[]);
    project.go(&["runs", "export-metrics", "t.yaml", "--to", "events"]).expect(0, &["1 of them new"]);
    let script = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/check_event_files.py");
    let said = python(interpreter, &script, &[&project.path("events"), &project.path("runs")])?;
    if said.contains("2 event files: 36 numbers as stored") { Ok(()) } else { Err(said.into()) }
}

/// Whether the interpreter has the package.
pub fn has_tensorboard(interpreter: &str) -> bool {
    let mut command = std::process::Command::new(interpreter);
    command.args(["-c", "import tensorboard"]).output().is_ok_and(|output| output.status.success())
}
