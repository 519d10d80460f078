//! A network's parameters on the host, for pruning and counting.

use super::host::host_tensors;
use super::network::Network;
use super::recurrent::RecurrentConfig;
use sparsegate_core::Counts;
use sparsegate_core::trainer::NamedTensor;
use sparsegate_prune::{NetworkArrays, Posterior};

/// Calls `with` with the posterior of a network of these `units`, whose tensors on the host are `parameters`.
/// `zeros_are_pruned` tells whether an exact zero in a deterministic matrix counts as pruned.
pub(super) fn with_posterior<R>(
    units: RecurrentConfig,
    parameters: &[NamedTensor],
    zeros_are_pruned: bool,
    with: impl FnOnce(&Posterior<'_, f32>) -> R,
) -> R {
    let find = |name: &str| {
        let found = parameters.iter().find(|tensor| tensor.name == name)?;
        Some((found.values.as_slice(), <[usize; 2]>::try_from(found.shape.as_slice()).ok()?))
    };
    let posterior = Posterior::new(NetworkArrays::from_tensors(units.cell, units.activation, zeros_are_pruned, &find));
    match posterior {
        Ok(posterior) => with(&posterior),
        Err(error) => unreachable!("a network's own tensors have its shapes: {error}"),
    }
}

/// What pruning keeps of a network by the rules for counting (`docs/method.md`), which consider all layers together.
/// The tensors are read from the device. `zeros_are_pruned` tells whether an exact zero in a deterministic matrix
/// counts as pruned, as in a pruning baseline.
pub fn counts(network: &impl Network, zeros_are_pruned: bool) -> Counts {
    with_posterior(network.recurrent().units, &host_tensors(network), zeros_are_pruned, |posterior| {
        sparsegate_prune::counts(&sparsegate_prune::masks(posterior))
    })
}
