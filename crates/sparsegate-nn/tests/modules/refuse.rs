//! Arguments that do not fit are refused with a message, as in Burn's own modules.

use burn::tensor::{Device, Tensor};
use sparsegate_nn::module::{VariationalLinearConfig, VariationalLstmConfig};

use crate::symbols;

fn zeros(shape: [usize; 3]) -> Tensor<3> {
    Tensor::zeros(shape, &Device::flex())
}

#[test]
#[should_panic(expected = "a recurrent layer has inputs and units, not 0 and 4")]
fn no_inputs() {
    VariationalLstmConfig::new(0, 4).init(&Device::flex());
}

#[test]
#[should_panic(expected = "number of inputs as last dimension")]
fn vectors_of_another_width() {
    VariationalLstmConfig::new(3, 4).init(&Device::flex()).forward(zeros([2, 5, 4]), None, None);
}

#[test]
#[should_panic(expected = "symbols have ids below the number of inputs, 3")]
fn a_symbol_beyond_the_inputs() {
    VariationalLstmConfig::new(3, 4).init(&Device::flex()).forward_symbols(symbols(&[0, 3], 1), None, None);
}

#[test]
#[should_panic(expected = "the states are [\"hidden\", \"cell\"], each [2, 4]")]
fn too_few_states() {
    let states = vec![Tensor::zeros([2, 4], &Device::flex())];
    VariationalLstmConfig::new(3, 4).init(&Device::flex()).forward(zeros([2, 5, 3]), None, Some(states));
}

#[test]
#[should_panic(expected = "at least one step of one sequence")]
fn no_steps() {
    VariationalLstmConfig::new(3, 4).init(&Device::flex()).forward(zeros([2, 0, 3]), None, None);
}

#[test]
#[should_panic(expected = "number of inputs as last dimension")]
fn hidden_states_of_another_width() {
    VariationalLinearConfig::new(4, 2).init(&Device::flex()).forward(zeros([2, 5, 3]), None);
}

#[test]
#[should_panic(expected = "as many inputs as the recurrent layer has units")]
fn a_language_model_whose_layers_do_not_fit() {
    let device = Device::flex();
    let output = VariationalLinearConfig::new(5, 3).init(&device);
    VariationalLstmConfig::new(3, 4).init(&device).language_model(&output);
}
