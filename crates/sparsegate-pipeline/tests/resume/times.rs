//! `times.jsonl`: one line an epoch, whatever interrupts the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sparsegate_pipeline::train::CheckpointIntervals;
use sparsegate_store::{Position, RunDir, Timestamp};
use sparsegate_testing::stored::trained_bytes;

use crate::toy::ToyTrainer;
use crate::{BATCHES, EPOCHS, Folder, crash_after, go, never, spec, uninterrupted};

fn epochs(run: &RunDir) -> Vec<u32> {
    run.times().unwrap().iter().map(|time| time.epoch).collect()
}

/// A trainer whose steps take so long, and that stops the run after the given step.
fn slow(step_takes: Duration, stops_after: u64, stop: &Arc<AtomicBool>) -> ToyTrainer {
    let (mut toy, flag) = (ToyTrainer::new(), stop.clone());
    toy.after_step = Box::new(move |step| {
        std::thread::sleep(step_takes);
        flag.store(step == stops_after, Ordering::Relaxed);
    });
    toy
}

#[test]
fn each_epoch_has_the_time_of_its_steps_and_evaluations() {
    let folder = Folder::new();
    let (before, begun) = (Timestamp::now(), Instant::now());
    let mut toy = slow(Duration::from_millis(4), 0, &Arc::new(never()));
    toy.while_evaluating = Box::new(|| std::thread::sleep(Duration::from_millis(10)));
    go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut toy, &never()).unwrap();
    let (all, after) = (begun.elapsed().as_secs_f64(), Timestamp::now());
    let times = folder.run().times().unwrap();
    assert_eq!(epochs(&folder.run()), [1, 2, 3]);
    // Five steps and two evaluations, but for the rounding.
    assert!(times.iter().all(|time| time.seconds > 0.039), "{times:?}");
    assert!(times.iter().map(|time| time.seconds).sum::<f64>() <= all + 0.002, "{times:?}, {all}");
    assert!(times.is_sorted_by_key(|time| time.finished), "{times:?}");
    assert!(times.iter().all(|time| (before..=after).contains(&time.finished)), "{before} {times:?} {after}");
}

#[test]
fn an_interrupted_epoch_has_the_time_of_all_its_processes() {
    for at in 1..=BATCHES as u64 {
        let folder = Folder::new();
        let stop = Arc::new(never());
        let mut toy = slow(Duration::from_millis(15), at, &stop);
        go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut toy, &stop).unwrap();
        // The process that is stopped here does nothing, and forgets nothing.
        let stop = Arc::new(AtomicBool::new(true));
        go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &stop).unwrap();
        assert!(epochs(&folder.run()).is_empty());
        go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
        let times = folder.run().times().unwrap();
        assert_eq!(epochs(&folder.run()), [1, 2, 3], "stopped after step {at}");
        assert!(times[0].seconds > 0.015 * at as f64 - 0.001, "stopped after step {at}: {times:?}");
        assert!(times[1].seconds < times[0].seconds, "the next epoch counts from its own beginning: {times:?}");
    }
}

/// A crash leaves times, and possibly a part of a line, of epochs that the checkpoint does not have.
#[test]
fn times_after_the_checkpoint_are_written_again() {
    let whole = uninterrupted(&spec());
    let often = CheckpointIntervals { epoch_end: Duration::ZERO, mid_epoch: Duration::ZERO };
    for intervals in [CheckpointIntervals::default(), often] {
        for at in 1..=BATCHES as u64 * u64::from(EPOCHS) {
            let folder = Folder::new();
            let run = folder.run();
            crash_after(at, &run, intervals);
            if let Ok(mut text) = fs_err::read_to_string(run.times_path()) {
                // As if the process had died between the line here and that of metrics.jsonl, and within another.
                let next = run.times().unwrap().len() + 1;
                text.push_str(&format!("{{\"epoch\":{next},\"finished\":\"2026-11-30T10:11:12Z\",\"seconds\":9e9}}\n"));
                fs_err::write(run.times_path(), text + "{\"epoch\":9,").unwrap();
            }
            go(&run, &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
            assert_eq!(epochs(&run), [1, 2, 3], "crashed after step {at}, {intervals:?}");
            assert!(run.times().unwrap().iter().all(|time| time.seconds < 1e9), "crashed after step {at}");
            assert!(trained_bytes(&run) == whole);
        }
    }
}

/// The checkpoints of earlier versions do not say how long the current epoch has taken so far.
#[test]
fn an_epoch_that_an_earlier_version_began_has_no_time() {
    let folder = Folder::new();
    let run = folder.run();
    let stop = Arc::new(never());
    let mut toy = slow(Duration::ZERO, BATCHES as u64 + 2, &stop);
    go(&run, &spec(), CheckpointIntervals::default(), &mut toy, &stop).unwrap();
    let stored = run.checkpoint().unwrap().unwrap();
    assert!(stored.position.epoch_seconds.is_some_and(|seconds| seconds <= stored.position.train_seconds));
    let earlier = Position { epoch_seconds: None, ..stored.position };
    run.lock().unwrap().write_checkpoint(&earlier, &stored.tensors).unwrap();
    fs_err::remove_file(run.times_path()).unwrap();
    go(&run, &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
    assert_eq!(epochs(&run), [3]);
    assert!(trained_bytes(&run) == uninterrupted(&spec()));
}

/// A run that goes on from a shorter one has copies of its lines.
#[test]
fn more_epochs_keep_the_times_of_the_shorter_run() {
    let folder = Folder::new();
    let short = folder.run();
    go(&short, &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
    let mut more = spec();
    more.train.epochs = EPOCHS + 1;
    let long = RunDir::new(&folder.0.root, "4567");
    long.lock().unwrap().continue_from(&short).unwrap();
    go(&long, &more, CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
    assert_eq!(epochs(&long), [1, 2, 3, 4]);
    assert_eq!(long.times().unwrap()[..3], short.times().unwrap());
    // One of a version without times.
    fs_err::remove_file(short.times_path()).unwrap();
    let other = RunDir::new(&folder.0.root, "89ab");
    other.lock().unwrap().continue_from(&short).unwrap();
    go(&other, &more, CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
    assert_eq!(epochs(&other), [4]);
}
