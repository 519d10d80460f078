//! Runs that diverge store nothing that is not finite.

use std::time::Duration;

use sparsegate_data::Unit;
use sparsegate_pipeline::train::{CheckpointIntervals, RunData, train_on};
use sparsegate_store::format::RunState;
use sparsegate_testing::stored::trained_bytes;

use crate::toy::{ToyTrainer, run_data};
use crate::{BATCHES, EPOCHS, Folder, go, never, spec, uninterrupted};

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
    assert!(trained_bytes(&folder.run()) == uninterrupted(&spec()));
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
