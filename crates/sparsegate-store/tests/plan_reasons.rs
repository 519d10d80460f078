//! The status that `plan` reports for each run, and the reason to run it.

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_core::EvaluationMetric;
use sparsegate_spec::Hashes;
use sparsegate_spec::{Experiment, from_text};
use sparsegate_store::format::{FORMAT, RunRecord, RunState, Summary};
use sparsegate_store::plan::{self, PlanEntry, Status};
use sparsegate_store::{Position, RunDir};

fn experiment(set: &[&str]) -> Experiment {
    let text = "name: t\ndataset: d\nmodel: { kind: language-model, hidden: 4 }\n\
        train: { epochs: 2, batch: 2, sequence: 3, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }\n\
        sweep: { product: { sparsity: [dense, W] } }\n";
    let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
    from_text(Utf8Path::new("t.yaml"), text, &set, &[]).expect("a valid spec")
}

fn write(entry: &PlanEntry, state: Option<RunState>) {
    let dir = &entry.dir;
    fs_err::create_dir_all(dir.path()).expect("a folder");
    let record = RunRecord {
        format: FORMAT,
        key: entry.key.clone(),
        key_parts: entry.key_parts.clone(),
        spec: entry.spec.clone(),
        provenance: std::collections::BTreeMap::new(),
    };
    let json = serde_json::to_string(&record).expect("JSON");
    fs_err::write(dir.path().join("run.json"), json).expect("a file");
    if let Some(state) = state {
        let error = (state == RunState::Failed).then(|| "loss is not finite at step 3".to_owned());
        let summary = Summary {
            format: FORMAT,
            state,
            // A finished run must have a line of metrics for each epoch.
            epochs: u32::from(state != RunState::Done),
            metric: Some(EvaluationMetric::Perplexity),
            last: None,
            train_seconds: 1.0,
            error,
            ground_truth: None,
            vectors: None,
            selected: None,
            stopped_early: None,
            baseline: None,
            usage: None,
        };
        let json = serde_json::to_string(&summary).expect("JSON");
        fs_err::write(dir.path().join("summary.json"), json).expect("a file");
    }
    if state == Some(RunState::Done) {
        let weights = serde_json::json!({ "kept": 1, "total": 1 });
        let counts = serde_json::json!({
            "compression": 1.0, "compression_exact": 1.0, "input_weights": weights, "recurrent_weights": weights,
            "output_weights": weights, "vocabulary": weights, "neurons": weights, "weights_kept_exact": 3, "gates": [],
        });
        let structure =
            serde_json::json!({ "format": FORMAT, "counts": counts, "neurons": [], "vocabulary": [], "gates": [] });
        fs_err::write(dir.path().join("structure.json"), structure.to_string()).expect("a file");
        dir.lock().expect("a lock").write_model(&[]).expect("a model");
    }
}

fn hashes(dataset: &str) -> Hashes {
    Hashes { dataset: dataset.to_owned(), vectors: [("v".to_owned(), format!("vectors of {dataset}"))].into() }
}

fn statuses(root: &Utf8Path, experiment: &Experiment, hash: &str) -> Vec<Status> {
    let plan = plan::plan(root, experiment, |_| hashes(hash)).expect("a plan");
    plan.entries.into_iter().map(|entry| entry.status).collect()
}

#[test]
fn reasons() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
    let two = experiment(&[]);
    let never = Status::New { why: "never run".into() };
    assert_eq!(statuses(&root, &two, "h"), [never.clone(), never.clone()]);

    let entries = plan::plan(&root, &two, |_| hashes("h")).expect("a plan").entries;
    write(&entries[0], Some(RunState::Done));
    assert_eq!(statuses(&root, &two, "h"), [Status::Done, never.clone()], "W is not a stale dense");

    let three = experiment(&["train.epochs=3"]);
    let stale = |why: &str| Status::Stale { why: why.into() };
    assert_eq!(statuses(&root, &three, "h")[0], stale("train.epochs 2 -> 3"));
    assert_eq!(statuses(&root, &two, "other")[0], stale("dataset changed"));
    assert_eq!(statuses(&root, &three, "other")[0], stale("train.epochs 2 -> 3, dataset changed"));

    write(&entries[1], None);
    assert_eq!(statuses(&root, &two, "h")[1], never, "prepared by a sweep that was stopped before this run began");
    fs_err::write(entries[1].dir.log_path(), "started\n").expect("a file");
    assert_eq!(statuses(&root, &two, "h")[1], Status::Interrupted { epoch: 0 }, "killed before its first checkpoint");
    write(&entries[1], Some(RunState::Interrupted));
    assert_eq!(statuses(&root, &two, "h")[1], Status::Interrupted { epoch: 1 });
    write(&entries[1], Some(RunState::Failed));
    assert_eq!(statuses(&root, &two, "h")[1], Status::Failed { error: "loss is not finite at step 3".into() });
}

