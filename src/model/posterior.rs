//! A network's numbers on the host, for pruning and counting.

use super::host::values;
use super::network::Network;
use crate::compress::{Array, Parts, Posterior};

/// Calls `with` with a network's numbers. `zeros_are_dead` tells whether an exact zero of a quantity without noise is a
/// pruned one.
pub(super) fn with_posterior<R>(
    network: &impl Network,
    zeros_are_dead: bool,
    with: impl FnOnce(&Posterior<'_, f32>) -> R,
) -> R {
    let host: Vec<(String, [usize; 2], Vec<f32>)> =
        network.tensors().into_iter().map(|(name, tensor)| (name, tensor.dims(), values(&tensor))).collect();
    let find = |name: &str| host.iter().find(|(found, ..)| found == name);
    let array = |name: &str| {
        let (_, shape, mean) = find(&format!("{name}/mean"))?;
        let log_sigma = find(&format!("{name}/log_sigma")).map(|(.., values)| values.as_slice());
        Some(Array::matrix(mean, log_sigma, *shape))
    };
    let matrix = |name: &str| array(name).unwrap_or(Array::matrix(&[], None, [0, 0]));
    let units = network.recurrent().units;
    let path = |name: &str| format!("{}/{name}", units.cell.layer());
    let posterior = Posterior::new(Parts {
        cell: units.cell,
        activation: units.activation,
        embedding: array("embedding/w"),
        // A language model's symbols are what the recurrent layer reads.
        z_vocabulary: array("embedding/z_vocabulary").or_else(|| array(&path("z_vocabulary"))),
        w_input: matrix(&path("w_input")),
        w_hidden: matrix(&path("w_hidden")),
        z_inputs: array(&path("z_inputs")),
        z_neurons: array(&path("z_neurons")),
        z_gates: array(&path("z_gates")),
        bias: find(&path("bias")).map(|(.., values)| values.as_slice()).unwrap_or_default(),
        w_output: matrix("output/w"),
        plain_zeros_are_dead: zeros_are_dead,
    });
    match posterior {
        Ok(posterior) => with(&posterior),
        Err(error) => unreachable!("a network's own tensors have its shapes: {error}"),
    }
}
