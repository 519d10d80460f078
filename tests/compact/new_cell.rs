//! The cell of `docs/new-cell.md`, which has no kernel and no code in the runtime: trained, reported, used and
//! exported.
#![cfg(unix)]

use std::sync::atomic::AtomicBool;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;
use sparsegate_compact::{build_file, evaluate};
use sparsegate_data::{Sources, eval_batches};
use sparsegate_pipeline::build::build_trainer;
use sparsegate_pipeline::train::train;
use sparsegate_report::write as report;
use sparsegate_runtime::Cell;
use sparsegate_runtime::format::File;
use sparsegate_runtime::runtime::{Options, Runtime};
use sparsegate_spec::Experiment;
use sparsegate_spec::types::{CellName, RunSpec};
use sparsegate_store::RunDir;
use sparsegate_store::format::RunState;
use sparsegate_store::plan::Status;
use sparsegate_testing::every_cell;
use sparsegate_testing::language_models::{experiment, plan, store_record};
use sparsegate_testing::networks::coupled_lstm::CoupledLstm;

/// The spec of a run of two epochs with the new cell. The cell is not in the list of this program, so that a spec file
/// cannot name it.
fn spec(name: &str) -> RunSpec {
    let model = match name {
        "words" => json!({ "kind": "language-model", "cell": "lstm", "hidden": 12 }),
        _ => json!({
            "kind": "classification", "cell": "lstm", "hidden": 10, "gate_activation": "hard-sigmoid",
            "embedding": { "size": 6, "vectors": "none" },
        }),
    };
    let mut spec = json!({
        "experiment": "new-cell",
        "dataset": name,
        "model": model,
        "train": { "epochs": 2, "batch": 16, "optimizer": { "adam": { "lr": 0.01 } } },
        "sparsity": {
            "name": "W+G+N", "weights": "log-uniform", "neurons": "log-uniform", "gates": "log-uniform",
            "output": "log-uniform",
        },
        "seed": 1,
        "backend": "flex",
    });
    if name == "words" {
        (spec["train"]["sequence"], spec["train"]["carry_state"]) = (json!(10), json!(true));
    } else {
        spec["sparsity"]["inputs"] = json!("log-uniform");
    }
    let mut spec: RunSpec = serde_json::from_value(spec).expect("a run's spec");
    spec.model.cell = CellName(&CoupledLstm);
    spec
}

/// The folder in which `store_record` puts `run.json`.
fn folder(root: &Utf8Path, name: &str) -> RunDir {
    RunDir::at(&root.join("runs/new-cell").join(name))
}

/// Trains the run, and writes its compact model to `NAME.compact.safetensors`.
fn trained(root: &Utf8Path, name: &str) -> Utf8PathBuf {
    let spec = spec(name);
    let sources = Sources::load(root, &spec.dataset, [&spec]).unwrap();
    let corpus = sparsegate_data::load(root, &sources.dataset, spec.reading).unwrap();
    let dir = folder(root, name);
    let mut trainer = build_trainer(&spec, &corpus, None).unwrap();
    let stop = AtomicBool::new(false);
    let summary = train(&dir, &spec, &corpus, None, trainer.as_mut(), &mut |_| (), &stop).unwrap();
    assert_eq!(summary.state, RunState::Done);
    let (last, parameters) = (summary.last.unwrap(), dir.model().unwrap().unwrap());
    let file = build_file(name, &spec, &parameters, &last, &corpus, &sources.dataset.reader).unwrap();
    assert!(matches!(&file.model.cell, Cell::Formula(formula) if formula.name == "lstm-coupled"));
    let [_, test] = eval_batches(&corpus, &spec.train).unwrap();
    let runtime = Runtime::new(&file.model, &Options::default()).unwrap();
    let found = corpus.unit.value(&evaluate(&runtime, corpus.classes().is_some(), test.as_ref()));
    assert!((found - last.test).abs() < 1e-5 * found, "{found} {}", last.test);
    let path = root.join(format!("{name}.compact.safetensors"));
    fs_err::write(&path, file.write().unwrap()).unwrap();
    path
}

