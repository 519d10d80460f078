//! A run that was stopped or killed and resumed stores the same bytes as an uninterrupted run.

#![allow(missing_docs, clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a test")]

mod selection;
mod toy;

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_data::Unit;
use sparsegate_pipeline::train::{CheckpointIntervals, RunData, TrainError, TrainEvent, train_on};
use sparsegate_spec::types::RunSpec;
use sparsegate_store::format::{Collapse, RunState, Summary};
use sparsegate_store::{RunDir, StoreError};
use toy::{ToyTrainer, run_data};

const BATCHES: usize = 5;
const EPOCHS: u32 = 3;

fn spec() -> RunSpec {
    let json = r#"{
        "experiment": "toy", "dataset": "numbers", "seed": 0, "backend": "flex",
        "model": { "kind": "language-model", "hidden": 3 },
        "train": { "epochs": 3, "batch": 2, "sequence": 2, "carry_state": true,
                   "optimizer": { "adam": { "lr": 0.01 } }, "clip_norm": 10.0 },
        "sparsity": { "name": "W", "weights": "log-uniform" }
    }"#;
    serde_json::from_str(json).unwrap()
}

struct Folder {
    _temporary: tempfile::TempDir,
    root: Utf8PathBuf,
}

impl Folder {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(temporary.path().to_owned()).unwrap();
        Self { _temporary: temporary, root }
    }
    fn run(&self) -> RunDir {
        RunDir::new(&self.root, "0123")
    }
}

/// The stored bytes that must not depend on interruptions.
fn fingerprint(run: &RunDir) -> Vec<Vec<u8>> {
    ["metrics.jsonl", "structure.json", "model.safetensors"]
        .iter()
        .map(|name| fs_err::read(run.path().join(name)).unwrap())
        .collect()
}

fn go(
    run: &RunDir,
    spec: &RunSpec,
    intervals: CheckpointIntervals,
    toy: &mut ToyTrainer,
    stop: &AtomicBool,
) -> Result<Summary, TrainError> {
    train_on(run, spec, &run_data(BATCHES), intervals, toy, &mut |_| {}, stop)
}

fn never() -> AtomicBool {
    AtomicBool::new(false)
}

fn uninterrupted(spec: &RunSpec) -> Vec<Vec<u8>> {
    let folder = Folder::new();
    let summary = go(&folder.run(), spec, CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
    assert_eq!(summary.state, RunState::Done);
    assert_eq!(folder.run().metrics().unwrap().last(), summary.last.as_ref());
    fingerprint(&folder.run())
}

#[test]
fn stopping_at_any_step_changes_no_byte() {
    let whole = uninterrupted(&spec());
    for at in 1..=BATCHES as u64 * u64::from(EPOCHS) {
        let folder = Folder::new();
        let stop = Arc::new(AtomicBool::new(false));
        let mut toy = ToyTrainer::new();
        let flag = stop.clone();
        toy.after_step = Box::new(move |step| flag.store(step == at, Ordering::Relaxed));
        let summary = go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut toy, &stop).unwrap();
        assert_eq!(summary.state, RunState::Interrupted, "stopped after step {at}");
        assert_eq!(folder.run().position().unwrap().unwrap().step, at);
        let summary =
            go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
        assert_eq!(summary.state, RunState::Done);
        assert!(fingerprint(&folder.run()) == whole, "stopped after step {at}");
    }
}

#[test]
fn stopping_at_every_step_changes_no_byte() {
    let whole = uninterrupted(&spec());
    let folder = Folder::new();
    for _ in 0..BATCHES as u32 * EPOCHS {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = stop.clone();
        let mut toy = ToyTrainer::new();
        toy.after_step = Box::new(move |_| flag.store(true, Ordering::Relaxed));
        assert_eq!(
            go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut toy, &stop).unwrap().state,
            RunState::Interrupted
        );
    }
    assert_eq!(
        go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap().state,
        RunState::Done
    );
    assert!(fingerprint(&folder.run()) == whole);
}

