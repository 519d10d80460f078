//! Records and configurations, saved and loaded by Burn.

use std::path::Path;

use burn::config::Config;
use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::{Device, Tensor};
use sparsegate_core::GateActivation;
use sparsegate_nn::module::{
    Groups, NoiseSource, VariationalGruConfig, VariationalLinear, VariationalLinearConfig, VariationalLstmConfig,
    VariationalRecurrent, VariationalRnnConfig,
};

use crate::{symbols, values};

/// A network of a user's program.
#[derive(Module, Debug)]
struct Tagger {
    recurrent: VariationalRecurrent,
    output: VariationalLinear,
}

fn taggers(seed: u64) -> [Tagger; 3] {
    let device = Device::flex();
    let groups = Groups::new().with_inputs(true);
    let output = || VariationalLinearConfig::new(4, 2).with_seed(seed).init(&device);
    [
        VariationalLstmConfig::new(6, 4).with_groups(groups.clone()).with_seed(seed).init(&device),
        VariationalGruConfig::new(6, 4).with_groups(groups.clone()).with_seed(seed).init(&device),
        VariationalRnnConfig::new(6, 4).with_groups(groups.clone()).with_seed(seed).init(&device),
    ]
    .map(|recurrent| Tagger { recurrent, output: output() })
}

fn outputs(tagger: &Tagger) -> Vec<f64> {
    let noise = NoiseSource::Counter { seed: 5, step: 9 };
    let (hidden, _) = tagger.recurrent.forward_symbols(symbols(&[0, 5, 3, 2, 2, 1], 2), Some(&noise), None);
    values(tagger.output.forward(hidden, Some(&noise)))
}

#[test]
fn a_loaded_module_computes_the_same_bits() {
    for (index, (saved, other)) in taggers(1).into_iter().zip(taggers(2)).enumerate() {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tagger-{index}.bpk"));
        let (wanted, ids) = (outputs(&saved), [saved.recurrent.bias.id, saved.output.w.mean.id]);
        assert_ne!(outputs(&other), wanted);
        saved.clone().save_file(&file).expect("a record is written");
        let loaded = other.clone().load_file(&file);
        assert_eq!(outputs(&loaded), wanted);
        // Optimisers find their state by these.
        assert_eq!([loaded.recurrent.bias.id, loaded.output.w.mean.id], ids);
        let bytes = saved.into_record().into_bytes().expect("a record is written");
        let record = ModuleRecord::from_bytes(bytes).expect("a record is read");
        assert_eq!(outputs(&other.load_record(record)), wanted);
    }
}

#[test]
fn a_record_of_another_cell_is_refused() {
    let [lstm, gru, _] = taggers(1);
    let error = gru.try_load_record(lstm.into_record()).expect_err("shapes differ").to_string();
    assert!(error.contains("recurrent.w_input.mean: shape mismatch"), "{error}");
}

#[test]
fn configurations_are_saved_with_all_their_fields() {
    let config = VariationalLstmConfig::new(6, 4)
        .with_groups(Groups::new().with_neurons(false))
        .with_gate_activation(GateActivation::HardSigmoid)
        .with_seed(7);
    let read = VariationalLstmConfig::load_binary(config.to_string().as_bytes()).expect("a configuration");
    assert_eq!(read.to_string(), config.to_string());
    let [one, two] = [config, read].map(|config| config.init(&Device::flex()));
    assert!(one.z_gates.is_some() && one.z_neurons.is_none() && one.z_inputs.is_none());
    assert_eq!(one.units.activation, GateActivation::HardSigmoid);
    let of = |tensor: Tensor<2>| values(tensor);
    assert_eq!(of(one.w_hidden.mean.val()), of(two.w_hidden.mean.val()));
    // The forget gate's biases, the second of four, start at one.
    assert_eq!(of(one.bias.val()), [0.0, 1.0, 0.0, 0.0].map(|value| [value; 4]).concat());
}
