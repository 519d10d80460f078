//! Numbers that are not finite on the command line: a run that diverges, and stored parameters of an older version.
#![cfg(unix)]

use camino::Utf8PathBuf;
use sparsegate_store::format::RunState;
use sparsegate_store::{RunDir, runs};
use sparsegate_testing::{Answer, Project, manifests};

/// A dense classifier, whose loss is clipped.
const SPEC: &str = "\
name: t
dataset: texts
sparsity: dense
model: { kind: classification, hidden: 6, embedding: { size: 4, vectors: none } }
train: { epochs: 2, batch: 32, optimizer: { adam: { lr: 1e-2 } } }
";

fn small_project() -> Project {
    Project::with(&[("datasets/texts.yaml", &manifests::texts("texts", [320, 64, 64])), ("t.yaml", SPEC)])
}

fn run(project: &Project) -> RunDir {
    runs(&project.root, "t").unwrap().remove(0)
}

#[test]
fn an_absurd_learning_rate_ends_as_failed() {
    for rate in ["1e30", "1e38", "1e20"] {
        let project = small_project();
        let Answer { code, err, .. } =
            project.go(&["run", "t.yaml", "--set", &format!("train.optimizer.adam.lr={rate}")]);
        let run = run(&project);
        let model = run.model().unwrap();
        assert_eq!(code, Some(1), "lr {rate}: {err}");
        assert!(err.contains("training diverged: ") && err.contains("is not finite at step"), "{err}");
        assert_eq!(run.summary().unwrap().unwrap().state, RunState::Failed);
        assert!(model.is_none() && run.compact().unwrap().is_none());
        let Answer { code, err, .. } = project.go(&["export", "t", "--format", "onnx"]);
        assert_eq!(code, Some(2), "{err}");
    }
}

/// Replaces the first value of a tensor in a safetensors file.
fn patch(path: &Utf8PathBuf, tensor: &str, value: f32) {
    let mut bytes = fs_err::read(path).unwrap();
    let length = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let begin = usize::try_from(header[tensor]["data_offsets"][0].as_u64().unwrap()).unwrap();
    bytes[8 + length + begin..][..4].copy_from_slice(&value.to_le_bytes());
    fs_err::write(path, bytes).unwrap();
}

#[test]
fn stored_parameters_that_are_not_finite_are_refused_by_name() {
    let project = small_project();
    assert_eq!(project.go(&["run", "t.yaml"]).code, Some(0));
    let run = run(&project);
    patch(&run.model_path(), "lstm/w_hidden/mean", f32::NAN);
    // As a version without checksums could have stored it.
    fs_err::remove_file(run.path().join("manifest.json")).unwrap();
    // The compact file is intact, and the masked network of the benchmark is not.
    let Answer { code, err, .. } = project.go(&["bench", "t"]);
    assert_eq!(code, Some(4), "{err}");
    assert!(err.contains("model.safetensors is damaged (lstm/w_hidden/mean is not finite)"), "{err}");
    fs_err::remove_file(run.compact_path()).unwrap();
    for command in [&["export", "t", "--format", "compact"][..], &["predict", "t", "a"], &["bench", "t"]] {
        let Answer { code, err, .. } = project.go(command);
        assert_eq!(code, Some(4), "{command:?}: {err}");
        assert!(err.contains("model.safetensors is damaged (lstm/w_hidden/mean is not finite)"), "{command:?}: {err}");
        assert!(err.contains("run the experiment again"), "{command:?}: {err}");
    }
    assert!(run.compact().unwrap().is_none());
}
