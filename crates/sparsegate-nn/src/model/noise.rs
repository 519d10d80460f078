//! Which noise belongs to which quantity.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::engine::{Noise, NoiseKey};

/// The noisy quantities of a network with V input symbols, embeddings of E dimensions, H hidden units, P preactivations a
/// unit and O outputs, for batches of B sequences. The recurrent layer reads I inputs: V of a language model, E of a
/// classifier. The numbers are part of the noise stream: a change of one changes every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// Input-to-hidden weights, `[I, P * H]`, one sample a mini-batch.
    WInput = 1,
    /// Hidden-to-hidden weights, `[H, P * H]`, one sample a mini-batch.
    WHidden = 2,
    /// Factors of input symbols, `[B, V]`, one a sequence and symbol.
    ZVocabulary = 3,
    /// Hidden unit factors, `[B, H]`, one a sequence and unit.
    ZNeurons = 4,
    /// Preactivation factors, `[B, P * H]`, one a sequence and preactivation.
    ZGates = 5,
    /// Output layer: weights `[H, O]`, one sample a mini-batch, or outputs `[B, O]`, one a sequence and output.
    Output = 6,
    /// Embedding weights, `[V, E]`, one sample a mini-batch.
    Embedding = 7,
    /// Factors of the embedding's dimensions, `[B, E]`, one a sequence and dimension.
    ZInputs = 8,
}

/// Noise for a whole step.
#[derive(Debug, Clone)]
pub enum NoiseSource {
    /// Counted, from the run's seed and the step's number.
    Counter {
        /// Seed of the run.
        seed: u64,
        /// Step of the run, from 1.
        step: u32,
    },
    /// Given, by stream, in the shapes of [`Stream`].
    Given(BTreeMap<Stream, Tensor<2>>),
}

impl NoiseSource {
    /// The noise of one stream; nothing if it was not given.
    pub fn stream(&self, stream: Stream) -> Option<Noise> {
        match self {
            NoiseSource::Counter { seed, step } => {
                Some(Noise::Counter(NoiseKey { seed: *seed, step: *step, stream: stream as u32 }))
            }
            NoiseSource::Given(tensors) => tensors.get(&stream).cloned().map(Noise::Given),
        }
    }
}

/// The noise of one stream, if there is any.
pub(super) fn draw(noise: Option<&NoiseSource>, stream: Stream) -> Option<Noise> {
    noise.and_then(|noise| noise.stream(stream))
}
