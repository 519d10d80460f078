//! `runs list`, `show` and `gc`.

#![cfg(unix)]
#![allow(missing_docs, reason = "a test")]

use serde_json::Value;
use sparsegate_store::{RunDir, runs};
use sparsegate_testing::{Answer, manifests};

const SPEC: &str = "\
name: t
dataset: small
model: { kind: language-model, hidden: 4 }
train: { epochs: 2, batch: 4, sequence: 10, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [dense, W], seed: [0, 1] } }
";

struct Project(sparsegate_testing::Project);

impl Project {
    /// The finished runs of the experiment.
    fn new() -> Self {
        let manifest = manifests::words("small", [2000, 200, 200]);
        let files = [("datasets/small.yaml", manifest.as_str()), ("t.yaml", SPEC)];
        let project = Self(sparsegate_testing::Project::with(&files));
        project.good(&["run", "t.yaml"]);
        project
    }

    fn go(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let Answer { code, out, err } = self.0.go(arguments);
        (code, out, err)
    }

    fn good(&self, arguments: &[&str]) -> String {
        let (code, out, err) = self.go(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {out}{err}");
        out
    }

    fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let text = self.good(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap().clone()
    }

    fn runs(&self) -> Vec<RunDir> {
        runs(&self.0.root, "t").unwrap()
    }
}

#[test]
fn runs_are_listed_filtered_sorted_and_shown() {
    let project = Project::new();
    let all = project.json(&["runs", "list"]);
    assert_eq!(all.len(), 4);
    let keys = ["run", "state", "experiments", "task", "dataset", "cell", "sparsity", "seed", "backend", "epochs"];
    for key in keys.into_iter().chain(["metric", "valid", "test", "compression"]) {
        assert!(all.iter().all(|run| run.get(key).is_some()), "{key}: {all:?}");
    }
    for (run, dir) in all.iter().zip(project.runs()) {
        let last = dir.summary().unwrap().unwrap().last.unwrap();
        assert_eq!((run["run"].as_str(), run["state"].as_str()), (Some(dir.key()), Some("done")));
        assert_eq!((run["valid"].as_f64(), run["test"].as_f64()), (Some(last.valid), Some(last.test)));
        assert_eq!(run["experiments"], serde_json::json!(["t"]));
    }
    assert_eq!(project.json(&["runs", "list", "--only", "sparsity=W"]).len(), 2);
    assert_eq!(project.json(&["runs", "list", "--only", "sparsity=W,seed=1", "--only", "seed=0"]).len(), 3);
    assert_eq!(project.json(&["runs", "list", "--experiment", "u"]).len(), 0);
    let sorted = project.json(&["runs", "list", "--sort", "valid"]);
    assert!(sorted.is_sorted_by_key(|run| run["valid"].as_f64().unwrap()), "{sorted:?}");
    let (code, _, err) = project.go(&["runs", "list", "--only", "sparsty=W"]);
    assert!(code == Some(2) && err.contains("unknown key `sparsty`"), "{err}");
    assert_eq!(project.good(&["runs", "list"]).lines().count(), 5);

    let key = project.runs()[0].key().to_owned();
    let shown: Value = serde_json::from_str(&project.good(&["runs", "show", &key, "--format", "json"])).unwrap();
    assert_eq!((shown["run"].as_str(), shown["settings"]["train.epochs"].as_u64()), (Some(&*key), Some(2)));
    assert!(shown["provenance"]["threads"].is_string() && shown["shown"]["counts"]["vocabulary"].is_object());
    let table = project.good(&["runs", "show", &key]);
    assert!(table.contains("train.optimizer.adam.lr") && table.contains("provenance"), "{table}");

    let metrics = project.runs()[0].metrics_path();
    fs_err::write(&metrics, "").unwrap();
    let damaged = project.json(&["runs", "list", "--state", "damaged"]);
    assert!(damaged.len() == 1 && damaged[0]["valid"].is_null(), "{damaged:?}");
    let (code, out, err) = project.go(&["runs", "show", &key]);
    assert!(code == Some(4) && out.is_empty() && err.contains("metrics.jsonl is damaged"), "{out}{err}");
}

#[test]
fn two_runs_are_compared() {
    let project = Project::new();
    let go = |more: &[&str]| {
        project.good(&[&["runs", "compare", "t:sparsity=dense,seed=0", "t:sparsity=W,seed=0"], more].concat())
    };
    let json: Value = serde_json::from_str(&go(&["--format", "json"])).unwrap();
    let settings = json["settings"].as_array().unwrap();
    assert!(settings.iter().any(|one| one["name"] == "sparsity" && one["a"] == "dense" && one["b"] == "W"), "{json}");
    assert!(settings.iter().all(|one| one["name"] != "seed" && one["name"] != "train.epochs"), "{settings:?}");
    let level = |run: &RunDir| run.record().unwrap().unwrap().spec.sparsity.name;
    let seed = |run: &RunDir| run.record().unwrap().unwrap().spec.seed;
    let of = |name: &str| project.runs().into_iter().find(|run| level(run) == name && seed(run) == 0).unwrap();
    let (a, b) = (of("dense"), of("W"));
    let (lines_a, lines_b) = (a.metrics().unwrap(), b.metrics().unwrap());
    assert_eq!(json["curves"].as_array().unwrap().len(), 2);
    for (at, point) in json["curves"].as_array().unwrap().iter().enumerate() {
        assert_eq!(point["valid"], serde_json::json!([lines_a[at].valid, lines_b[at].valid]));
    }
    let words = |run: &RunDir| run.structure().unwrap().unwrap().words;
    let gone = words(&a).iter().filter(|word| !words(&b).contains(word)).count();
    let kept = &json["structure"][0];
    assert_eq!((kept["of"].as_str(), kept["only_a"].as_array().unwrap().len()), (Some("words"), gone));
    assert_eq!(kept["both"].as_u64().unwrap() as usize + gone, words(&a).len());
    let table = go(&["--listed", "2"]);
    assert!(table.contains("sparsity") && table.contains("live gates") && table.contains("b - a"), "{table}");
    assert_eq!(project.go(&["runs", "compare", "t:sparsity=W", "t:sparsity=W,seed=0"]).0, Some(2));
}

#[test]
fn garbage_is_listed_and_deleted_only_when_told() {
    let project = Project::new();
    let listed = |arguments: &[&str]| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let items = project.json(&[&["runs", "gc"], arguments].concat());
        items.iter().map(|item| (text(&item["run"]), text(&item["why"]))).collect()
    };
    assert_eq!(listed(&["t.yaml"]), []);
    // The runs with seed 1 leave the plan; one of them is used by another experiment, one fails, one never began.
    fs_err::write(project.0.root.join("t.yaml"), SPEC.replace("[0, 1]", "[0]")).unwrap();
    let all = project.runs();
    let of = |level: &str, seed: u64| {
        let spec = |run: &&RunDir| run.record().unwrap().unwrap().spec;
        all.iter().find(|run| spec(run).sparsity.name == level && spec(run).seed == seed).unwrap().clone()
    };
    sparsegate_store::experiments::claim(&project.0.root, "u", [of("dense", 1).key()]).unwrap();
    let failed = of("dense", 0);
    let lock = failed.lock().unwrap();
    let summary = failed.summary().unwrap().unwrap();
    lock.remove_summary().unwrap();
    let state = sparsegate_store::format::RunState::Failed;
    lock.write_summary(&sparsegate_store::format::Summary { state, error: Some("no".into()), ..summary }).unwrap();
    drop(lock);
    RunDir::new(&project.0.root, "0123456789abcdef").lock().unwrap();

