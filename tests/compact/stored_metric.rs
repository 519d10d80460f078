//! The compact file that training stores reaches the same metric as the run, over the whole test set,
//! and stays within 0.5 % of it with 8-bit weights, or within 0.5 points of accuracy.
#![cfg(unix)]

use std::process::Command;

use camino::Utf8Path;
use sparsegate_compact::{Details, WordsOf, evaluate};
use sparsegate_data::{Sources, eval_batches};
use sparsegate_runtime::format::File;
use sparsegate_runtime::int8::IntegerProducts;
use sparsegate_runtime::runtime::{Options, Runtime};
use sparsegate_store::{RunDir, runs};

const MANIFESTS: [(&str, &str); 2] = [
    ("words", "planted-words: { seed: 1, train: 6000, valid: 600, test: 1500 }"),
    ("texts", "planted-texts: { seed: 1, train: 600, valid: 60, test: 333 }"),
];

const SPECS: [(&str, &str); 2] = [
    (
        "words",
        "model: { kind: language-model, hidden: 12 }
train: { epochs: 6, batch: 8, sequence: 10, carry_state: true, optimizer: { adam: { lr: 8e-3 } } }",
    ),
    (
        "texts",
        "model: { kind: classification, hidden: 10, embedding: { size: 6, vectors: none }, gate_activation: hard-sigmoid }
train: { epochs: 6, batch: 32, optimizer: { adam: { lr: 1e-2 } } }",
    ),
];

/// Spec of the experiment with this name.
pub fn spec(name: &str) -> String {
    let (_, spec) = SPECS.iter().find(|(known, _)| *known == name).unwrap();
    let sweep = "sweep: { product: { model.cell: [lstm, gru, gru-zhstate, rnn], sparsity: [dense, W+G+N] } }";
    format!("name: {name}\ndataset: {name}\n{spec}\n{sweep}\n")
}

/// Writes the manifests of the generated data sets `words` and `texts`.
pub fn write_manifests(root: &Utf8Path) {
    fs_err::create_dir(root.join("datasets")).unwrap();
    for (name, reader) in MANIFESTS {
        let manifest = format!(
            "name: {name}\nabout: made up\nlicence: {{ name: MIT, redistribution: true, terms: generated }}\nreader:\n  {reader}\nsplit: three texts\n"
        );
        fs_err::write(root.join(format!("datasets/{name}.yaml")), manifest).unwrap();
    }
}

/// Trains every cell, dense and sparse, as a language model and as a classifier.
pub fn trained(root: &Utf8Path) -> Vec<RunDir> {
    write_manifests(root);
    let mut all = Vec::new();
    for (name, _) in MANIFESTS {
        fs_err::write(root.join("spec.yaml"), spec(name)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
        command.args(["run", "spec.yaml", "-q"]).current_dir(root);
        let output = command.env_remove("SPARSEGATE_CACHE").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        all.extend(runs(root, name).unwrap());
    }
    all
}

#[test]
fn a_stored_model_reaches_the_metric_of_its_run() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    let runs = trained(root);
    assert_eq!(runs.len(), 16);
    for run in runs {
        let record = run.record().unwrap().unwrap();
        let file = File::read(&run.compact().unwrap().expect("a run that is done has a compact file")).unwrap();
        let details: Details = serde_json::from_str(&file.details).unwrap();
        let sources = Sources::load(root, &record.spec.dataset, [&record.spec]).unwrap();
        let corpus = sparsegate_data::load(root, &sources.dataset, record.spec.reading).unwrap();
        let [_, test] = eval_batches(&corpus, &record.spec.train).unwrap();
        let found = corpus.unit.value(&evaluate(
            &Runtime::new(&file.model, &Options::default()).unwrap(),
            corpus.classes().is_some(),
            test.as_ref(),
        ));
        assert!((found - details.run.test).abs() < 1e-5 * found, "{found} {} {:?}", details.run.test, record.spec);
        // 8-bit weights, as they are chosen, and with every product in integers, although these networks are small.
        let all = IntegerProducts { recurrent: true, output: true };
        for int8 in [file.model.to_int8(), file.model.to_int8_with(all)] {
            let runtime = Runtime::new(&int8, &Options::default()).unwrap();
            let rounded = corpus.unit.value(&evaluate(&runtime, corpus.classes().is_some(), test.as_ref()));
            // A perplexity relative to its value; an accuracy in points, of which one text of 333 is 0.3.
            let change = (rounded - found).abs() / if corpus.classes().is_some() { 1.0 } else { found };
            assert!(change <= 0.005, "{rounded} instead of {found}: {change}, {:?}", record.spec);
        }
        assert_eq!(details.classes.len(), corpus.classes().unwrap_or(0));
        let words =
            if details.words_of == WordsOf::All { corpus.vocabulary.len() } else { file.model.symbols.stored.len() };
        assert_eq!(details.words.len(), words);
    }
}
