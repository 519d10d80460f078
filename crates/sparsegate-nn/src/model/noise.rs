//! The noise stream of each variational parameter.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::engine::{Noise, NoiseKey};

/// Noise streams of a network with V input symbols, embeddings of E dimensions, H hidden units, P preactivations per
/// unit and O outputs, for batches of B sequences. The recurrent layer reads I inputs: V for a language model, E for a
/// classifier. The discriminants are part of the noise key, so changing one changes the results of every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoiseStream {
    /// Input-to-hidden weights, `[I, P * H]`, one sample per mini-batch.
    WInput = 1,
    /// Hidden-to-hidden weights, `[H, P * H]`, one sample per mini-batch.
    WHidden = 2,
    /// Group factors of the input symbols, `[B, V]`, one per sequence and symbol.
    ZVocabulary = 3,
    /// Group factors of the hidden units, `[B, H]`, one per sequence and unit.
    ZNeurons = 4,
    /// Group factors of the preactivations, `[B, P * H]`, one per sequence and preactivation.
    ZGates = 5,
    /// Output layer: weights `[H, O]`, one sample per mini-batch, or outputs `[B, O]`, one per sequence and output.
    Output = 6,
    /// Embedding weights, `[V, E]`, one sample per mini-batch.
    Embedding = 7,
    /// Group factors of the embedding dimensions, `[B, E]`, one per sequence and dimension.
    ZInputs = 8,
}

/// The source of all noise of a step.
#[derive(Debug, Clone)]
pub enum NoiseSource {
    /// Counter-based noise, a function of the run's seed and the step number.
    Counter {
        /// Seed of the run.
        seed: u64,
        /// Step of the run, from 1.
        step: u32,
    },
    /// Given tensors by stream, in the shapes listed at [`NoiseStream`].
    Given(BTreeMap<NoiseStream, Tensor<2>>),
}

impl NoiseSource {
    /// The noise of one stream; `None` if it was not given.
    pub fn stream(&self, stream: NoiseStream) -> Option<Noise> {
        match self {
            NoiseSource::Counter { seed, step } => {
                Some(Noise::Counter(NoiseKey { seed: *seed, step: *step, stream: stream as u32 }))
            }
            NoiseSource::Given(tensors) => tensors.get(&stream).cloned().map(Noise::Explicit),
        }
    }
}

/// The noise of one stream; `None` for a pass without noise or a stream that was not given.
pub(super) fn draw(noise: Option<&NoiseSource>, stream: NoiseStream) -> Option<Noise> {
    noise.and_then(|noise| noise.stream(stream))
}
