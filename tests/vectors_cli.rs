//! Pretrained vectors on the command line: a run that starts from them, and user errors.

use serde_json::Value;
use sparsegate_testing::stored::runs_of;
use sparsegate_testing::{Answer, Project, manifests};

const SPEC: &str = "\
name: t
dataset: texts
model: { kind: classification, hidden: 4, embedding: { size: 3, vectors: v }, gate_activation: sigmoid, init: glorot }
train: { epochs: 1, batch: 8, optimizer: { adam: { lr: 2e-3 } } }
sparsity: W
";

/// Three of the words are in the vocabulary.
const VECTORS: &str = "good 1 2 3\nGood 9 9 9\nbad -1 -2 -3\nunknown 4 4 4\n. 0 0 0\n";

/// A project with an experiment, its texts, and `vectors` to import, whose manifest declares `size` numbers per vector.
fn project(vectors: &str, size: usize) -> Project {
    let manifest = format!(
        "name: v\nabout: Some vectors\nlicence: {{ name: CC0-1.0, redistribution: true, terms: none }}\n\
         reader: {{ glove-text: {{ size: {size} }} }}\nfiles: {{ vectors: {} }}\nsplit: none\n",
        manifests::file("v/v.txt", vectors.as_bytes())
    );
    let texts = manifests::texts("texts", [40, 10, 10]);
    let files = [("t.yaml", SPEC), ("datasets/texts.yaml", &texts), ("datasets/v.yaml", &manifest)];
    let project = Project::with(&files);
    project.write("given/v.txt", vectors);
    project
}

/// Exit code, and standard output followed by standard error.
fn go(project: &Project, arguments: &[&str]) -> (Option<i32>, String) {
    let Answer { code, out, err } = project.go(arguments);
    (code, out + &err)
}

#[test]
fn a_run_starts_from_vectors_and_says_of_how_many() {
    let root = &project(VECTORS, 3);
    let (code, said) = go(root, &["run", "t.yaml"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("has no public address") && said.contains("sparsegate data import v FILE"), "{said}");
    assert_eq!(go(root, &["data", "import", "v", "given/v.txt"]).0, Some(0));
    assert_eq!(go(root, &["data", "verify", "v"]).0, Some(0));

    let (code, said) = go(root, &["run", "t.yaml", "--progress", "none"]);
    assert_eq!(code, Some(0), "{said}");
    let run = runs_of(root, "t")[0].path().to_owned();
    let log = fs_err::read_to_string(run.join("log.txt")).unwrap();
    assert!(log.contains("Initialized 3 of 351 embeddings from v"), "{log}");
    let summary: Value = serde_json::from_str(&fs_err::read_to_string(run.join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary["vectors"], serde_json::json!({ "name": "v", "initialized": 3, "symbols": 351 }));

    // Other vectors under the same name make the run stale, with a reason.
    let changed = project(&VECTORS.replace('9', "8"), 3);
    root.write("datasets/v.yaml", changed.read("datasets/v.yaml"));
    let (code, said) = go(root, &["plan", "t.yaml"]);
    assert!(code == Some(0) && said.contains("vectors changed"), "{said}");
}

#[test]
fn a_scale_multiplies_the_vectors() {
    let key = |root: &Project, set: &str| {
        let (code, said) = go(root, &["plan", "t.yaml", "--format", "json", "--set", set]);
        assert_eq!(code, Some(0), "{said}");
        serde_json::from_str::<Value>(&said).unwrap()[0]["runs"][0]["key"].clone()
    };
    let trained = |vectors: &str, scale: &str| {
        let root = &project(vectors, 3);
        assert_eq!(go(root, &["data", "import", "v", "given/v.txt"]).0, Some(0));
        let set = format!("model.embedding.vectors_scale={scale}");
        let (code, said) = go(root, &["run", "t.yaml", "--progress", "none", "--set", &set]);
        assert_eq!(code, Some(0), "{said}");
        let metrics = root.path("runs").join(key(root, &set).as_str().unwrap()).join("metrics.jsonl");
        fs_err::read_to_string(metrics).unwrap()
    };
    let halved = trained(VECTORS, "0.5");
    assert_eq!(halved, trained(&VECTORS.replace("1 2 3", "0.5 1 1.5").replace("-1 -2 -3", "-0.5 -1 -1.5"), "1"));
    assert_ne!(halved, trained(VECTORS, "1"));

    let root = project(VECTORS, 3);
    let unscaled = key(&root, "seed=0");
    assert_eq!(key(&root, "model.embedding.vectors_scale=1"), unscaled);
    assert_ne!(key(&root, "model.embedding.vectors_scale=0.5"), unscaled);
    let (code, said) = go(&root, &["plan", "t.yaml", "--set", "model.embedding.vectors_scale=0"]);
    assert!(code == Some(2) && said.contains("it must be above 0"), "{said}");
}

#[test]
fn wrong_use_is_a_mistake_in_the_spec() {
    let root = project(VECTORS, 3);
    for (set, message) in [
        ("model.embedding.size=4", "write `model.embedding.size: 3` or name other vectors"),
        ("model.embedding.vectors=texts", "`texts` (reader planted-texts) holds no pretrained vectors"),
        ("model.embedding.vectors=gone", "no dataset `gone`"),
        ("dataset=v", "`v` (reader glove-text) holds pretrained vectors, not texts"),
    ] {
        for command in ["plan", "run"] {
            let (code, said) = go(&root, &[command, "t.yaml", "--set", set]);
            assert_eq!(code, Some(2), "{command} {set}: {said}");
            assert!(said.contains(message), "{said}");
        }
    }
    assert!(!root.path("runs").exists());
}

#[test]
fn a_broken_file_stops_before_anything_is_trained() {
    let root = project(&VECTORS.replace("-2 -3", "-2 -x"), 3);
    assert_eq!(go(&root, &["data", "import", "v", "given/v.txt"]).0, Some(0));
    let (code, said) = go(&root, &["run", "t.yaml"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("v.txt:3: `-x` in the vector of `bad` is not a finite number"), "{said}");
    assert!(!root.path("runs").exists());
}
