//! Random networks; each parameter is pruned by its own fraction.

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Tensor, TensorData};
use proptest::prelude::*;
use sparsegate_compact::{UnsupportedCell, extract, extract_with_formula};
use sparsegate_core::Batch;
use sparsegate_core::cells::{CELLS, Cell};
use sparsegate_nn::engine::ReferenceOps;
use sparsegate_nn::model::{Classifier, ClassifierSizes, LanguageModel, Network, RecurrentConfig};
use sparsegate_prune::{NetworkArrays, Posterior, ReducedNetwork, masks, reduce};
use sparsegate_runtime::Model;
use sparsegate_runtime::model::{self, Task};
use sparsegate_spec::types::{GateActivation, OutputNoise, Prior, Sparsity};
use sparsegate_testing::networks::coupled_lstm::CoupledLstm;

/// Description of a random network.
#[derive(Debug, Clone)]
pub struct Case {
    pub cell: &'static dyn Cell,
    pub activation: GateActivation,
    /// Numbers of symbols, embedding dimensions (0 for a language model), units, and outputs of a classifier.
    pub sizes: [usize; 4],
    /// Priors of the weights and of the groups.
    pub priors: [Prior; 6],
    /// Pruned fractions of the parameters, used cyclically.
    pub dead: Vec<f64>,
    pub seed: u64,
}

/// Random cases, including degenerate ones, of every cell and of the cell that `docs/new-cell.md` adds.
pub fn cases() -> impl Strategy<Value = Case> {
    let cells = [CELLS, &[&CoupledLstm]].concat();
    let prior = || prop_oneof![Just(Prior::LogUniform), Just(Prior::LogUniform), Just(Prior::None)];
    let share = prop_oneof![Just(0.0), Just(1.0), Just(0.9), 0.0..1.0_f64];
    (
        (prop::sample::select(cells), any::<bool>()),
        (1_usize..12, prop_oneof![Just(0_usize), 1_usize..6], 1_usize..9, 1_usize..5),
        [prior(), prior(), prior(), prior(), prior(), prior()],
        prop::collection::vec(share, 1..8),
        any::<u64>(),
    )
        .prop_map(|((cell, hard), (symbols, dimensions, units, outputs), priors, dead, seed)| Case {
            cell,
            activation: if hard { GateActivation::HardSigmoid } else { GateActivation::Sigmoid },
            sizes: [symbols, dimensions, units, outputs],
            priors,
            dead,
            seed,
        })
}

/// Extracts a model.
type Extract = fn(&ReducedNetwork, &[f64], Task, model::Sizes) -> Result<Model<f64>, UnsupportedCell>;

/// Tensors by name, with their shapes.
type Values = BTreeMap<String, (Vec<f64>, [usize; 2])>;

impl Case {
    fn sparsity(&self) -> Sparsity {
        let [weights, vocabulary, inputs, neurons, gates, output] = self.priors;
        let inputs = if self.classifies() { inputs } else { Prior::None };
        let name = "random".to_owned();
        Sparsity { name, weights, vocabulary, inputs, neurons, gates, output, magnitude: None, group_lasso: None }
    }

    pub fn classifies(&self) -> bool {
        self.sizes[1] > 0
    }

    /// Values of the network: log alpha of each element is far from the threshold, so that rounding does not decide
    /// what is pruned.
    fn values(&self) -> Values {
        let mut draws = draws_of(self.seed);
        let mut values = Values::new();
        let mut shares = self.dead.iter().copied().cycle();
        let mut make = |name: &str, shape: [usize; 2]| {
            let count = shape[0] * shape[1];
            let numbers: Vec<f64> = match name.strip_suffix("/log_sigma") {
                Some(parameter) => {
                    let share = shares.next().unwrap_or_default();
                    let means: &Vec<f64> = &values[&format!("{parameter}/mean")].0;
                    let noise = |mean: &f64| mean.abs().ln() + if draws() < share { 3.0 } else { -1.0 };
                    means.iter().map(noise).collect()
                }
                None => (0..count).map(|_| draws() * 2.4 - 1.2).collect(),
            };
            values.insert(name.to_owned(), (numbers, shape));
            Tensor::zeros(shape, &Device::flex())
        };
        self.build(&mut make, |_| (), |_| ());
        values
    }

    fn build<R>(
        &self,
        make: &mut dyn FnMut(&str, [usize; 2]) -> Tensor<2>,
        classifier: impl FnOnce(Classifier) -> R,
        language_model: impl FnOnce(LanguageModel) -> R,
    ) -> R {
        let [vocabulary, embedding, hidden, outputs] = self.sizes;
        let units = RecurrentConfig { cell: self.cell, activation: self.activation, hidden };
        let sparsity = self.sparsity();
        if self.classifies() {
            let sizes = ClassifierSizes { vocabulary, embedding, outputs };
            classifier(Classifier::build(sizes, units, &sparsity, make))
        } else {
            language_model(LanguageModel::build(vocabulary, units, OutputNoise::Weights, &sparsity, make))
        }
    }

    /// Outputs of the masked network for `batch`, computed in `dtype`.
    pub fn masked(&self, batch: &Batch, dtype: DType) -> Vec<f64> {
        let values = self.values();
        let mut make = |name: &str, shape: [usize; 2]| {
            Tensor::from_data(TensorData::new(values[name].0.clone(), shape), (&Device::flex(), dtype))
        };
        let bias = make("output/bias", values["output/bias"].1);
        self.build(&mut make, |network| outputs(&network, batch, &bias), |network| outputs(&network, batch, &bias))
    }

    /// The compact model.
    pub fn compact(&self) -> Model<f64> {
        self.extracted(extract)
    }

    /// The compact model whose cell is described by its formula.
    pub fn described(&self) -> Model<f64> {
        self.extracted(extract_with_formula)
    }

    fn extracted(&self, extract: Extract) -> Model<f64> {
        let values = self.values();
        let find = |name: &str| values.get(name).map(|(numbers, shape)| (numbers.as_slice(), *shape));
        let posterior = Posterior::new(NetworkArrays::from_tensors(self.cell, self.activation, false, &find)).unwrap();
        let task = if self.classifies() { Task::Classification } else { Task::LanguageModel };
        let [symbols, dimensions, units, _] = self.sizes.map(|size| size as u32);
        let bias = &values["output/bias"].0;
        let sizes = model::Sizes { symbols, dimensions, units, outputs: bias.len() as u32 };
        extract(&reduce(&posterior, &masks(&posterior)), bias, task, sizes).unwrap()
    }
}

fn outputs(network: &impl Network, batch: &Batch, bias: &Tensor<2>) -> Vec<f64> {
    let forward = network.to_deterministic(true).forward(&ReferenceOps, batch, network.zero_states(batch.rows), None);
    (forward.outputs + bias.clone()).into_data().convert::<f64>().try_into_vec().unwrap()
}

/// Uniform random numbers from 0 to 1 (splitmix64).
fn draws_of(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
