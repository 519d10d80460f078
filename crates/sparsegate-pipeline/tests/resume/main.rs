//! A run that was stopped or killed and resumed stores the same bytes as an uninterrupted run.

#![allow(missing_docs, clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a test")]

mod files;
mod not_finite;
mod processes;
mod selection;
mod times;
mod toy;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use sparsegate_pipeline::train::{CheckpointIntervals, TrainError, TrainEvent, train_on};
use sparsegate_spec::types::RunSpec;
use sparsegate_store::RunDir;
use sparsegate_store::format::{Collapse, RunState, Summary};
use sparsegate_testing::Project;
use sparsegate_testing::stored::trained_bytes;
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

/// The folder of a run that does not exist yet.
struct Folder(Project);

impl Folder {
    fn new() -> Self {
        Self(Project::new())
    }
    fn run(&self) -> RunDir {
        RunDir::new(&self.0.root, "0123")
    }
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
    trained_bytes(&folder.run())
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
        assert!(trained_bytes(&folder.run()) == whole, "stopped after step {at}");
    }
}

/// Each epoch has two evaluations, of validation and of test data.
#[test]
fn stopping_during_an_evaluation_changes_no_byte() {
    let whole = uninterrupted(&spec());
    for at in 1..=2 * EPOCHS {
        let folder = Folder::new();
        let stop = Arc::new(AtomicBool::new(false));
        let (flag, evaluations) = (stop.clone(), AtomicU32::new(0));
        let mut toy = ToyTrainer::new();
        toy.while_evaluating =
            Box::new(move || flag.store(evaluations.fetch_add(1, Ordering::Relaxed) + 1 == at, Ordering::Relaxed));
        let summary = go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut toy, &stop).unwrap();
        assert_eq!(summary.state, RunState::Interrupted, "stopped during evaluation {at}");
        assert_eq!(folder.run().metrics().unwrap().len() as u32, (at - 1) / 2, "only whole epochs are stored");
        let go_on = go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never());
        assert_eq!(go_on.unwrap().state, RunState::Done);
        assert!(trained_bytes(&folder.run()) == whole, "stopped during evaluation {at}");
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
    assert!(trained_bytes(&folder.run()) == whole);
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
        assert!(trained_bytes(&folder.run()) == trained_bytes(&whole.run()), "stopped after step {at}");
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
        assert!(trained_bytes(&folder.run()) == whole, "in blocks of {block}");
    }
}

/// Trains until the process panics after a step.
fn crash_after(at: u64, run: &RunDir, intervals: CheckpointIntervals) {
    let mut toy = ToyTrainer::new();
    toy.after_step = Box::new(move |step| assert!(step != at, "crash on purpose"));
    let crash = std::panic::AssertUnwindSafe(|| go(run, &spec(), intervals, &mut toy, &never()));
    std::panic::catch_unwind(crash).unwrap_err();
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
            let run = folder.run();
            crash_after(at, &run, intervals);
            let metrics = run.metrics_path();
            if metrics.exists() {
                // Half a line, as after a crash during a write.
                let mut bytes = fs_err::read(&metrics).unwrap();
                bytes.extend(b"{\"epoch\":9,");
                fs_err::write(&metrics, bytes).unwrap();
            }
            go(&run, &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
            assert!(trained_bytes(&run) == whole, "crashed after step {at}, {intervals:?}");
        }
    }
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