/// Reports the runs. `run.json` cannot name a cell that is not in the program's list, so it names the LSTM; all else is
/// as training stored it.
fn reported(root: &Utf8Path) {
    let runs = ["words", "texts"].map(|name| (RunSpec { task: Some(name.into()), ..spec(name) }, name));
    for (spec, name) in &runs {
        let mut listed = spec.clone();
        listed.model.cell = CellName::default();
        store_record(root, &listed, name);
    }
    let specs = runs.each_ref().map(|(spec, _)| spec.clone());
    let experiment = Experiment { name: "new-cell".into(), ..experiment(root, &specs) };
    let plan = plan(runs.map(|(spec, name)| (spec, name, Status::Done)).into());
    let written = report(root, &experiment, &plan, &root.join("report")).unwrap();
    assert!(written.warnings.is_empty(), "{:?}", written.warnings);
    let csv = fs_err::read_to_string(root.join("report/results.csv")).unwrap();
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    for (row, name) in rows[1..].iter().zip(["words", "texts"]) {
        let of = |column: &str| rows[0].iter().position(|head| *head == column).map(|at| row[at]);
        let counts = folder(root, name).structure().unwrap().unwrap().counts;
        assert_eq!((of("run"), of("state")), (Some(name), Some("done")), "{csv}");
        assert_eq!(counts.gates.iter().map(|gate| gate.kind.as_str()).collect::<Vec<_>>(), ["f", "g", "o"]);
        for gate in &counts.gates {
            let kept = gate.kept.to_string();
            assert_eq!(of(&format!("gates_kept_{}", gate.kind)), Some(kept.as_str()), "{csv}");
        }
    }
    let gates = fs_err::read_to_string(root.join("report/gate-structure.csv")).unwrap();
    assert!(gates.contains("words,") && gates.contains(",g,flow,"), "{gates}");
}

#[test]
fn a_cell_of_one_file_is_trained_reported_used_and_exported() {
    let project = every_cell::project();
    let root = &project.root;
    let (words, texts) = (trained(root, "words"), trained(root, "texts"));
    reported(root);
    let said = |arguments: &[&str]| {
        let answer = project.go(arguments);
        answer.expect(0, &[]);
        answer.out
    };
    let predicted = said(&["predict", words.as_str(), "a b", "--top", "3", "--format", "json"]);
    let predicted: serde_json::Value = serde_json::from_str(&predicted).unwrap();
    assert!(predicted["next"].as_array().is_some_and(|next| next.len() == 3), "{predicted}");
    let text = said(&["generate", words.as_str(), "--length", "20", "--seed", "3"]);
    assert_eq!(text, said(&["generate", words.as_str(), "--length", "20", "--seed", "3"]));
    assert!(!text.trim().is_empty() && !said(&["predict", texts.as_str(), "a plot ."]).is_empty());
    for model in [&words, &texts] {
        for (format, out) in [("onnx", "model.onnx"), ("compact", "model.compact.safetensors")] {
            let out = root.join(out);
            said(&["export", model.as_str(), "--format", format, "--out", out.as_str(), "--force"]);
            assert!(fs_err::metadata(&out).unwrap().len() > 0);
        }
        let copy = File::read(&fs_err::read(root.join("model.compact.safetensors")).unwrap()).unwrap();
        assert_eq!(copy, File::read(&fs_err::read(model).unwrap()).unwrap());
        let refused = ["export", model.as_str(), "--format", "safetensors", "--out", "no.st"];
        project.go(&refused).expect(2, &["no module for the cell `lstm-coupled`"]);
    }
    let times = said(&["bench", words.as_str(), "--samples", "1", "--batch", "1", "--threads", "1"]);
    assert!(times.contains("symbol by symbol"), "{times}");
}