/// An empty network is marked from its second epoch on, also by a process that did not see the first one, and announced
/// once.
#[test]
fn a_collapse_is_stored_alike_by_a_resumed_run() {
    let toy = ToyTrainer::empty;
    let announced = |folder: &Folder, toy: &mut ToyTrainer, stop: &AtomicBool| {
        let mut found = Vec::new();
        let events = &mut |event: TrainEvent| {
            if let TrainEvent::Collapsed { epoch, collapse, hint } = event {
                assert!(hint.contains("train.kl.weight"), "{hint}");
                found.push((epoch, collapse));
            }
        };
        let data = run_data(BATCHES);
        train_on(&folder.run(), &spec(), &data, CheckpointIntervals::default(), toy, events, stop).unwrap();
        found
    };
    let whole = Folder::new();
    assert_eq!(announced(&whole, &mut toy(), &never()), [(2, Collapse::NothingLeft)]);
    let marks: Vec<_> = whole.run().metrics().unwrap().into_iter().map(|line| line.collapse).collect();
    assert_eq!(marks, [None, Some(Collapse::NothingLeft), Some(Collapse::NothingLeft)]);
    assert_eq!(whole.run().summary().unwrap().unwrap().collapsed(), Some(Collapse::NothingLeft));
    for at in 1..=BATCHES as u64 * u64::from(EPOCHS) {
        let folder = Folder::new();
        let stop = Arc::new(AtomicBool::new(false));
        let (mut first, flag) = (toy(), stop.clone());
        first.after_step = Box::new(move |step| flag.store(step == at, Ordering::Relaxed));
        let before = announced(&folder, &mut first, &stop);
        let after = announced(&folder, &mut toy(), &never());
        assert_eq!([before, after].concat(), [(2, Collapse::NothingLeft)], "stopped after step {at}");
        assert!(fingerprint(&folder.run()) == fingerprint(&whole.run()), "stopped after step {at}");
    }
}

/// Step metrics that are returned late are still counted, even if a stop or a checkpoint comes first.
#[test]
fn late_numbers_change_no_byte() {
    let whole = uninterrupted(&spec());
    for block in [2, 3, 100] {
        let folder = Folder::new();
        for at in 1..=BATCHES as u64 * u64::from(EPOCHS) {
            let stop = Arc::new(AtomicBool::new(false));
            let flag = stop.clone();
            let after_step = Box::new(move |step| flag.store(step == at, Ordering::Relaxed));
            let mut toy = ToyTrainer::in_blocks(block);
            toy.after_step = after_step;
            go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut toy, &stop).unwrap();
        }
        let intervals = CheckpointIntervals { epoch_end: Duration::ZERO, mid_epoch: Duration::ZERO };
        let mut toy = ToyTrainer::in_blocks(block);
        assert_eq!(go(&folder.run(), &spec(), intervals, &mut toy, &never()).unwrap().state, RunState::Done);
        assert!(fingerprint(&folder.run()) == whole, "in blocks of {block}");
    }
}

/// Divergence may be detected late; nothing computed after the diverged step may be stored.
#[test]
fn late_divergence_saves_nothing_broken() {
    for at in 1..=2 * BATCHES as u64 {
        let folder = Folder::new();
        let mut toy = ToyTrainer::in_blocks(4);
        toy.diverges_at = Some(at);
        let intervals = CheckpointIntervals { epoch_end: Duration::ZERO, mid_epoch: Duration::from_hours(1) };
        let error = go(&folder.run(), &spec(), intervals, &mut toy, &never()).unwrap_err().to_string();
        assert!(error.contains(&format!("data loss is not finite at step {at}")), "{error}");
        let saved = folder.run().position().unwrap().map_or(0, |position| position.step);
        assert_eq!(saved, (at - 1) / BATCHES as u64 * BATCHES as u64, "diverged at step {at}");
    }
}

