//! Backends on the command line, whichever are in the build: the list, and errors for unavailable ones.

use std::process::{Command, Output, Stdio};

use camino::Utf8PathBuf;
use serde_json::Value;
use sparsegate_nn::engine::compiled_backends;

const DATASET: &str = "\
name: small
about: A few sentences of the embedded language
licence: { name: MIT OR Apache-2.0, redistribution: true, terms: generated }
reader:
  planted-words: { seed: 1, train: 400, valid: 200, test: 200 }
split: three independent texts of one grammar
";

const SPEC: &str = "\
name: t
dataset: small
model: { kind: language-model, hidden: 4 }
train: { epochs: 1, batch: 4, sequence: 5, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [W+G+N] } }
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
        fs_err::write(root.join("datasets/small.yaml"), DATASET).unwrap();
        fs_err::write(root.join("t.yaml"), SPEC).unwrap();
        Self { _folder: folder, root }
    }

    fn go(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
        command.args(arguments).current_dir(&self.root).stdin(Stdio::null()).output().unwrap()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn each_kind_has_a_device_or_a_reason_with_its_cure() {
    let output = Project::new().go(&["backends", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let listed = listed.as_array().unwrap();
    let kinds: Vec<_> = listed.iter().map(|found| found["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["flex", "wgpu", "tch", "tch:cuda"]);
    for found in listed {
        let bare = found["devices"].as_array().unwrap().is_empty();
        assert_eq!(bare, found["missing"].is_string() && found["cure"].is_string(), "{found}");
        let kind = found["kind"].as_str().unwrap().split(':').next().unwrap();
        let left_out = found["missing"].as_str().is_some_and(|why| why.contains("not in this build"));
        assert_eq!(compiled_backends().contains(&kind), !left_out, "{found}");
    }
}

#[test]
fn the_table_names_devices_as_specs_do() {
    let output = Project::new().go(&["backends"]);
    assert_eq!(output.status.code(), Some(0));
    let table = text(&output.stdout);
    assert!(table.starts_with("backend  device\n"), "{table}");
    assert!(table.lines().any(|line| line.starts_with("flex ") && line.ends_with("CPU")), "{table}");
    // No machine has a hundredth CUDA device, so there is always an unavailable device.
    assert!(!table.contains("tch:cuda:99"), "{table}");
}

#[test]
fn what_this_build_or_machine_lacks_is_said_before_anything_runs() {
    for backend in ["wgpu:99", "tch:cuda:99"] {
        let project = Project::new();
        let output = project.go(&["run", "t.yaml", "--backend", backend]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("error: backend `{backend}`")) && said.contains("  help: "), "{said}");
        assert!(!project.root.join("runs").exists(), "a run was begun");
    }
}

#[test]
fn a_run_on_each_backend_that_is_here_is_done() {
    let project = Project::new();
    let output = project.go(&["backends", "--format", "json"]);
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let devices = listed.as_array().unwrap().iter().flat_map(|found| found["devices"].as_array().unwrap());
    for device in devices {
        let backend = device["backend"].as_str().unwrap();
        let output = project.go(&["run", "t.yaml", "--backend", backend, "--set", "train.max_steps=2"]);
        assert_eq!(output.status.code(), Some(0), "{backend}: {}", text(&output.stderr));
    }
}
