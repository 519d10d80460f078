//! Which noise belongs to which quantity.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::engine::{Noise, NoiseKey};

/// The noisy quantities of a language model. The numbers are part of the noise stream: a change of one changes every
/// run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// Input-to-hidden weights, `[V, 4H]`, one sample a mini-batch.
    WInput = 1,
    /// Hidden-to-hidden weights, `[H, 4H]`, one sample a mini-batch.
    WHidden = 2,
    /// Input factors, `[B, V]`, one a sequence and symbol.
    ZVocabulary = 3,
    /// Hidden unit factors, `[B, H]`, one a sequence and unit.
    ZNeurons = 4,
    /// Preactivation factors, `[B, 4H]`, one a sequence and preactivation.
    ZGates = 5,
    /// Output layer: weights `[H, V]`, one sample a mini-batch, or outputs `[B, V]`, one a sequence and symbol.
    Output = 6,
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
