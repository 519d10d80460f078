//! Pruned modules and their counts.

use burn::module::Module;
use burn::tensor::{DType, Tensor};
use sparsegate_core::OutputNoise;
use sparsegate_core::cells::Lstm;
use sparsegate_nn::engine::FusedOps;
use sparsegate_nn::model::{Network, NoiseSource};
use sparsegate_nn::module::{VariationalLinear, VariationalRecurrent, counts};

use crate::matrix::{HostMatrix, assert_close};
use crate::small_model::SMALL;
use crate::tiny::{NONE, language_model, streams};
use crate::{symbols, values};

/// A module whose log alphas lie on both sides of the limit.
fn modules() -> (VariationalRecurrent, VariationalLinear) {
    let mut network = language_model(&Lstm, OutputNoise::Weights, NONE);
    let mut seed = 100;
    network.visit(|name, tensor| {
        seed += 1;
        if name.ends_with("/log_sigma") {
            *tensor = HostMatrix::random(tensor.dims(), [-1.0, 2.0], seed).tensor(DType::F64);
        }
    });
    (network.recurrent.into(), network.output.into())
}

#[test]
fn a_pruned_module_computes_what_evaluation_computes() {
    for training in [false, true] {
        let (recurrent, output) = modules();
        let network = recurrent.language_model(&output).to_deterministic(true);
        let (recurrent, output) = if training { (recurrent.train(), output.train()) } else { (recurrent, output) };
        let ((pruned, parts), (pruned_output, kept)) = (recurrent.pruned(), output.pruned());
        let wanted = network.forward(&FusedOps, &streams(), network.zero_states(2), None).outputs;
        let wanted = values(wanted + network.output.bias.clone());
        let (hidden, _) = pruned.forward_symbols(symbols(&streams().inputs, 2), None, None);
        let logits = pruned_output.forward(hidden, None).swap_dims(0, 1);
        assert_close(&values(logits), &wanted, 1e-12, "logits");
        // Counts are those of exact zeros; ids and the state of training stay.
        let zeros = |tensor: Tensor<2>| values(tensor).iter().filter(|value| **value == 0.0).count() as u64;
        assert_eq!(
            parts.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["w_input", "w_hidden", "z_inputs", "z_neurons", "z_gates"]
        );
        assert_eq!(kept.total - kept.kept, zeros(pruned_output.w.mean.val()));
        assert_eq!(parts[0].1.total - parts[0].1.kept, zeros(pruned.w_input.mean.val()));
        for (name, kept) in &parts[..2] {
            assert!((1..kept.total).contains(&kept.kept), "{name}: {kept:?}");
        }
        assert_eq!(pruned.w_input.mean.id, recurrent.w_input.mean.id);
        assert_eq!(pruned.w_input.mean.is_require_grad(), training);
        // A second pruning changes nothing.
        assert_eq!(pruned.pruned().1, parts);
    }
}

#[test]
fn counts_are_those_of_the_trainer() {
    use sparsegate_core::trainer::Trainer;
    let mut trainer = SMALL.trainer(|name, values| {
        if name.ends_with("/log_sigma") {
            values.iter_mut().enumerate().for_each(|(place, value)| *value = if place % 3 == 0 { 2.0 } else { -4.0 });
        }
    });
    let noise = NoiseSource::Counter { seed: 1, step: 1 };
    trainer.step_with(&SMALL.batch(1), 1, &noise).expect("finite");
    let network = trainer.network();
    let recurrent = VariationalRecurrent::from(network.recurrent.clone());
    let output = VariationalLinear::from(network.output.clone());
    assert_eq!(counts(&recurrent.language_model(&output), false), trainer.counts());
    // They do not change when the modules are pruned.
    let pruned = recurrent.pruned().0.language_model(&output.pruned().0);
    assert_eq!(counts(&pruned, false), trainer.counts());
}
