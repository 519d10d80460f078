//! Saving and loading.

use sparsegate_core::OutputNoise;
use sparsegate_core::trainer::{NamedTensor, Trainer};

use crate::small_model::{SMALL, SmallModel, saved_bits};

#[test]
fn a_loaded_model_goes_on_bit_for_bit() {
    for output_noise in [OutputNoise::Weights, OutputNoise::LocalReparameterization] {
        let kind = SmallModel { output_noise, ..SMALL };
        let mut straight = kind.trainer(|_, _| {});
        kind.train(&mut straight, 1, 4);
        let saved = straight.state();
        kind.train(&mut straight, 5, 7);
        // Load into a model with other initial values that has already taken steps.
        let mut resumed = kind.trainer(|_, values| values.iter_mut().for_each(|value| *value *= 0.5));
        kind.train(&mut resumed, 1, 2);
        resumed.restore_state(&saved).expect("what was saved");
        assert_eq!(saved_bits(&resumed.state()), saved_bits(&saved), "load gives back what save took");
        kind.train(&mut resumed, 5, 7);
        assert_eq!(saved_bits(&resumed.state()), saved_bits(&straight.state()), "{output_noise:?}");
    }
}

#[test]
fn saving_and_counting_do_not_disturb_training() {
    let mut watched = SMALL.trainer(|_, _| {});
    let mut alone = SMALL.trainer(|_, _| {});
    for step in 1..=3 {
        SMALL.train(&mut watched, step, step);
        let _ = (watched.state(), watched.counts(), watched.structure());
    }
    SMALL.train(&mut alone, 1, 3);
    assert_eq!(saved_bits(&watched.state()), saved_bits(&alone.state()));
}

#[test]
fn loading_no_state_forgets_the_carried_one() {
    let mut trainer = SMALL.trainer(|_, _| {});
    let fresh = trainer.state();
    SMALL.train(&mut trainer, 1, 2);
    assert!(trainer.carried_states().is_some());
    trainer.restore_state(&fresh).expect("what was saved");
    assert!(trainer.carried_states().is_none());
}

/// Applies `damage` to each saved tensor in turn, except `but`, and loads the result: the error must name the tensor,
/// and the model must not change.
fn refused(but: &str, damage: impl Fn(&mut Vec<NamedTensor>, usize)) {
    let mut other = SMALL.trainer(|_, values| values.iter_mut().for_each(|value| *value *= 0.5));
    SMALL.train(&mut other, 1, 2);
    let good = other.state();
    for index in 0..good.len() {
        let name = &good[index].name;
        if name == but {
            continue;
        }
        let mut bad = good.clone();
        damage(&mut bad, index);
        let mut trainer = SMALL.trainer(|_, _| {});
        SMALL.train(&mut trainer, 1, 1);
        let before = trainer.state();
        let message = trainer.restore_state(&bad).expect_err(name);
        assert!(message.starts_with(&format!("{name} ")), "{name}: {message}");
        assert_eq!(saved_bits(&trainer.state()), saved_bits(&before), "{name}: a refused load changes nothing");
    }
}

#[test]
fn a_missing_tensor_is_named() {
    // Without this tensor the save has no carried state, which is valid.
    refused("state/hidden", |tensors, index| drop(tensors.remove(index)));
}

#[test]
fn a_tensor_of_another_shape_is_named() {
    refused("", |tensors, index| tensors[index].shape.reverse());
}

#[test]
fn a_tensor_with_another_number_of_elements_is_named() {
    refused("", |tensors, index| tensors[index].values.truncate(1));
}
