//! Configurations of the modules.

use burn::config::Config;
use burn::tensor::Device;

use super::linear::VariationalLinear;
use super::recurrent::VariationalRecurrent;
use crate::model::{Initializer, InputKind, OutputLayer, RecurrentConfig, RecurrentLayer};
use sparsegate_core::cells::{Cell, Gru, Lstm, Rnn};
use sparsegate_core::{GateActivation, Init, OutputNoise, Prior, Sparsity};

/// Which groups of weights have a factor with a posterior of its own; if the factor is pruned, so is the group. By
/// default units and preactivations: with variational weights, the paper's level W+G+N.
#[derive(Config, Debug, PartialEq, Eq)]
pub struct Groups {
    /// A factor for each input.
    #[config(default = false)]
    pub inputs: bool,
    /// A factor for each hidden unit.
    #[config(default = true)]
    pub neurons: bool,
    /// A factor for each preactivation of each hidden unit.
    #[config(default = true)]
    pub gates: bool,
}

/// Defines the configuration of a recurrent layer with a given cell.
macro_rules! recurrent_config {
    ($(#[$doc:meta])* $name:ident, $cell:expr) => {
        $(#[$doc])*
        #[derive(Config, Debug)]
        pub struct $name {
            /// Number of inputs, I: the width of the vectors, or the number of symbols.
            pub inputs: usize,
            /// Number of hidden units, H.
            pub hidden: usize,
            /// The groups of weights that have a factor.
            #[config(default = "Groups::new()")]
            pub groups: Groups,
            /// Activation of the gates.
            #[config(default = "GateActivation::Sigmoid")]
            pub gate_activation: GateActivation,
            /// Initialisation of the weights' means.
            #[config(default = "Init::Orthogonal")]
            pub init: Init,
            /// Initial value of the biases of the gates that keep the state; the others are zero.
            #[config(default = 1.0)]
            pub forget_bias: f64,
            /// Seed of the initial values. They do not depend on the device or its generator.
            #[config(default = 0)]
            pub seed: u64,
        }

        impl $name {
            /// Makes the layer on a device. Log sigmas start at
            /// [`INITIAL_LOG_SIGMA`](crate::variational::INITIAL_LOG_SIGMA), group factors at 1.
            ///
            /// # Panics
            /// No inputs or no hidden units.
            pub fn init(&self, device: &Device) -> VariationalRecurrent {
                let Self { inputs, hidden, groups, gate_activation: activation, init, forget_bias, seed } = self.clone();
                let units = RecurrentConfig { cell: $cell, activation, hidden };
                recurrent(units, inputs, groups, initializer(device, units.cell, init, seed, forget_bias))
            }
        }
    };
}

recurrent_config! {
    /// Configuration of an LSTM ([`sparsegate_core::cells::Lstm`]). States: hidden and cell. For instance
    /// `VariationalLstmConfig::new(inputs, hidden).with_groups(Groups::new()).init(&device)`.
    VariationalLstmConfig, &Lstm
}

recurrent_config! {
    /// Configuration of a GRU whose unit factors multiply its output ([`Gru::Output`]). States: hidden, and the state
    /// before the factors.
    VariationalGruConfig, &Gru::Output
}

recurrent_config! {
    /// Configuration of a plain recurrent layer ([`sparsegate_core::cells::Rnn`]). State: hidden.
    VariationalRnnConfig, &Rnn
}

/// Configuration of an output layer, `VariationalLinearConfig::new(inputs, outputs).init(&device)`.
#[derive(Config, Debug)]
pub struct VariationalLinearConfig {
    /// Number of inputs, H.
    pub inputs: usize,
    /// Number of outputs, O.
    pub outputs: usize,
    /// Whether noise is drawn for the weights, once a pass, or for the outputs, once a sequence.
    #[config(default = "OutputNoise::Weights")]
    pub sampling: OutputNoise,
    /// Initialisation of the weights' means.
    #[config(default = "Init::Orthogonal")]
    pub init: Init,
    /// Seed of the initial values. They do not depend on the device or its generator.
    #[config(default = 0)]
    pub seed: u64,
}

impl VariationalLinearConfig {
    /// Makes the layer on a device. Log sigmas start at [`INITIAL_LOG_SIGMA`](crate::variational::INITIAL_LOG_SIGMA).
    ///
    /// # Panics
    /// No inputs or no outputs.
    pub fn init(&self, device: &Device) -> VariationalLinear {
        let Self { inputs, outputs, sampling, init, seed } = self.clone();
        assert!(inputs > 0 && outputs > 0, "an output layer has inputs and outputs, not {inputs} and {outputs}");
        // The cell matters to recurrent layers alone.
        let initial = initializer(device, &Lstm, init, seed, 0.0);
        let mut make = |name: &str, dims| initial.tensor(name, dims);
        OutputLayer::build([inputs, outputs], sampling, Prior::LogUniform, &mut make).into()
    }
}

fn recurrent(units: RecurrentConfig, inputs: usize, groups: Groups, initial: Initializer<'_>) -> VariationalRecurrent {
    let hidden = units.hidden;
    assert!(inputs > 0 && hidden > 0, "a recurrent layer has inputs and units, not {inputs} and {hidden}");
    let prior = |of: bool| if of { Prior::LogUniform } else { Prior::None };
    let level = Sparsity {
        name: String::new(),
        weights: Prior::LogUniform,
        vocabulary: Prior::None,
        inputs: prior(groups.inputs),
        neurons: prior(groups.neurons),
        gates: prior(groups.gates),
        output: Prior::None,
        magnitude: None,
        group_lasso: None,
    };
    let mut make = |name: &str, dims| initial.tensor(name, dims);
    RecurrentLayer::build(units, InputKind::Vectors(inputs), &level, &mut make).into()
}

fn initializer<'a>(
    device: &'a Device,
    cell: &'static dyn Cell,
    init: Init,
    seed: u64,
    forget_bias: f64,
) -> Initializer<'a> {
    Initializer { seed, init, forget_bias, cell, vectors: None, device }
}
