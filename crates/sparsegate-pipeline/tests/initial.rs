//! Networks built from specs: initial values, and invalid specs.

use serde_json::json;
use sparsegate_core::cells::CELLS;
use sparsegate_core::trainer::NamedTensor;
use sparsegate_data::{Corpus, Parts, Texts, Unit, Vectors};
use sparsegate_pipeline::build::{BuildError, build_trainer};
use sparsegate_spec::types::{ModelKind, RunSpec};

const VOCABULARY: usize = 40;
const EMBEDDING: usize = 12;
const HIDDEN: usize = 8;

fn spec(kind: &str, cell: &str, init: &str) -> RunSpec {
    let classifies = kind == "classification";
    let mut spec = json!({
        "experiment": "test",
        "dataset": "made-up",
        "model": { "kind": kind, "cell": cell, "hidden": HIDDEN, "init": init, "forget_bias": 0.75 },
        "train": { "epochs": 1, "batch": 2, "optimizer": { "adam": { "lr": 0.001 } } },
        "sparsity": {
            "name": "all", "weights": "log-uniform", "vocabulary": "log-uniform", "neurons": "log-uniform",
            "gates": "log-uniform", "output": "log-uniform",
        },
        "seed": 5,
        "backend": "flex",
    });
    if classifies {
        spec["model"]["embedding"] = json!({ "size": EMBEDDING, "vectors": "glove" });
        spec["sparsity"]["inputs"] = json!("log-uniform");
    } else {
        spec["train"]["sequence"] = json!(3);
        spec["train"]["carry_state"] = json!(true);
    }
    serde_json::from_value(spec).expect("a run's spec")
}

fn corpus(parts: Parts) -> Corpus {
    Corpus {
        name: "made-up".to_owned(),
        hash: String::new(),
        unit: Unit::Text,
        vocabulary: (0..VOCABULARY).map(|id| id.to_string()).collect(),
        informative: None,
        parts,
    }
}

fn labelled(classes: usize) -> Corpus {
    let mut texts = Texts::new();
    (0..6).for_each(|text| texts.push(&[text, text + 1], text % classes as u32));
    let classes = (0..classes).map(|class| class.to_string()).collect();
    corpus(Parts::Texts { classes, train: texts.clone(), valid: texts.clone(), test: texts })
}

fn stream() -> Corpus {
    let stream: Vec<u32> = (0..30).collect();
    corpus(Parts::Streams { train: stream.clone(), valid: stream.clone(), test: stream })
}

fn parameters(spec: &RunSpec, corpus: &Corpus, vectors: Option<&Vectors>) -> Vec<NamedTensor> {
    build_trainer(spec, corpus, vectors).expect("a network").parameters()
}

fn find<'a>(tensors: &'a [NamedTensor], name: &str) -> &'a NamedTensor {
    tensors.iter().find(|tensor| tensor.name == name).unwrap_or_else(|| panic!("{name} is missing"))
}

/// Columns `from..to` of a matrix, row-major.
fn columns(tensor: &NamedTensor, from: usize, to: usize) -> Vec<f64> {
    tensor.values.chunks(tensor.shape[1]).flat_map(|row| &row[from..to]).map(|value| f64::from(*value)).collect()
}

fn mean_square(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64
}

#[test]
fn glorot_matrices_have_their_limits_and_recurrent_ones_a_gain() {
    for cell in CELLS {
        let found = parameters(&spec("classification", cell.name(), "glorot"), &labelled(3), None);
        let layer = cell.layer();
        for kind in 0..cell.preactivations().len() {
            let (from, to) = (kind * HIDDEN, (kind + 1) * HIDDEN);
            let input = columns(find(&found, &format!("{layer}/w_input/mean")), from, to);
            let limit = (6.0 / (EMBEDDING + HIDDEN) as f64).sqrt();
            assert!(
                input.iter().all(|value| value.abs() < limit) && input.iter().any(|value| value.abs() > 0.9 * limit)
            );
            // The mean square of an orthogonal matrix with H rows is 1 / H.
            let recurrent = columns(find(&found, &format!("{layer}/w_hidden/mean")), from, to);
            assert!((mean_square(&recurrent) * HIDDEN as f64 - 1.21).abs() < 1e-5, "{}", cell.name());
        }
        let embedding = columns(find(&found, "embedding/w/mean"), 0, EMBEDDING);
        assert!(embedding.iter().all(|value| value.abs() < 0.05) && embedding.iter().any(|value| value.abs() > 0.045));
        assert!(
            find(&found, "output/w/mean").values.iter().all(|value| f64::from(value.abs()) < (6.0 / 11.0_f64).sqrt())
        );
    }
}