/// A crash between two steps leaves the last checkpoint, and possibly metric lines that are newer than it.
#[test]
fn lines_after_the_checkpoint_are_computed_again() {
    let whole = uninterrupted(&spec());
    for intervals in
        [CheckpointIntervals::default(), CheckpointIntervals { epoch_end: Duration::ZERO, mid_epoch: Duration::ZERO }]
    {
        for at in 1..=BATCHES as u64 * u64::from(EPOCHS) {
            let folder = Folder::new();
            let mut toy = ToyTrainer::new();
            toy.after_step = Box::new(move |step| assert!(step != at, "crash on purpose"));
            let run = folder.run();
            let crash = std::panic::AssertUnwindSafe(|| go(&run, &spec(), intervals, &mut toy, &never()));
            std::panic::catch_unwind(crash).unwrap_err();
            let metrics = run.metrics_path();
            if metrics.exists() {
                // Half a line, as after a crash during a write.
                let mut bytes = fs_err::read(&metrics).unwrap();
                bytes.extend(b"{\"epoch\":9,");
                fs_err::write(&metrics, bytes).unwrap();
            }
            go(&run, &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
            assert!(fingerprint(&run) == whole, "crashed after step {at}, {intervals:?}");
        }
    }
}

/// Not a test: the process that `a_killed_run_ends_the_same` kills.
#[test]
fn worker() {
    let Ok(root) = std::env::var("SPARSEGATE_TEST_WORKER") else { return };
    let run = RunDir::new(Utf8Path::new(&root), "0123");
    let mut toy = ToyTrainer::new();
    toy.after_step = Box::new(|_| std::thread::sleep(Duration::from_millis(2)));
    let intervals = CheckpointIntervals { epoch_end: Duration::ZERO, mid_epoch: Duration::from_millis(7) };
    go(&run, &spec_long(), intervals, &mut toy, &never()).unwrap();
}

fn spec_long() -> RunSpec {
    let mut spec = spec();
    spec.train.epochs = 30;
    spec
}

fn spawn_worker(folder: &Folder) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "worker", "--nocapture"])
        .env("SPARSEGATE_TEST_WORKER", folder.root.as_str())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_run_ends_the_same() {
    let whole = uninterrupted(&spec_long());
    let folder = Folder::new();
    let mut kills = 0;
    // The moments are spread over the run deterministically, so that a failure can be reproduced.
    for round in 0..12_u64 {
        let mut child = spawn_worker(&folder);
        std::thread::sleep(Duration::from_millis(15 + round * 37 % 90));
        child.kill().unwrap();
        kills += u32::from(!child.wait().unwrap().success());
    }
    assert!(kills >= 3, "the worker ended before it could be killed: {kills}");
    assert!(spawn_worker(&folder).wait().unwrap().success(), "no stale lock");
    assert!(fingerprint(&folder.run()) == whole);
    let left: Vec<_> =
        folder.run().path().read_dir_utf8().unwrap().map(|e| e.unwrap().file_name().to_owned()).collect();
    assert!(!left.iter().any(|name| name.starts_with('.')), "{left:?}");
}

#[test]
fn two_processes_on_one_run() {
    let folder = Folder::new();
    let mut child = spawn_worker(&folder);
    let begun = Instant::now();
    while folder.run().holder().unwrap().is_none_or(|holder| holder.pid == 0) {
        assert!(begun.elapsed() < Duration::from_secs(20), "the worker never took the lock");
        std::thread::sleep(Duration::from_millis(1));
    }
    let error =
        go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap_err();
    let text = error.to_string();
    let Err(TrainError::Store(StoreError::Locked { holder, .. })) = Err::<(), _>(error) else { panic!("{text}") };
    assert_eq!(holder.unwrap().pid, child.id());
    assert!(text.contains(&child.id().to_string()) && text.contains("then run this command again"), "{text}");
    assert!(folder.run().summary().unwrap().is_none(), "the loser writes nothing");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(folder.run().holder().unwrap().is_none());
    folder.run().lock().unwrap();
}

#[test]
fn divergence_names_step_tensor_and_cure() {
    let folder = Folder::new();
    let mut toy = ToyTrainer::new();
    toy.diverges_at = Some(8);
    let text = go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut toy, &never()).unwrap_err().to_string();
    for part in ["lstm/w_hidden/mean", "step 8", "train.optimizer.adam.lr (now 0.01)", "clip_norm (now 10)"] {
        assert!(text.contains(part), "{text}");
    }
    let summary = folder.run().summary().unwrap().unwrap();
    assert_eq!((summary.state, summary.error.as_deref()), (RunState::Failed, Some(text.as_str())));
    assert_eq!(folder.run().metrics().unwrap().len(), 1);
    // A failed run starts again from scratch.
    let summary = go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
    assert_eq!(summary.state, RunState::Done);
    assert!(fingerprint(&folder.run()) == uninterrupted(&spec()));
}

/// The last update of a run comes after its last loss.
#[test]
fn an_update_that_breaks_a_tensor_is_neither_evaluated_nor_saved() {
    for (tensor, name) in [("weights", "weights"), ("moment", "adam/moment")] {
        for at in [BATCHES as u64, BATCHES as u64 * u64::from(EPOCHS)] {
            let folder = Folder::new();
            let mut toy = ToyTrainer::new();
            toy.breaks_at = Some((at, tensor));
            let intervals = CheckpointIntervals { epoch_end: Duration::ZERO, mid_epoch: Duration::from_hours(1) };
            let error = go(&folder.run(), &spec(), intervals, &mut toy, &never()).unwrap_err().to_string();
            assert!(error.contains(&format!("{name} is not finite at step ")), "{error}");
            assert!(error.contains("train.optimizer.adam.lr"), "{error}");
            let summary = folder.run().summary().unwrap().unwrap();
            assert_eq!((summary.state, summary.error.as_deref()), (RunState::Failed, Some(error.as_str())));
            assert!(folder.run().model().unwrap().is_none(), "a model was stored");
            let saved = folder.run().position().unwrap().map_or(0, |position| position.step);
            assert!(saved < at, "the state after step {at} was saved");
        }
    }
}

