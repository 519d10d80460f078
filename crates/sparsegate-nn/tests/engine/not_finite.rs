//! A parameter that is NaN stops training at once, with an error that names it.

use sparsegate_core::trainer::Trainer;
use sparsegate_core::{OutputNoise, Prior};

use crate::small_model::{SMALL, SmallModel};

/// Sets an element of each tensor in turn to NaN, one that every batch reads.
fn each_tensor_is_named(kind: SmallModel) {
    let names: Vec<String> = kind.trainer(|_, _| {}).parameters().into_iter().map(|tensor| tensor.name).collect();
    let batch = kind.batch(7);
    for name in names {
        let mut trainer = kind.trainer(|found, values| {
            let columns = values.len() / kind.vocabulary;
            let place = match found {
                "lstm/w_input/mean" | "lstm/w_input/log_sigma" => batch.inputs[0] as usize * columns + 1,
                "lstm/z_vocabulary/mean" | "lstm/z_vocabulary/log_sigma" => batch.inputs[0] as usize,
                _ => values.len() / 2,
            };
            if found == name {
                values[place] = f64::NAN;
            }
        });
        let before = trainer.state().len();
        let error = trainer.step(&batch, 7).expect_err(&name);
        assert_eq!(error.step, 7, "{name}");
        assert_eq!(error.tensor, name, "{kind:?}");
        assert!(error.to_string().contains("at step 7"), "{error}");
        assert_eq!(trainer.state().len(), before, "{name}: a failed step leaves no state");
    }
}

#[test]
fn of_a_variational_model() {
    each_tensor_is_named(SMALL);
    each_tensor_is_named(SmallModel { output_noise: OutputNoise::LocalReparameterization, ..SMALL });
}

#[test]
fn of_a_plain_model() {
    each_tensor_is_named(SmallModel { prior: Prior::None, ..SMALL });
}