#[test]
fn only_the_gates_that_keep_the_state_start_open() {
    for cell in CELLS {
        let found = parameters(&spec("language-model", cell.name(), "orthogonal"), &stream(), None);
        let biases = find(&found, &format!("{}/bias", cell.layer()));
        assert_eq!(biases.shape, [1, cell.biases().len() * HIDDEN]);
        for (values, bias) in biases.values.chunks(HIDDEN).zip(cell.biases()) {
            let wanted = if bias.uses_forget_bias { [0.75; HIDDEN] } else { [0.0; HIDDEN] };
            assert_eq!(values, wanted, "{} {}", cell.name(), bias.name);
        }
    }
}

#[test]
fn deviations_and_factors_start_where_the_method_says() {
    for (kind, corpus) in [("language-model", stream()), ("classification", labelled(2))] {
        let found = parameters(&spec(kind, "lstm", "orthogonal"), &corpus, None);
        for tensor in &found {
            let wanted = match tensor.name.rsplit_once('/') {
                Some((_, "log_sigma")) => -3.0,
                Some((parameter, "mean")) if parameter.contains("/z_") => 1.0,
                _ => continue,
            };
            assert_eq!(tensor.values, vec![wanted; tensor.values.len()], "{}", tensor.name);
        }
        assert_eq!(found.len(), if kind == "classification" { 18 } else { 14 });
    }
}

#[test]
fn given_vectors_replace_random_ones() {
    let spec = spec("classification", "lstm", "glorot");
    let random = parameters(&spec, &labelled(2), None);
    let mut rows = vec![None; VOCABULARY];
    rows[3] = Some(vec![0.5; EMBEDDING]);
    let vectors = Vectors { size: EMBEDDING, rows };
    let given = parameters(&spec, &labelled(2), Some(&vectors));
    for (random, given) in random.iter().zip(&given) {
        let mut wanted = random.clone();
        if wanted.name == "embedding/w/mean" {
            wanted.values[3 * EMBEDDING..4 * EMBEDDING].fill(0.5);
        }
        assert_eq!(*given, wanted);
    }
}

#[test]
fn heads_follow_the_number_of_classes() {
    for (classes, outputs) in [(2, 1), (3, 3)] {
        let found = parameters(&spec("classification", "lstm", "glorot"), &labelled(classes), None);
        assert_eq!(find(&found, "output/w/mean").shape, [HIDDEN, outputs]);
    }
}

#[test]
fn what_does_not_fit_is_refused_with_a_cure() {
    let refused = |spec: &RunSpec, corpus: &Corpus, vectors: Option<&Vectors>| -> BuildError {
        build_trainer(spec, corpus, vectors).err().expect("an error")
    };
    let mut classifier = spec("classification", "lstm", "glorot");
    let error = refused(&classifier, &stream(), None);
    assert!(matches!(&error, BuildError::NoLabels { dataset } if dataset == "made-up"));
    assert!(error.to_string().contains("`made-up`") && error.to_string().contains("`model.kind: language-model`"));
    let short = Vectors { size: 3, rows: vec![None; VOCABULARY] };
    let error = refused(&classifier, &labelled(2), Some(&short));
    assert!(
        error.to_string().contains("`glove`") && error.to_string().contains("`model.embedding.size: 3`"),
        "{error}"
    );
    classifier.model.embedding = None;
    assert!(matches!(refused(&classifier, &labelled(2), None), BuildError::NoEmbedding));
    let model = spec("language-model", "lstm", "orthogonal");
    assert_eq!(model.model.kind, ModelKind::LanguageModel);
    let error = refused(&model, &labelled(2), None);
    assert!(error.to_string().contains("`made-up`") && error.to_string().contains("`model.kind: classification`"));
}
