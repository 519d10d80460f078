//! A network's parameters on the host, for pruning and counting.

use super::host::values;
use super::network::Network;
use sparsegate_core::Counts;
use sparsegate_prune::{NetworkArrays, Posterior};

/// Calls `with` with a network's posterior on the host. `zeros_are_pruned` tells whether an exact zero in a
/// deterministic matrix counts as pruned.
pub(super) fn with_posterior<R>(
    network: &impl Network,
    zeros_are_pruned: bool,
    with: impl FnOnce(&Posterior<'_, f32>) -> R,
) -> R {
    let host: Vec<(String, [usize; 2], Vec<f32>)> =
        network.tensors().into_iter().map(|(name, tensor)| (name, tensor.dims(), values(&tensor))).collect();
    let find = |name: &str| {
        let (_, shape, values) = host.iter().find(|(found, ..)| found == name)?;
        Some((values.as_slice(), *shape))
    };
    let units = network.recurrent().units;
    let posterior = Posterior::new(NetworkArrays::from_tensors(units.cell, units.activation, zeros_are_pruned, &find));
    match posterior {
        Ok(posterior) => with(&posterior),
        Err(error) => unreachable!("a network's own tensors have its shapes: {error}"),
    }
}

/// What pruning keeps of a network by the rules for counting (`docs/method.md`), which consider all layers together. The
/// tensors are read from the device. `zeros_are_pruned` tells whether an exact zero in a deterministic matrix counts as
/// pruned, as in a pruning baseline.
pub fn counts(network: &impl Network, zeros_are_pruned: bool) -> Counts {
    with_posterior(network, zeros_are_pruned, |posterior| sparsegate_prune::counts(&sparsegate_prune::masks(posterior)))
}