#[test]
fn outputs_that_are_not_finite_fail_a_run_despite_a_finite_accuracy() {
    let folder = Folder::new();
    let mut toy = ToyTrainer::new();
    toy.evaluates_to_nan = true;
    let data = RunData { unit: Unit::Text, ..run_data(BATCHES) };
    let intervals = CheckpointIntervals::default();
    let error = train_on(&folder.run(), &spec(), &data, intervals, &mut toy, &mut |_| {}, &never()).unwrap_err();
    assert!(error.to_string().contains("validation loss is not finite at step 5"), "{error}");
    assert!(folder.run().model().unwrap().is_none() && folder.run().metrics().unwrap().is_empty());
}

#[test]
fn a_step_limit_ends_the_run_with_a_line() {
    let mut limited = spec();
    limited.train.max_steps = Some(7);
    let folder = Folder::new();
    let mut steps = 0;
    let count = &mut |event: TrainEvent| steps += u64::from(matches!(event, TrainEvent::Step { .. }));
    let summary = train_on(
        &folder.run(),
        &limited,
        &run_data(BATCHES),
        CheckpointIntervals::default(),
        &mut ToyTrainer::new(),
        count,
        &never(),
    );
    assert_eq!(summary.unwrap().state, RunState::Done);
    assert_eq!(steps, 7);
    let lines = folder.run().metrics().unwrap();
    assert_eq!(lines.iter().map(|line| line.step).collect::<Vec<_>>(), [5, 7]);
    // A step limit at the end of an epoch adds no empty epoch.
    limited.train.max_steps = Some(10);
    let folder = Folder::new();
    go(&folder.run(), &limited, CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
    assert_eq!(folder.run().metrics().unwrap().len(), 2);
}

#[test]
fn a_finished_run_is_left_alone() {
    let folder = Folder::new();
    go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
    let mut toy = ToyTrainer::new();
    toy.after_step = Box::new(|_| panic!("trained again"));
    let again = go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut toy, &never()).unwrap();
    let ground_truth = again.ground_truth.unwrap();
    assert_eq!((ground_truth.informative_kept, ground_truth.uninformative_kept), (1, 1));
}

#[test]
fn a_short_stream_is_an_error_with_a_cure() {
    let folder = Folder::new();
    let text = train_on(
        &folder.run(),
        &spec(),
        &run_data(0),
        CheckpointIntervals::default(),
        &mut ToyTrainer::new(),
        &mut |_| {},
        &never(),
    )
    .unwrap_err()
    .to_string();
    assert!(text.contains("training stream") && text.contains("train.batch (now 2)"), "{text}");
}

#[test]
fn a_damaged_checkpoint_is_named_with_a_cure() {
    let folder = Folder::new();
    let stop = Arc::new(AtomicBool::new(true));
    go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &stop).unwrap();
    let path = folder.run().checkpoint_path();
    let mut bytes = fs_err::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs_err::write(&path, bytes).unwrap();
    let text = go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never())
        .unwrap_err()
        .to_string();
    assert!(text.contains("state.safetensors") && text.contains("checksum") && text.contains("--force"), "{text}");
}

#[test]
fn newer_and_damaged_files_are_named_with_a_cure() {
    let folder = Folder::new();
    go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
    let path = folder.run().path().join("summary.json");
    fs_err::write(&path, r#"{"format": 99}"#).unwrap();
    let text = folder.run().summary().unwrap_err().to_string();
    assert!(text.contains("summary.json") && text.contains("format 99") && text.contains("newer sparsegate"), "{text}");
    fs_err::write(&path, r#"{"format": 1, "#).unwrap();
    let text = folder.run().summary().unwrap_err().to_string();
    assert!(text.contains("summary.json") && text.contains("line 1") && text.contains("--force"), "{text}");
    let metrics = folder.run().metrics_path();
    let mut bytes = b"{}\n".to_vec();
    bytes.extend(fs_err::read(&metrics).unwrap());
    fs_err::write(&metrics, bytes).unwrap();
    let text = folder.run().metrics().unwrap_err().to_string();
    assert!(text.contains("metrics.jsonl") && text.contains("line 1"), "{text}");
}

#[test]
fn clearing_keeps_the_lock_only() {
    let folder = Folder::new();
    go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
    let lock = folder.run().lock().unwrap();
    lock.clear().unwrap();
    let left: Vec<_> =
        folder.run().path().read_dir_utf8().unwrap().map(|e| e.unwrap().file_name().to_owned()).collect();
    assert_eq!(left, ["lock"]);
    assert!(folder.run().lock().is_err(), "still held");
}
