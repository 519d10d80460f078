//! The best epoch's model and early stopping, in runs that are interrupted at any step or crash.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sparsegate_pipeline::train::{CheckpointIntervals, TrainEvent, train_on};
use sparsegate_spec::types::{EarlyStop, Kl, RunSpec, Select, WarmUp};
use sparsegate_store::format::{RunState, StoppedEarly};
use sparsegate_testing::stored::trained_bytes;

use crate::toy::{ToyTrainer, run_data};
use crate::{BATCHES, Folder, go, never, spec};

/// A run of eight epochs that keeps the best one.
fn best() -> RunSpec {
    let mut spec = spec();
    spec.train.epochs = 8;
    spec.train.select = Select::Best;
    spec
}

/// Number of the epoch with the lowest perplexity after `settled` epochs, the later one in a tie.
fn lowest(run: &sparsegate_store::RunDir, settled: usize) -> u32 {
    let lines = run.metrics().unwrap();
    lines.iter().skip(settled).rev().min_by(|a, b| a.valid.total_cmp(&b.valid)).unwrap().epoch
}

fn finished(spec: &RunSpec) -> (Folder, sparsegate_store::format::Summary) {
    let folder = Folder::new();
    let summary = go(&folder.run(), spec, CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
    assert_eq!(summary.state, RunState::Done);
    (folder, summary)
}

#[test]
fn the_stored_model_is_that_of_a_run_that_ended_at_the_best_epoch() {
    let (folder, summary) = finished(&best());
    let selected = lowest(&folder.run(), 0);
    assert!(selected < 8, "the toy's last epoch is its best one, so the test would prove nothing");
    assert_eq!((summary.selected, summary.epochs), (Some(selected), 8));
    assert_eq!(summary.last.as_ref(), folder.run().metrics().unwrap().get(selected as usize - 1));
    let mut shorter = best();
    (shorter.train.epochs, shorter.train.select) = (selected, Select::Last);
    let (short, last) = finished(&shorter);
    assert_eq!((last.selected, &last.last, &last.ground_truth), (None, &summary.last, &summary.ground_truth));
    let [.., structure, model] = &trained_bytes(&folder.run())[..] else { panic!("three files") };
    let [.., wanted_structure, wanted_model] = &trained_bytes(&short.run())[..] else { panic!("three files") };
    assert!(structure == wanted_structure && model == wanted_model);
    let left = folder.run().path().join("checkpoint").read_dir_utf8().unwrap().count();
    assert_eq!(left, 1, "the state of the best epoch is removed when its model is stored");
}

#[test]
fn epochs_in_the_warm_up_of_the_kl_term_are_not_selected() {
    let (folder, plain) = finished(&best());
    let early = plain.selected.unwrap();
    let mut warm = best();
    warm.train.kl = Some(Kl { weight: 1.0, warm_up: WarmUp::Epochs(early) });
    let (_, summary) = finished(&warm);
    assert_eq!(summary.selected, Some(lowest(&folder.run(), early as usize)));
    assert_ne!(summary.selected, plain.selected);
    // Without variational parameters there is no KL term to wait for, and a spec has no such block.
    warm.sparsity.weights = sparsegate_spec::types::Prior::None;
    assert_eq!(warm.without_idle_options().train.kl, None);
}

#[test]
fn a_warm_up_in_steps_must_fit_into_the_run() {
    let mut long = spec();
    long.train.kl = Some(Kl { weight: 1.0, warm_up: WarmUp::Steps(16) });
    let folder = Folder::new();
    let error = go(&folder.run(), &long, CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("16 steps in train.kl.warm_up is longer than the training of 15 steps"), "{text}");
    assert!(text.contains("raise train.epochs"), "{text}");
    long.train.kl = Some(Kl { weight: 1.0, warm_up: WarmUp::Steps(15) });
    finished(&long);
}

#[test]
fn a_run_without_progress_ends_and_says_why() {
    let (whole, _) = finished(&best());
    let lines = whole.run().metrics().unwrap();
    let first_worse = (1..lines.len()).find(|at| lines[*at].valid >= lines[at - 1].valid).unwrap();
    let mut spec = best();
    spec.train.early_stop = Some(EarlyStop { patience: 1 });
    let folder = Folder::new();
    let mut told = Vec::new();
    let mut note = |event: TrainEvent| told.extend(matches!(event, TrainEvent::StoppedEarly { .. }).then_some(event));
    let (data, intervals) = (run_data(BATCHES), CheckpointIntervals::default());
    let summary =
        train_on(&folder.run(), &spec, &data, intervals, &mut ToyTrainer::new(), &mut note, &never()).unwrap();
    let (epoch, best) = (first_worse as u32 + 1, first_worse as u32);
    assert_eq!(summary.stopped_early, Some(StoppedEarly { epoch, best, patience: 1 }));
    assert_eq!((summary.state, summary.epochs, summary.selected), (RunState::Done, epoch, Some(best)));
    assert_eq!(folder.run().metrics().unwrap(), lines[..epoch as usize], "the epochs before are the same");
    assert_eq!(told, [TrainEvent::StoppedEarly { epoch, best }]);
    // Without `select: best` the model is that of the last epoch.
    spec.train.select = Select::Last;
    let (_, summary) = finished(&spec);
    assert_eq!((summary.selected, summary.last.unwrap().epoch), (None, epoch));
}

/// With a checkpoint after every step and with none but the last, which is when the stored best epoch is older or newer
/// than the checkpoint.
#[test]
fn interruptions_and_crashes_change_no_byte() {
    let mut stopping = best();
    stopping.train.early_stop = Some(EarlyStop { patience: 3 });
    for spec in [best(), stopping] {
        let (folder, whole) = finished(&spec);
        let wanted = trained_bytes(&folder.run());
        let seldom = CheckpointIntervals { epoch_end: Duration::from_hours(1), mid_epoch: Duration::from_hours(1) };
        let epochs = CheckpointIntervals { epoch_end: Duration::ZERO, ..seldom };
        let steps = CheckpointIntervals { mid_epoch: Duration::ZERO, ..epochs };
        for intervals in [seldom, epochs, steps] {
            // A stride without a common factor with the length of an epoch covers all its steps.
            for at in (1..=BATCHES as u64 * u64::from(whole.epochs)).step_by(4) {
                for crash in [false, true] {
                    let folder = Folder::new();
                    let stop = Arc::new(AtomicBool::new(false));
                    let flag = stop.clone();
                    let mut toy = ToyTrainer::new();
                    toy.after_step = Box::new(move |step| {
                        assert!(!(crash && step == at), "crash on purpose");
                        flag.store(step == at, Ordering::Relaxed);
                    });
                    let run = std::panic::AssertUnwindSafe(|| go(&folder.run(), &spec, intervals, &mut toy, &stop));
                    assert_eq!(std::panic::catch_unwind(run).is_err(), crash);
                    let summary =
                        go(&folder.run(), &spec, CheckpointIntervals::default(), &mut ToyTrainer::new(), &never());
                    let summary = summary.unwrap();
                    assert_eq!(
                        (summary.selected, summary.stopped_early, &summary.last),
                        (whole.selected, whole.stopped_early, &whole.last)
                    );
                    assert!(trained_bytes(&folder.run()) == wanted, "after step {at}, {intervals:?}, crash: {crash}");
                }
            }
        }
    }
}

#[test]
fn a_missing_state_of_the_best_epoch_is_named() {
    let (folder, summary) = finished(&best());
    // As after a crash between the last checkpoint and the summary, with the file deleted by hand.
    folder.run().lock().unwrap().remove_summary().unwrap();
    let error = go(&folder.run(), &best(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never());
    let text = error.unwrap_err().to_string();
    let name = format!("best-{}.safetensors", summary.selected.unwrap());
    assert!(text.contains(&name) && text.contains("it is missing") && text.contains("--force"), "{text}");
}