    let item = |run: &RunDir, why: &str| (run.key().to_owned(), why.to_owned());
    let mut wanted =
        vec![item(&failed, "failed"), item(&of("W", 1), "stale"), ("0123456789abcdef".into(), "not-started".into())];
    wanted.sort();
    assert_eq!(listed(&["t.yaml"]), wanted);
    assert_eq!(listed(&["t.yaml", "--what", "failed"]), [item(&failed, "failed")]);
    assert_eq!(listed(&[]).len(), 2, "without a spec nothing is stale");
    assert_eq!(listed(&["--what", "checkpoints"]).len(), 3);
    assert_eq!(project.json(&["runs", "list"]).len(), 5, "nothing was deleted");

    // Beside a run that is trained, what has not begun may be waiting.
    let training = failed.lock().unwrap();
    let (code, out, err) = project.go(&["runs", "gc", "--what", "not-started", "--delete"]);
    assert!(code == Some(0) && err.contains("may wait for their turn") && err.contains("0 deleted"), "{out}{err}");
    drop(training);

    let held = of("W", 1).lock().unwrap();
    let (code, out, err) = project.go(&["runs", "gc", "t.yaml", "--delete"]);
    assert!(code == Some(0) && err.contains("is in use by process") && err.contains("2 deleted"), "{out}{err}");
    drop(held);
    let listed = project.json(&["runs", "gc", "t.yaml", "--delete"]);
    assert!(
        listed.len() == 1 && listed[0]["deleted"] == true && listed[0]["bytes"].as_u64() > Some(1000),
        "{listed:?}"
    );
    project.json(&["runs", "gc", "--what", "checkpoints", "--delete"]);
    let left = project.json(&["runs", "list"]);
    assert!(left.len() == 2 && left.iter().all(|run| run["state"] == "done"), "{left:?}");
    assert_eq!(project.good(&["verify"]).lines().count(), 3);
}
