//! Pretrained vectors on the command line: a run that starts from them, and user errors.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;
use sha2::{Digest, Sha256};

const SPEC: &str = "\
name: t
dataset: texts
model: { kind: classification, hidden: 4, embedding: { size: 3, vectors: v }, gate_activation: sigmoid, init: glorot }
train: { epochs: 1, batch: 8, optimizer: { adam: { lr: 2e-3 } } }
sparsity: W
";

const TEXTS: &str = "\
name: texts
about: A few embedded texts
licence: { name: MIT OR Apache-2.0, redistribution: true, terms: generated }
reader: { planted-texts: { seed: 1, train: 40, valid: 10, test: 10 } }
split: three draws
";

/// Three of the words are in the vocabulary.
const VECTORS: &str = "good 1 2 3\nGood 9 9 9\nbad -1 -2 -3\nunknown 4 4 4\n. 0 0 0\n";

/// A project with an experiment, its texts, and `vectors` in the cache, whose manifest declares `size` numbers per
/// vector.
fn project(vectors: &str, size: usize) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    };
    write("t.yaml", SPEC);
    write("datasets/texts.yaml", TEXTS);
    write("given/v.txt", vectors);
    let sum = Sha256::digest(vectors).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    write(
        "datasets/v.yaml",
        &format!(
            "name: v\nabout: Some vectors\nlicence: {{ name: CC0-1.0, redistribution: true, terms: none }}\n\
             reader: {{ glove-text: {{ size: {size} }} }}\n\
             files: {{ vectors: {{ path: v/v.txt, bytes: {}, sha256: {sum} }} }}\nsplit: none\n",
            vectors.len()
        ),
    );
    root
}

fn go(root: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::cargo_bin("sparsegate").unwrap();
    command.current_dir(root).env_remove("SPARSEGATE_CACHE").env_remove("SPARSEGATE_MIRROR");
    let output = command.env("RAYON_NUM_THREADS", "1").args(arguments).output().unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
    )
}

#[test]
fn a_run_starts_from_vectors_and_says_of_how_many() {
    let root = project(VECTORS, 3);
    let root = root.path();
    let (code, said) = go(root, &["run", "t.yaml"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("has no public address") && said.contains("sparsegate data import v FILE"), "{said}");
    assert_eq!(go(root, &["data", "import", "v", "given/v.txt"]).0, Some(0));
    assert_eq!(go(root, &["data", "verify", "v"]).0, Some(0));

    let (code, said) = go(root, &["run", "t.yaml", "--progress", "none"]);
    assert_eq!(code, Some(0), "{said}");
    let run = sparsegate_store::runs(camino::Utf8Path::from_path(root).unwrap(), "t").unwrap()[0].path().to_owned();
    let log = fs_err::read_to_string(run.join("log.txt")).unwrap();
    assert!(log.contains("Initialized 3 of 351 embeddings from v"), "{log}");
    let summary: Value = serde_json::from_str(&fs_err::read_to_string(run.join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary["vectors"], serde_json::json!({ "name": "v", "initialized": 3, "symbols": 351 }));

    // Other vectors under the same name make the run stale, with a reason.
    let changed = project(&VECTORS.replace('9', "8"), 3);
    fs_err::copy(changed.path().join("datasets/v.yaml"), root.join("datasets/v.yaml")).unwrap();
    let (code, said) = go(root, &["plan", "t.yaml"]);
    assert!(code == Some(0) && said.contains("vectors changed"), "{said}");
}

#[test]
fn a_scale_multiplies_the_vectors() {
    let key = |root: &Path, set: &str| {
        let (code, said) = go(root, &["plan", "t.yaml", "--format", "json", "--set", set]);
        assert_eq!(code, Some(0), "{said}");
        serde_json::from_str::<Value>(&said).unwrap()[0]["runs"][0]["key"].clone()
    };
    let trained = |vectors: &str, scale: &str| {
        let root = project(vectors, 3);
        let root = root.path();
        assert_eq!(go(root, &["data", "import", "v", "given/v.txt"]).0, Some(0));
        let set = format!("model.embedding.vectors_scale={scale}");
        let (code, said) = go(root, &["run", "t.yaml", "--progress", "none", "--set", &set]);
        assert_eq!(code, Some(0), "{said}");
        let metrics = root.join("runs").join(key(root, &set).as_str().unwrap()).join("metrics.jsonl");
        fs_err::read_to_string(metrics).unwrap()
    };
    let halved = trained(VECTORS, "0.5");
    assert_eq!(halved, trained(&VECTORS.replace("1 2 3", "0.5 1 1.5").replace("-1 -2 -3", "-0.5 -1 -1.5"), "1"));
    assert_ne!(halved, trained(VECTORS, "1"));

    let root = project(VECTORS, 3);
    let unscaled = key(root.path(), "seed=0");
    assert_eq!(key(root.path(), "model.embedding.vectors_scale=1"), unscaled);
    assert_ne!(key(root.path(), "model.embedding.vectors_scale=0.5"), unscaled);
    let (code, said) = go(root.path(), &["plan", "t.yaml", "--set", "model.embedding.vectors_scale=0"]);
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
            let (code, said) = go(root.path(), &[command, "t.yaml", "--set", set]);
            assert_eq!(code, Some(2), "{command} {set}: {said}");
            assert!(said.contains(message), "{said}");
        }
    }
    assert!(!root.path().join("runs").exists());
}

#[test]
fn a_broken_file_stops_before_anything_is_trained() {
    let root = project(&VECTORS.replace("-2 -3", "-2 -x"), 3);
    assert_eq!(go(root.path(), &["data", "import", "v", "given/v.txt"]).0, Some(0));
    let (code, said) = go(root.path(), &["run", "t.yaml"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("v.txt:3: `-x` in the vector of `bad` is not a finite number"), "{said}");
    assert!(!root.path().join("runs").exists());
}
