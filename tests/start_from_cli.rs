//! `train.start_from: dense` on the command line: order, `--jobs`, `--only`, kills and failures.
#![cfg(unix)]

use std::time::{Duration, Instant};

use sparsegate_store::RunDir;
use sparsegate_testing::stored::run_bytes;
use sparsegate_testing::{Answer, Project, manifests};

/// Sparse levels come first, and there are two seeds, so that each run has to find its own parent.
const SPEC: &str = "\
name: t
dataset: small
model: { kind: language-model, hidden: 12 }
train: { epochs: 12, batch: 8, sequence: 10, carry_state: true, start_from: dense, optimizer: { adam: { lr: 5e-3 } } }
sweep: { product: { sparsity: [W+G+N, dense], seed: [0, 1] } }
";

fn small_project() -> Project {
    Project::with(&[("datasets/small.yaml", &manifests::small_words()), ("t.yaml", SPEC)])
}

/// The runs of the plan, as `plan --format json` lists them.
fn plan(project: &Project) -> Vec<serde_json::Value> {
    let plan = project.go(&["plan", "t.yaml", "--format", "json"]);
    plan.expect(0, &[]);
    let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
    plan[0]["runs"].as_array().unwrap().clone()
}

fn dir(project: &Project, entry: &serde_json::Value) -> RunDir {
    RunDir::new(&project.root, entry["key"].as_str().unwrap())
}

fn bytes(project: &Project) -> Vec<Vec<u8>> {
    run_bytes(&plan(project).iter().map(|entry| dir(project, entry)).collect::<Vec<_>>())
}

#[test]
fn parents_come_first_with_any_number_of_jobs_and_a_kill_changes_no_byte() {
    let project = small_project();
    let planned = plan(&project);
    for (child, parent) in [(0, 2), (1, 3)] {
        assert_eq!(planned[child]["starts_from"]["run"], planned[parent]["key"]);
        assert!(planned[parent].get("starts_from").is_none());
    }
    let Answer { code, out, err } = project.go(&["run", "t.yaml", "--jobs", "4"]);
    assert_eq!(code, Some(0), "{out}{err}");

    let killed = small_project();
    let mut run = killed.start(&["run", "t.yaml", "--jobs", "1"]);
    let child = dir(&killed, &plan(&killed)[0]);
    let begun = Instant::now();
    while child.metrics().unwrap().len() < 2 {
        assert!(begun.elapsed() < Duration::from_mins(2), "the run with a parent never began");
        std::thread::sleep(Duration::from_millis(5));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    // The worker notices the end of its parent process, saves and stops.
    while child.holder().unwrap().is_some() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let Answer { code, out, err } = killed.go(&["run", "t.yaml", "--jobs", "2"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(bytes(&project) == bytes(&killed), "other bytes than a sweep never interrupted");
}

#[test]
fn a_parent_that_is_left_out_must_be_trained() {
    let project = small_project();
    let one = |level: &'static str| ["run", "t.yaml", "--set", "train.epochs=1", "--only", level];
    let Answer { code, out, .. } = project.go(&["plan", "t.yaml", "--only", "sparsity=W+G+N,seed=0"]);
    let dense = plan(&project)[2]["key"].as_str().unwrap().to_owned();
    assert_eq!(code, Some(0));
    assert!(out.contains(&format!("never run; needs {dense} (dense), which was never run")), "{out}");
    let Answer { code, err, .. } = project.go(&one("sparsity=W+G+N,seed=0"));
    assert_eq!(code, Some(2), "{err}");
    assert!(
        err.contains("(W+G+N) cannot start") && err.contains("(dense), which was never run; train it first"),
        "{err}"
    );
    assert!(!project.root.join("runs").exists(), "nothing is trained");

    assert_eq!(project.go(&one("sparsity=dense,seed=1")).code, Some(0));
    assert_eq!(project.go(&one("sparsity=W+G+N,seed=0")).code, Some(2), "the dense run of another seed is no parent");
    assert_eq!(project.go(&one("sparsity=W+G+N,seed=1")).code, Some(0));
}

#[test]
fn a_failed_parent_fails_its_children_and_names_itself() {
    let project = small_project();
    let set = ["--set", "train.optimizer.adam.lr=1e30", "--set", "seed=0", "--set", "train.epochs=2"];
    let Answer { code, err, .. } = project.go(&[&["run", "t.yaml", "--jobs", "2"][..], &set].concat());
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains(", from which it starts, failed: training diverged"), "{err}");
}
