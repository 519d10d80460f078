//! `check` on the command line: verdicts, exit codes, table and JSON, for fixture run folders.

use camino::Utf8Path;
use serde_json::Value;
use sparsegate_spec as spec;
use sparsegate_spec::types::RunSpec;
use sparsegate_store::Store;
use sparsegate_testing::{Answer, Project, classifiers, manifests};

const SPEC: &str = "\
name: made-up
dataset: small
model:
  { kind: classification, hidden: 32, embedding: { size: 60, vectors: none }, gate_activation: hard-sigmoid, init: glorot }
train: { epochs: 12, batch: 32, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [dense, W, W+N], seed: [0, 1] } }
expect:
";

/// Adds what a finished run must have beside the numbers: the parts of its key, and a model.
fn complete(root: &Utf8Path, experiment: &str, entry: &Value) {
    let key = entry["key"].as_str().unwrap();
    let dir = Store::open(root).unwrap().dir(experiment, key);
    let mut record = dir.record().unwrap().unwrap();
    record.key_parts = serde_json::from_value(entry["key_parts"].clone()).unwrap();
    let lock = dir.lock().unwrap();
    lock.write_record(&record).unwrap();
    lock.write_model(&[]).unwrap();
}

/// A project whose spec has these claims; each run whose level is in `stored` is finished, except the second seed of
/// W+N.
fn project_with(claims: &str, stored: &[&str]) -> Project {
    let manifest = manifests::texts("small", [40, 10, 10]);
    let project = Project::with(&[("datasets/small.yaml", &manifest), ("t.yaml", &format!("{SPEC}{claims}"))]);
    let plan = project.go(&["plan", "t.yaml", "--format", "json"]);
    assert_eq!(plan.code, Some(0), "{}", plan.err);
    let plan: Value = serde_json::from_str(&plan.out).unwrap();
    for entry in plan[0]["runs"].as_array().unwrap() {
        let spec: RunSpec = serde_json::from_value(entry["spec"].clone()).unwrap();
        let left_out = spec.sparsity.name == "W+N" && spec.seed == 1;
        if stored.contains(&spec.sparsity.name.as_str()) && !left_out {
            classifiers::store(&project.root, &spec, entry["key"].as_str().unwrap());
            complete(&project.root, &spec.experiment, entry);
        }
    }
    project
}

fn check(project: &Project) -> Answer {
    project.go(&["check", "t.yaml"])
}

fn checked_json(project: &Project) -> Value {
    let answer = project.go(&["check", "t.yaml", "--format", "json"]);
    serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error} in {}{}", answer.out, answer.err))
}

/// The test accuracy of W after the last epoch.
fn accuracy(seed: u64) -> f64 {
    classifiers::epoch(&classifiers::spec("W", spec::types::CellName::default(), seed), 12).test
}

fn value_claim(level: &str, value: f64, tolerance: &str) -> String {
    format!(
        "  - where: {{ sparsity: {level}, seed: 0 }}\n    \
         claims: [{{ metric: test.accuracy, value: {value}, tolerance: {tolerance} }}]\n"
    )
}

fn order(small: &str, large: &str, more: &str) -> String {
    format!(
        "  - claim:\n      less: [{{ metric: neurons.kept, where: {{ sparsity: {small} }} }}, \
         {{ metric: neurons.kept, where: {{ sparsity: {large} }} }}]\n{more}"
    )
}

#[test]
fn claims_that_hold_end_with_0() {
    let project =
        project_with(&(value_claim("W", accuracy(0) + 0.005, "0.01") + &order("W", "dense", "")), &["dense", "W"]);
    let answer = check(&project);
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.err);
    assert!(answer.out.starts_with("made-up: 2 reproduced, 0 within noise, 0 off, 0 not measured\n"), "{}", answer.out);
    let line = answer.out.lines().find(|line| line.contains("test.accuracy")).unwrap();
    for text in [" reproduced ", &format!("{:.2} %", 100.0 * accuracy(0)), " 1 point "] {
        assert!(line.contains(text), "{text} in {line}");
    }
    assert!(answer.out.lines().any(|line| line.starts_with("neurons.kept: W < dense  reproduced")), "{}", answer.out);
}

