//! Numbers that are not finite on the command line: a run that diverges, and stored parameters of an older version.
#![cfg(unix)]

use std::process::{Command, Output, Stdio};

use camino::Utf8PathBuf;
use sparsegate_store::format::RunState;
use sparsegate_store::{RunDir, runs};

const TEXTS: &str = "\
name: texts
about: Generated texts
licence: { name: MIT OR Apache-2.0, redistribution: true, terms: generated }
reader: { planted-texts: { seed: 1, train: 320, valid: 64, test: 64 } }
split: three independent draws
";

/// A dense classifier, whose loss is clipped.
const SPEC: &str = "\
name: t
dataset: texts
sparsity: dense
model: { kind: classification, hidden: 6, embedding: { size: 4, vectors: none } }
train: { epochs: 2, batch: 32, optimizer: { adam: { lr: 1e-2 } } }
";

struct Project {
    _folder: tempfile::TempDir,
    root: Utf8PathBuf,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        fs_err::create_dir(root.join("datasets")).unwrap();
        fs_err::write(root.join("datasets/texts.yaml"), TEXTS).unwrap();
        fs_err::write(root.join("t.yaml"), SPEC).unwrap();
        Self { _folder: folder, root }
    }

    /// Exit code and standard error.
    fn go(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
        command.args(arguments).current_dir(&self.root).stdin(Stdio::null()).env("RAYON_NUM_THREADS", "1");
        command.env_remove("SPARSEGATE_MIRROR").env_remove("SPARSEGATE_CACHE");
        let Output { status, stderr, .. } = command.output().unwrap();
        (status.code(), String::from_utf8(stderr).unwrap())
    }

    fn run(&self) -> RunDir {
        runs(&self.root, "t").unwrap().remove(0)
    }
}

#[test]
fn an_absurd_learning_rate_ends_as_failed() {
    for rate in ["1e30", "1e38", "1e20"] {
        let project = Project::new();
        let (code, err) = project.go(&["run", "t.yaml", "--set", &format!("train.optimizer.adam.lr={rate}")]);
        let run = project.run();
        let model = run.model().unwrap();
        assert_eq!(code, Some(1), "lr {rate}: {err}");
        assert!(err.contains("training diverged: ") && err.contains("is not finite at step"), "{err}");
        assert_eq!(run.summary().unwrap().unwrap().state, RunState::Failed);
        assert!(model.is_none() && run.compact().unwrap().is_none());
        let (code, err) = project.go(&["export", "t", "--format", "onnx"]);
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
    let project = Project::new();
    assert_eq!(project.go(&["run", "t.yaml"]).0, Some(0));
    let run = project.run();
    patch(&run.model_path(), "lstm/w_hidden/mean", f32::NAN);
    // The compact file is intact, and the masked network of the benchmark is not.
    let (code, err) = project.go(&["bench", "t"]);
    assert_eq!(code, Some(4), "{err}");
    assert!(err.contains("model.safetensors: lstm/w_hidden/mean is not finite"), "{err}");
    fs_err::remove_file(run.compact_path()).unwrap();
    for command in [&["export", "t", "--format", "compact"][..], &["predict", "t", "a"], &["bench", "t"]] {
        let (code, err) = project.go(command);
        assert_eq!(code, Some(4), "{command:?}: {err}");
        assert!(err.contains("model.safetensors: lstm/w_hidden/mean is not finite"), "{command:?}: {err}");
        assert!(err.contains("lower learning rate"), "{command:?}: {err}");
    }
    assert!(run.compact().unwrap().is_none());
}
