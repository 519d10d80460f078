//! What each layer says of itself, before the layers are taken together.

use rayon::prelude::*;

use super::{Posterior, Real};

/// Which parts of each layer are live by that layer's own weights and groups.
///
/// Weights are live by [`super::Array::live`]. A group variable that the model does not have is live everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relevance {
    /// Input-to-hidden weights `[V, 4H]`.
    pub w_input: Vec<bool>,
    /// Hidden-to-hidden weights `[H, 4H]`.
    pub w_hidden: Vec<bool>,
    /// Output weights `[H, O]`.
    pub w_output: Vec<bool>,
    /// `[4H]`: a gate with a live incoming weight, from the input or the state, whose group is live.
    pub gates: Vec<bool>,
    /// `[V]`: an input symbol with a live outgoing weight whose group is live.
    pub inputs: Vec<bool>,
    /// `[H]`: a hidden unit with a live outgoing recurrent weight.
    pub neurons_by_weights: Vec<bool>,
    /// `[H]`: a hidden unit whose group is live.
    pub neurons_by_group: Vec<bool>,
    /// `[H]`: a hidden unit with a live outgoing output weight.
    pub neurons_by_output: Vec<bool>,
}

/// Computes [`Relevance`] from a posterior.
pub fn relevance<T: Real>(posterior: &Posterior<T>) -> Relevance {
    let parts = posterior.parts();
    let group = |array: Option<super::Array<T>>, width: usize| array.map_or_else(|| vec![true; width], |a| a.live());
    let columns = 4 * posterior.hidden();
    let w_input = parts.w_input.live();
    let w_hidden = parts.w_hidden.live();
    let w_output = parts.w_output.live();
    let incoming = either(&any_in_columns(&w_input, columns), &any_in_columns(&w_hidden, columns));
    Relevance {
        gates: both(&incoming, &group(parts.z_gates, columns)),
        inputs: both(&any_in_rows(&w_input, columns), &group(parts.z_vocabulary, posterior.vocabulary())),
        neurons_by_weights: any_in_rows(&w_hidden, columns),
        neurons_by_group: group(parts.z_neurons, posterior.hidden()),
        neurons_by_output: any_in_rows(&w_output, parts.w_output.shape[1]),
        w_input,
        w_hidden,
        w_output,
    }
}

/// Element by element AND.
pub(super) fn both(a: &[bool], b: &[bool]) -> Vec<bool> {
    a.iter().zip(b).map(|(&a, &b)| a && b).collect()
}

/// Element by element OR.
pub(super) fn either(a: &[bool], b: &[bool]) -> Vec<bool> {
    a.iter().zip(b).map(|(&a, &b)| a || b).collect()
}

/// For each row of a matrix, whether an element is live.
fn any_in_rows(live: &[bool], columns: usize) -> Vec<bool> {
    live.par_chunks(columns.max(1)).with_min_len(64).map(|row| row.contains(&true)).collect()
}

/// For each column of a matrix, whether an element is live.
fn any_in_columns(live: &[bool], columns: usize) -> Vec<bool> {
    let none = || vec![false; columns];
    live.par_chunks(columns.max(1))
        .with_min_len(64)
        .fold(none, |mut any, row| {
            // Not short-circuited: the plain OR is done many elements at a time.
            any.iter_mut().zip(row).for_each(|(any, &live)| *any |= live);
            any
        })
        .reduce(none, |a, b| either(&a, &b))
}
