//! Live weights, gates, inputs and units of each layer, before the layers are combined.

use rayon::prelude::*;

use super::{Element, Posterior};

/// The live parts of each layer, judged by that layer's own weights and groups.
///
/// Weights are live by the rule of [`super::PosteriorMatrix::live`]. A group variable that the network lacks counts
/// as live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerMasks {
    /// The same for the embedding; `None` for one-hot input.
    pub embedding: Option<EmbeddingMasks>,
    /// Input-to-hidden weights `[I, P * H]`.
    pub w_input: Vec<bool>,
    /// Hidden-to-hidden weights `[H, P * H]`.
    pub w_hidden: Vec<bool>,
    /// Output weights `[H, O]`.
    pub w_output: Vec<bool>,
    /// `[P * H]`: gates with a live group and a live incoming weight, from the input or the state.
    pub gates: Vec<bool>,
    /// `[I]`: inputs of the recurrent layer (symbols, or dimensions of the embedding) with a live group and a live
    /// outgoing weight.
    pub inputs: Vec<bool>,
    /// `[H]`: hidden units with a live outgoing recurrent weight.
    pub neurons_by_weights: Vec<bool>,
    /// `[H]`: hidden units with a live group.
    pub neurons_by_group: Vec<bool>,
    /// `[H]`: hidden units with a live outgoing output weight.
    pub neurons_by_output: Vec<bool>,
}

/// The live parts of an embedding, judged by its own weights and groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingMasks {
    /// Weights `[V, E]`.
    pub weights: Vec<bool>,
    /// `[V]`: symbols with a live group, even if none of their weights is live; without groups, symbols with a live
    /// weight.
    pub vocabulary: Vec<bool>,
    /// `[E]`: dimensions with a live weight.
    pub columns: Vec<bool>,
}

/// Computes [`LayerMasks`] from a posterior.
pub fn layer_masks<T: Element>(posterior: &Posterior<T>) -> LayerMasks {
    let parts = posterior.parts();
    let group = |array: &Option<super::PosteriorMatrix<T>>, width: usize| match array {
        Some(array) => posterior.live(array),
        None => vec![true; width],
    };
    let columns = posterior.columns();
    let w_input = posterior.live(&parts.w_input);
    let w_hidden = posterior.live(&parts.w_hidden);
    let w_output = posterior.live(&parts.w_output);
    let embedding = parts.embedding.map(|embedding| {
        let (weights, width) = (posterior.live(&embedding), embedding.shape[1]);
        let vocabulary =
            parts.z_vocabulary.map_or_else(|| any_in_rows(&weights, width), |groups| posterior.live(&groups));
        EmbeddingMasks { vocabulary, columns: any_in_columns(&weights, width), weights }
    });
    let input_groups = if embedding.is_some() { &parts.z_inputs } else { &parts.z_vocabulary };
    let incoming = either(&any_in_columns(&w_input, columns), &any_in_columns(&w_hidden, columns));
    LayerMasks {
        embedding,
        gates: both(&incoming, &group(&parts.z_gates, columns)),
        inputs: both(&any_in_rows(&w_input, columns), &group(input_groups, parts.w_input.shape[0])),
        neurons_by_weights: any_in_rows(&w_hidden, columns),
        neurons_by_group: group(&parts.z_neurons, posterior.hidden()),
        neurons_by_output: any_in_rows(&w_output, parts.w_output.shape[1]),
        w_input,
        w_hidden,
        w_output,
    }
}

/// Element-wise AND.
pub(super) fn both(a: &[bool], b: &[bool]) -> Vec<bool> {
    a.iter().zip(b).map(|(&a, &b)| a && b).collect()
}

/// Element-wise OR.
pub(super) fn either(a: &[bool], b: &[bool]) -> Vec<bool> {
    a.iter().zip(b).map(|(&a, &b)| a || b).collect()
}

/// For each row of a matrix, whether any element is live.
fn any_in_rows(live: &[bool], columns: usize) -> Vec<bool> {
    live.par_chunks(columns.max(1)).with_min_len(64).map(|row| row.contains(&true)).collect()
}

/// For each column of a matrix, whether any element is live.
fn any_in_columns(live: &[bool], columns: usize) -> Vec<bool> {
    let none = || vec![false; columns];
    live.par_chunks(columns.max(1))
        .with_min_len(64)
        .fold(none, |mut any, row| {
            // Without short-circuiting, so that the compiler can vectorise the OR.
            any.iter_mut().zip(row).for_each(|(any, &live)| *any |= live);
            any
        })
        .reduce(none, |a, b| either(&a, &b))
}
