//! A run that two experiments have is trained and stored once; folders of earlier versions are read and moved.

#![cfg(unix)]
#![allow(missing_docs, reason = "a test")]

use serde_json::Value;
use sparsegate_testing::{Answer, manifests};

const TASK: &str = "\
task: words
about: The synthetic language
dataset: small
model: { kind: language-model, hidden: 4 }
train: { epochs: 1, batch: 4, sequence: 10, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }
";
/// Shares the runs `W` with the other one.
const A: &str = "name: a\nsweep: { product: { task: [words], sparsity: [dense, W], seed: [0, 1] } }\n";
const B: &str = "name: b\nsweep: { product: { task: [words], sparsity: [W, W+N], seed: [0, 1] } }\n";

struct Project(sparsegate_testing::Project);

impl Project {
    fn new() -> Self {
        let manifest = manifests::words("small", [2000, 200, 200]);
        Self(sparsegate_testing::Project::with(&[
            ("datasets/small.yaml", &manifest),
            ("experiments/tasks/words.yaml", TASK),
            ("experiments/a.yaml", A),
            ("experiments/b.yaml", B),
        ]))
    }

    fn go(&self, arguments: &[&str]) -> Answer {
        self.0.go(arguments)
    }

    fn good(&self, arguments: &[&str]) -> Answer {
        let answer = self.go(arguments);
        assert_eq!(answer.code, Some(0), "{arguments:?}\n{}{}", answer.out, answer.err);
        answer
    }

    /// Names of the folders in `folder`, sorted, without hidden ones.
    fn folders(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = fs_err::read_dir(self.0.root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        names
    }

    /// Keys of the runs of an experiment at a level.
    fn keys(&self, file: &str, level: &str) -> Vec<String> {
        let plan: Value = serde_json::from_str(&self.good(&["plan", file, "--format", "json"]).out).unwrap();
        let runs = plan[0]["runs"].as_array().unwrap().iter();
        let runs = runs.filter(|run| run["spec"]["sparsity"]["name"] == level);
        runs.map(|run| run["key"].as_str().unwrap().to_owned()).collect()
    }

    /// Moves run folders to where earlier versions had them.
    fn put_back(&self, experiment: &str, keys: &[String]) {
        fs_err::create_dir_all(self.0.root.join("runs").join(experiment)).unwrap();
        for key in keys {
            let from = self.0.root.join("runs").join(key);
            fs_err::rename(from, self.0.root.join("runs").join(experiment).join(key)).unwrap();
        }
    }
}

/// Number of finished seeds of a level in the table of a report.
fn seeds<'a>(report: &'a Answer, level: &str) -> &'a str {
    let rows = report.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.first() == Some(&level)).find_map(|row| row.get(1).copied()).unwrap_or_default()
}

#[test]
fn a_run_of_two_experiments_is_trained_once() {
    let project = Project::new();
    let both = ["run", "experiments/a.yaml", "experiments/b.yaml", "--jobs", "2", "--progress", "counter"];
    let answer = project.good(&both);
    assert_eq!(answer.err.matches("started (").count(), 6, "eight runs, two of them twice: {}", answer.err);
    assert_eq!(answer.out.matches("done").count(), 8, "{}", answer.out);
    assert_eq!(project.folders("runs").len(), 6);
    let again = project.good(&both);
    assert_eq!(again.err.matches("started (").count(), 0, "{}", again.err);
    assert_eq!(again.out, answer.out);

    for (name, level) in [("a", "dense"), ("a", "W"), ("b", "W"), ("b", "W+N")] {
        let run = format!("{name}:sparsity={level},seed=1");
        assert!(!project.good(&["predict", &run, "w1"]).out.is_empty(), "{run}");
    }
    let missing = project.go(&["predict", "b:sparsity=dense,seed=1", "w1"]);
    assert!(missing.code == Some(2) && missing.err.contains("no run has sparsity=dense"), "{}", missing.err);
    for name in ["a", "b"] {
        let file = format!("experiments/{name}.yaml");
        assert!(project.good(&["status", &file]).out.matches("done").count() == 4);
        let report = project.good(&["report", &file]);
        assert!(!report.out.contains("missing") && !report.err.contains("note:"), "{}{}", report.out, report.err);
        project.good(&["check", &file]);
    }
}