#[test]
fn changed_vectors_are_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
    let text = "name: t\ndataset: d\nsparsity: W\n\
        model: { kind: classification, hidden: 4, embedding: { size: 2, vectors: v } }\n\
        train: { epochs: 2, batch: 2, optimizer: { adam: { lr: 2e-3 } } }\n";
    let one = from_text(Utf8Path::new("t.yaml"), text, &[], &[]).expect("a valid spec");
    let entries = plan::plan(&root, &one, |_| hashes("h")).expect("a plan").entries;
    write(&entries[0], Some(RunState::Done));
    assert_eq!(statuses(&root, &one, "h"), [Status::Done]);
    let changed = Hashes { dataset: "h".into(), vectors: [("v".to_owned(), "others".to_owned())].into() };
    let status = plan::plan(&root, &one, |_| changed.clone()).expect("a plan").entries.remove(0).status;
    assert_eq!(status, Status::Stale { why: "vectors changed".into() });
}

/// Stores a finished run of two epochs with the checkpoint of its end, and returns the status of the runs of `longer`.
fn after_two_epochs(set: &[&str], longer: &[&str], hash: &str) -> Vec<Status> {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
    let entry = plan::plan(&root, &experiment(set), |_| hashes("h")).expect("a plan").entries.remove(1);
    write(&entry, Some(RunState::Done));
    let position = Position { epoch: 2, step: 20, ..Position::start() };
    let lock = RunDir::new(&root, &entry.key).lock().expect("a lock");
    lock.write_checkpoint(&position, &[]).expect("a checkpoint");
    let longer: Vec<&str> = set.iter().chain(longer).copied().collect();
    statuses(&root, &experiment(&longer), hash)
}

#[test]
fn more_epochs_continue_a_finished_run_where_that_is_exact() {
    let continues = |set: &[&str], longer: &[&str]| match after_two_epochs(set, longer, "h").remove(1) {
        Status::Continues { epoch, .. } => epoch == 2,
        Status::Stale { .. } => false,
        other => panic!("{other:?}"),
    };
    assert!(continues(&[], &["train.epochs=3"]));
    assert!(!continues(&[], &["train.epochs=3", "train.clip_norm=1"]), "another spec");
    assert!(!continues(&["train.epochs=2"], &["train.epochs=1"]), "fewer epochs");
    for exact in ["train.kl={ weight: 0.5, warm_up: 2 }", "train.schedule={ step: { period: 1, factor: 0.5 } }"] {
        assert!(continues(&[exact], &["train.epochs=4"]), "{exact}");
    }
    let depends_on_the_end = [
        "train.schedule={ linear: { to: 0 } }",
        "train.schedule={ cosine: { to: 0 } }",
        "train.select=best",
        "train.max_steps=20",
    ];
    for inexact in depends_on_the_end {
        assert!(!continues(&[inexact], &["train.epochs=4"]), "{inexact}");
    }
    assert!(matches!(after_two_epochs(&[], &["train.epochs=3"], "other")[1], Status::Stale { .. }), "other data");
    let dense = &after_two_epochs(&[], &["train.epochs=3"], "h")[0];
    assert_eq!(*dense, Status::New { why: "never run".into() }, "another level");
    let status = after_two_epochs(&[], &["train.epochs=3"], "h").remove(1);
    assert_eq!(status.word(), "continues");
    assert!(status.why().starts_with("goes on from epoch 2 of run "), "{}", status.why());
}

#[test]
fn magnitude_pruning_depends_on_the_length_of_the_run() {
    let level = "sparsity={ name: m, magnitude: { share: 0.9 } }";
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
    let entry = plan::plan(&root, &experiment(&[level]), |_| hashes("h")).expect("a plan").entries.remove(0);
    write(&entry, Some(RunState::Done));
    let lock = RunDir::new(&root, &entry.key).lock().expect("a lock");
    lock.write_checkpoint(&Position { epoch: 2, ..Position::start() }, &[]).expect("a checkpoint");
    let longer = statuses(&root, &experiment(&[level, "train.epochs=3"]), "h").remove(0);
    assert_eq!(longer, Status::Stale { why: "train.epochs 2 -> 3".into() });
}

#[test]
fn a_plan_names_the_run_that_a_run_starts_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
    let both = experiment(&["train.start_from=dense"]);
    let mut sparse = both.clone();
    sparse.runs.remove(0);
    let whys = |experiment: &Experiment| -> Vec<String> {
        let plan = plan::plan(&root, experiment, |_| hashes("h")).expect("a plan");
        plan.entries.iter().map(PlanEntry::why).collect()
    };
    let entries = plan::plan(&root, &both, |_| hashes("h")).expect("a plan").entries;
    let (dense, child) = (&entries[0], &entries[1]);
    assert_eq!((&dense.starts_from, child.key_parts.get("start_from")), (&None, Some(&dense.key)));
    let starts = format!("never run; starts from {} (dense)", dense.key);
    assert_eq!(whys(&both), ["never run".to_owned(), starts.clone()]);
    assert_eq!(whys(&sparse), [format!("never run; needs {} (dense), which was never run", dense.key)]);
    write(dense, Some(RunState::Failed));
    assert_eq!(whys(&sparse), [format!("never run; needs {} (dense), which is failed", dense.key)]);
    write(dense, Some(RunState::Done));
    assert_eq!(whys(&sparse), [starts]);
    write(child, Some(RunState::Done));
    assert_eq!(whys(&sparse), ["finished"]);
    let more = experiment(&["train.start_from=dense", "train.epochs=3"]);
    assert!(matches!(statuses(&root, &more, "h")[1], Status::Stale { .. }), "its parent is another run, too");
}
