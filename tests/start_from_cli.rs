//! `train.start_from: dense` on the command line: order, `--jobs`, `--only`, kills and failures.
#![cfg(unix)]

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use sparsegate_store::RunDir;

const SMALL: &str = "\
name: small
about: A few sentences of the embedded language
licence: { name: MIT OR Apache-2.0, redistribution: true, terms: generated }
reader:
  planted-words: { seed: 1, train: 4000, valid: 1000, test: 1000 }
split: three independent texts of one grammar
";

/// Sparse levels come first, and there are two seeds, so that each run has to find its own parent.
const SPEC: &str = "\
name: t
dataset: small
model: { kind: language-model, hidden: 12 }
train: { epochs: 12, batch: 8, sequence: 10, carry_state: true, start_from: dense, optimizer: { adam: { lr: 5e-3 } } }
sweep: { product: { sparsity: [W+G+N, dense], seed: [0, 1] } }
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
        fs_err::write(root.join("datasets/small.yaml"), SMALL).unwrap();
        fs_err::write(root.join("t.yaml"), SPEC).unwrap();
        Self { _folder: folder, root }
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
        command.args(arguments).current_dir(&self.root).stdin(Stdio::null()).env("RAYON_NUM_THREADS", "1");
        command.env_remove("SPARSEGATE_MIRROR").env_remove("SPARSEGATE_CACHE");
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Exit code, standard output and standard error.
    fn go(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = self.start(arguments).wait_with_output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    /// The runs of the plan, as `plan --format json` lists them.
    fn plan(&self) -> Vec<serde_json::Value> {
        let (code, out, err) = self.go(&["plan", "t.yaml", "--format", "json"]);
        assert_eq!(code, Some(0), "{err}");
        let plan: serde_json::Value = serde_json::from_str(&out).unwrap();
        plan[0]["runs"].as_array().unwrap().clone()
    }

    fn dir(&self, entry: &serde_json::Value) -> RunDir {
        RunDir::new(&self.root, entry["key"].as_str().unwrap())
    }

    fn bytes(&self) -> Vec<Vec<u8>> {
        let files = ["metrics.jsonl", "structure.json", "model.safetensors", "compact.safetensors"];
        let of = |entry| files.map(|file| fs_err::read(self.dir(entry).path().join(file)).unwrap());
        self.plan().iter().flat_map(of).collect()
    }
}

#[test]
fn parents_come_first_with_any_number_of_jobs_and_a_kill_changes_no_byte() {
    let project = Project::new();
    let plan = project.plan();
    for (child, parent) in [(0, 2), (1, 3)] {
        assert_eq!(plan[child]["starts_from"]["run"], plan[parent]["key"]);
        assert!(plan[parent].get("starts_from").is_none());
    }
    let (code, out, err) = project.go(&["run", "t.yaml", "--jobs", "4"]);
    assert_eq!(code, Some(0), "{out}{err}");

    let killed = Project::new();
    let mut run = killed.start(&["run", "t.yaml", "--jobs", "1"]);
    let child = killed.dir(&killed.plan()[0]);
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
    let (code, out, err) = killed.go(&["run", "t.yaml", "--jobs", "2"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(project.bytes() == killed.bytes(), "other bytes than a sweep never interrupted");
}

#[test]
fn a_parent_that_is_left_out_must_be_trained() {
    let project = Project::new();
    let one = |level: &'static str| ["run", "t.yaml", "--set", "train.epochs=1", "--only", level];
    let (code, out, _) = project.go(&["plan", "t.yaml", "--only", "sparsity=W+G+N,seed=0"]);
    let dense = project.plan()[2]["key"].as_str().unwrap().to_owned();
    assert_eq!(code, Some(0));
    assert!(out.contains(&format!("never run; needs {dense} (dense), which was never run")), "{out}");
    let (code, _, err) = project.go(&one("sparsity=W+G+N,seed=0"));
    assert_eq!(code, Some(2), "{err}");
    assert!(
        err.contains("(W+G+N) cannot start") && err.contains("(dense), which was never run; train it first"),
        "{err}"
    );
    assert!(!project.root.join("runs").exists(), "nothing is trained");

    assert_eq!(project.go(&one("sparsity=dense,seed=1")).0, Some(0));
    assert_eq!(project.go(&one("sparsity=W+G+N,seed=0")).0, Some(2), "the dense run of another seed is no parent");
    assert_eq!(project.go(&one("sparsity=W+G+N,seed=1")).0, Some(0));
}

#[test]
fn a_failed_parent_fails_its_children_and_names_itself() {
    let project = Project::new();
    let set = ["--set", "train.optimizer.adam.lr=1e30", "--set", "seed=0", "--set", "train.epochs=2"];
    let (code, _, err) = project.go(&[&["run", "t.yaml", "--jobs", "2"][..], &set].concat());
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains(", from which it starts, failed: training diverged"), "{err}");
}
