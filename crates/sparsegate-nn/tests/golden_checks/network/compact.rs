//! Forward pass of the reduced network from a zero state: it computes the same as the pruned network.

use burn::tensor::Tensor;
use sparsegate_core::{Prior, Sparsity};
use sparsegate_nn::model::RecurrentConfig;
use sparsegate_prune::{ReducedNetwork, masks, reduce};

use super::CheckConfig;
use super::forward::check_pass;
use super::given::CaseInputs;
use super::recorded::{GoldenNetwork, Values};
use crate::case::Case;
use crate::masks::with_posterior;

pub(super) fn check<N: GoldenNetwork>(case: &Case, config: CheckConfig) -> Result<(), String> {
    let reduced = with_posterior(case, |value| value, |_, posterior| Ok(reduce(posterior, &masks(posterior))))?;
    let units =
        RecurrentConfig { cell: reduced.cell, activation: reduced.activation, hidden: reduced.w_hidden.shape[0] };
    let network = N::build(case, units, &plain(), &tensors(case, reduced)?, config)?;
    let given = CaseInputs::read(case, "in/")?;
    let zeros = || -> Vec<Tensor<2>> { network.zero_states(given.batch.rows) };
    for prefix in ["out/compressed/", "out/compressed_zero_state/"] {
        if case.has_prefix(prefix) {
            check_pass(case, config, &network, &given, zeros(), None, prefix)?;
        }
    }
    Ok(())
}

/// A configuration without variational parameters.
fn plain() -> Sparsity {
    let none = Prior::None;
    Sparsity {
        name: "compact".to_owned(),
        weights: none,
        vocabulary: none,
        inputs: none,
        neurons: none,
        gates: none,
        output: none,
        magnitude: None,
        group_lasso: None,
    }
}

/// The reduced network's tensors by name, with the output biases of the case.
fn tensors(case: &Case, reduced: ReducedNetwork) -> Result<Values, String> {
    let layer = reduced.cell.layer();
    let mut values = Values::from([
        (format!("{layer}/w_input/mean"), reduced.w_input.values),
        (format!("{layer}/w_hidden/mean"), reduced.w_hidden.values),
        (format!("{layer}/bias"), reduced.bias),
        ("output/w/mean".to_owned(), reduced.w_output.values),
        ("output/bias".to_owned(), case.f64s("param/dense/b")?.to_vec()),
    ]);
    values.extend(reduced.embedding.map(|embedding| ("embedding/w/mean".to_owned(), embedding.values)));
    Ok(values)
}
