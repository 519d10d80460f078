//! Backends on the command line, whichever are in the build: the list, and errors for unavailable ones.

use serde_json::Value;
use sparsegate_nn::engine::compiled_backends;
use sparsegate_testing::{Project, manifests};

const SPEC: &str = "\
name: t
dataset: small
model: { kind: language-model, hidden: 4 }
train: { epochs: 1, batch: 4, sequence: 5, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [W+G+N] } }
";

fn small_project() -> Project {
    Project::with(&[("datasets/small.yaml", &manifests::words("small", [400, 200, 200])), ("t.yaml", SPEC)])
}

#[test]
fn each_kind_has_a_device_or_a_reason_with_its_cure() {
    let output = small_project().go(&["backends", "--format", "json"]);
    assert_eq!(output.code, Some(0), "{}", output.err);
    let listed: Value = serde_json::from_str(&output.out).unwrap();
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
    let output = small_project().go(&["backends"]);
    assert_eq!(output.code, Some(0));
    let table = output.out;
    assert!(table.starts_with("backend  device\n"), "{table}");
    assert!(table.lines().any(|line| line.starts_with("flex ") && line.ends_with("CPU")), "{table}");
    // No machine has a hundredth CUDA device, so there is always an unavailable device.
    assert!(!table.contains("tch:cuda:99"), "{table}");
}

#[test]
fn what_this_build_or_machine_lacks_is_said_before_anything_runs() {
    for backend in ["wgpu:99", "tch:cuda:99"] {
        let project = small_project();
        let output = project.go(&["run", "t.yaml", "--backend", backend]);
        let said = output.err;
        assert_eq!(output.code, Some(2), "{said}");
        assert!(said.contains(&format!("error: backend `{backend}`")) && said.contains("  help: "), "{said}");
        assert!(!project.root.join("runs").exists(), "a run was begun");
    }
}

#[test]
fn a_run_on_each_backend_that_is_here_is_done() {
    let project = small_project();
    let output = project.go(&["backends", "--format", "json"]);
    let listed: Value = serde_json::from_str(&output.out).unwrap();
    let devices = listed.as_array().unwrap().iter().flat_map(|found| found["devices"].as_array().unwrap());
    for device in devices {
        let backend = device["backend"].as_str().unwrap();
        let output = project.go(&["run", "t.yaml", "--backend", backend, "--set", "train.max_steps=2"]);
        assert_eq!(output.code, Some(0), "{backend}: {}", output.err);
        let list = project.go(&["runs", "list", "--only", &format!("backend={backend}"), "--format", "json"]);
        let runs: Value = serde_json::from_str(&list.out).unwrap();
        let run = runs[0]["run"].as_str().unwrap_or_else(|| panic!("{backend}: {runs}"));
        let record: Value = serde_json::from_str(&project.read(format!("runs/{run}/run.json"))).unwrap();
        let noted = &record["provenance"]["device"];
        assert_eq!(noted.as_str(), device["name"].as_str().filter(|_| backend != "flex"), "{backend}");
    }
}