#[test]
fn a_claim_that_is_off_ends_with_3_and_only_leaves_it_out() {
    let project = project_with(&(value_claim("W", 0.5, "1%") + &order("dense", "W", "")), &["dense", "W"]);
    let answer = check(&project);
    assert_eq!(answer.code, Some(3), "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("2 off"), "{}", answer.out);
    let only = project.go(&["check", "t.yaml", "--only", "sparsity=dense"]);
    assert_eq!(only.code, Some(0), "{}{}", only.out, only.err);
    assert!(only.out.contains("not measured (no matching run)"), "{}", only.out);
}

#[test]
fn what_seeds_explain_is_within_noise() {
    // Two sample standard deviations of the values of the two seeds.
    let noise = 2.0 * (accuracy(1) - accuracy(0)) / 2f64.sqrt();
    let project = project_with(&value_claim("W", accuracy(0) - 0.9 * noise, "0"), &["W"]);
    let json = checked_json(&project);
    let claim = &json[0]["values"][0];
    assert_eq!(
        (claim["verdict"].as_str(), claim["noise_from"].as_str()),
        (Some("within noise"), Some("seeds")),
        "{json}"
    );
    assert!((claim["noise"].as_f64().unwrap() - noise).abs() < 1e-9, "{json}");
    assert_eq!(check(&project).code, Some(0));
    let farther = project_with(&value_claim("W", accuracy(0) - 1.1 * noise, "0"), &["W"]);
    assert_eq!(checked_json(&farther)[0]["values"][0]["verdict"], "off");
}

#[test]
fn what_is_not_there_is_not_measured_and_says_why() {
    let claims = value_claim("W", 0.9, "1%") + &order("W+N", "W", "");
    let project = project_with(&claims, &[]);
    let answer = check(&project);
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("not measured (never run)"), "{}", answer.out);
    let project = project_with(&claims, &["W", "W+N"]);
    let json = checked_json(&project);
    assert_eq!(json[0]["orders"][0]["why"], "W+N, seed 1: never run", "{json}");
    let longer = project.go(&["check", "t.yaml", "--set", "train.epochs=20"]);
    assert!(longer.out.contains("not measured (only a stale run is stored)"), "{}", longer.out);
    assert_eq!(longer.code, Some(0));
}

#[test]
fn an_ordering_that_the_authors_figures_contradict_is_shown_and_never_fails() {
    let more = "      about: fewer units without sparsification\n      authors: contradicted\n";
    let project = project_with(&order("dense", "W", more), &["dense", "W"]);
    let answer = check(&project);
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.err);
    let line = answer.out.lines().find(|line| line.starts_with("neurons.kept: dense < W")).unwrap();
    for text in ["  off  ", "contradict it", "fewer units without sparsification"] {
        assert!(line.contains(text), "{text} in {line}");
    }
    let json = checked_json(&project);
    assert_eq!((&json[0]["holds"], &json[0]["orders"][0]["authors"]), (&true.into(), &"contradicted".into()), "{json}");
}

#[test]
fn a_where_may_list_values_and_mistakes_end_with_2() {
    let listed = "  - where: { sparsity: [dense, W], seed: 0 }\n    \
                  claims: [{ metric: gates.i.kept, value: 1, tolerance: 0, about: input gates }]\n";
    let project = project_with(listed, &["dense", "W"]);
    assert_eq!(checked_json(&project)[0]["values"].as_array().unwrap().len(), 2);
    assert!(check(&project).out.contains("input gates"));
    for (claims, said) in [
        (listed.replace("gates.i.kept", "gates.x.kept"), "unknown metric `gates.x.kept`"),
        (listed.replace("[dense, W]", "[dense, w]"), "no run of the experiment has `w`"),
        (listed.replace("[dense, W]", "[]"), "an empty list matches no run"),
    ] {
        fs_err::write(project.root.join("t.yaml"), format!("{SPEC}{claims}")).unwrap();
        let answer = check(&project);
        assert_eq!(answer.code, Some(2), "{}", answer.err);
        assert!(answer.err.contains(said), "{said} in {}", answer.err);
    }
}

#[test]
fn orderings_of_several_seeds_are_tested_and_may_ask_for_more() {
    let asked =
        |seeds: u32| order("W", "dense", "").replacen("  - claim:", &format!("  - seeds: {seeds}\n    claim:"), 1);
    let project = project_with(&(asked(2) + &asked(3)), &["dense", "W"]);
    let answer = check(&project);
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("not measured (2 of 3 seeds)"), "{}", answer.out);
    assert!(answer.out.contains("The claims over several seeds compare constants"), "{}", answer.out);
    let json = checked_json(&project);
    let (tested, untested) = (&json[0]["orders"][0], &json[0]["orders"][1]);
    // The seeds of the fixture keep equally many units: there is nothing to test.
    assert_eq!((&tested["verdict"], &tested["n"]), (&"reproduced".into(), &serde_json::json!([2, 2])));
    assert!(tested.get("p").is_none() && tested.get("p_corrected").is_none(), "{tested}");
    assert!(untested.get("n").is_none() && untested.get("p").is_none(), "{untested}");
    fs_err::write(project.root.join("t.yaml"), format!("{SPEC}{}", asked(0))).unwrap();
    let answer = check(&project);
    assert!(answer.code == Some(2) && answer.err.contains("no seed is no claim"), "{}", answer.err);
}

#[test]
fn several_specs_are_checked_together() {
    let project = project_with(&order("dense", "W", ""), &["dense", "W"]);
    let other = SPEC.replace("name: made-up", "name: other").replace("expect:\n", "");
    fs_err::write(project.root.join("o.yaml"), other).unwrap();
    let answer = project.go(&["check", "o.yaml", "t.yaml"]);
    assert_eq!(answer.code, Some(3), "{}", answer.err);
    assert!(answer.out.starts_with("other: no claims\n\nmade-up: "), "{}", answer.out);
    assert!(!Utf8Path::new(&project.root).join("reports").exists(), "it writes nothing");
}