#[test]
fn an_experiment_uses_the_runs_of_another_one() {
    let project = Project::new();
    project.good(&["run", "experiments/a.yaml"]);
    let planned = project.good(&["plan", "experiments/b.yaml"]);
    assert!(planned.out.contains("4 runs: 2 done, 2 to run (2 new)"), "{}", planned.out);
    let report = project.good(&["report", "experiments/b.yaml"]);
    assert_eq!(seeds(&report, "W"), "2", "trained by the other experiment: {}", report.out);
    let one = project.good(&["run", "experiments/b.yaml", "--only", "sparsity=W", "--progress", "counter"]);
    assert_eq!(one.err.matches("started (").count(), 0, "{}", one.err);
    project.good(&["predict", "b:seed=0", "w1"]);
    // Without the notes, a run belongs to the experiment that trained it.
    fs_err::remove_dir_all(project.0.root.join("runs/.experiments")).unwrap();
    project.good(&["predict", "a:sparsity=W,seed=0", "w1"]);
    assert_eq!(project.go(&["predict", "b:seed=0", "w1"]).code, Some(2));
}

#[test]
fn folders_of_earlier_versions_are_read_and_moved() {
    let project = Project::new();
    project.good(&["run", "experiments/a.yaml"]);
    let (dense, w) = (project.keys("experiments/a.yaml", "dense"), project.keys("experiments/a.yaml", "W"));
    fs_err::remove_dir_all(project.0.root.join("runs/.experiments")).unwrap();
    project.put_back("a", &[dense.clone(), w.clone()].concat());
    let reads = |project: &Project| {
        for (file, done) in [("experiments/a.yaml", 4), ("experiments/b.yaml", 2)] {
            let planned = project.good(&["plan", file]);
            assert!(planned.out.contains(&format!("4 runs: {done} done")), "{}", planned.out);
        }
        project.good(&["predict", "a:sparsity=dense,seed=0", "w1"]);
        project.good(&["predict", &dense[0][..8], "w1"]);
        project.good(&["predict", &format!("a/{}", dense[0]), "w1"]);
        let report = project.good(&["report", "experiments/a.yaml"]);
        assert_eq!((seeds(&report, "dense"), seeds(&report, "W")), ("2", "2"), "{}", report.out);
    };
    reads(&project);

    // The same results in both places, other results, an unfinished copy, and a run in use.
    let copy = |from: &str, to: &str| {
        fs_err::create_dir_all(project.0.root.join(to)).unwrap();
        for entry in fs_err::read_dir(project.0.root.join(from)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                fs_err::copy(entry.path(), project.0.root.join(to).join(entry.file_name().to_str().unwrap())).unwrap();
            }
        }
    };
    copy(&format!("runs/a/{}", dense[0]), &format!("runs/{}", dense[0]));
    copy(&format!("runs/a/{}", dense[1]), &format!("runs/{}", dense[1]));
    copy(&format!("runs/a/{}", w[0]), &format!("runs/c/{}", w[0]));
    let metrics = project.0.root.join("runs").join(&dense[1]).join("metrics.jsonl");
    fs_err::write(&metrics, fs_err::read_to_string(&metrics).unwrap().replace("\"valid\":", "\"valid\":1")).unwrap();
    fs_err::remove_file(project.0.root.join("runs/c").join(&w[0]).join("summary.json")).unwrap();
    let held = sparsegate_store::RunDir::at(&project.0.root.join("runs/a").join(&w[1])).lock().unwrap();

    let adopted = project.go(&["runs", "adopt"]);
    assert_eq!(adopted.code, Some(1), "{}{}", adopted.out, adopted.err);
    let line = |folder: String| adopted.out.lines().find(|line| line.contains(&folder)).unwrap_or_default().to_owned();
    assert!(line(format!("a/{}", dense[0])).contains("removed: ./runs/"), "{}", adopted.out);
    assert!(line(format!("a/{}", dense[1])).contains("has other results of the same run"), "{}", adopted.out);
    assert!(line(format!("a/{}", w[0])).ends_with(&format!("-> ./runs/{}", w[0])), "{}", adopted.out);
    assert!(line(format!("c/{}", w[0])).contains("it is unfinished, and ./runs/"), "{}", adopted.out);
    assert!(line(format!("a/{}", w[1])).contains("is in use by process"), "{}", adopted.out);
    assert!(adopted.err.contains("1 moved, 1 removed as copies, 3 left"), "{}", adopted.err);
    assert_eq!(project.folders("runs/a").len(), 2);

    drop(held);
    fs_err::remove_dir_all(project.0.root.join("runs/c")).unwrap();
    fs_err::remove_dir_all(project.0.root.join("runs").join(&dense[1])).unwrap();
    let adopted = project.good(&["runs", "adopt", "--format", "json"]);
    let json: Value = serde_json::from_str(&adopted.out).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 2);
    assert_eq!(json[0]["outcome"]["outcome"], "moved");
    assert_eq!(project.folders("runs").len(), 4, "the folder of the experiment is gone");
    reads(&project);
    assert_eq!(project.good(&["runs", "adopt"]).out, "");
}
