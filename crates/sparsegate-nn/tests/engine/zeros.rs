//! Weights of exactly zero: log alpha is infinite, and a naive gradient would be NaN.

use sparsegate_core::OutputNoise;
use sparsegate_core::trainer::Trainer;
use sparsegate_nn::model::{LanguageModel, NetworkTrainer};

use crate::small_model::{SMALL, SmallModel};

fn with_zeros(kind: SmallModel) -> NetworkTrainer<LanguageModel> {
    kind.trainer(|name, values| {
        if name.ends_with("/mean") {
            // Every third value, so that every parameter has some zeros.
            values.iter_mut().step_by(3).for_each(|value| *value = 0.0);
        }
    })
}

#[test]
fn training_goes_on() {
    for output_noise in [OutputNoise::Weights, OutputNoise::LocalReparameterization] {
        let kind = SmallModel { output_noise, ..SMALL };
        let mut trainer = with_zeros(kind);
        kind.train(&mut trainer, 1, 6);
        for tensor in trainer.state() {
            assert!(tensor.values.iter().all(|value| value.is_finite()), "{} is not finite", tensor.name);
        }
    }
}

/// With a factor of zero for every unit, no signal reaches the output.
#[test]
fn training_goes_on_with_nothing_but_zeros() {
    let mut trainer = SMALL.trainer(|name, values| {
        if name.ends_with("/mean") {
            values.fill(0.0);
        }
    });
    SMALL.train(&mut trainer, 1, 6);
    for tensor in trainer.parameters() {
        assert!(tensor.values.iter().all(|value| value.is_finite()), "{} is not finite", tensor.name);
    }
}

#[test]
fn a_zero_counts_as_pruned() {
    let zeros = with_zeros(SMALL).counts();
    let none = SMALL.trainer(|_, _| {}).counts();
    assert!(zeros.recurrent_weights.kept < none.recurrent_weights.kept, "{zeros:?} {none:?}");
}
