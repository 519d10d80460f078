//! `speed.json`: how long the forward pass takes on a machine, for a run's compact model and for what it is held against.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sparsegate_runtime::runtime::{Choice, CostModel};

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// [`super::format::FORMAT`].
    pub format: u32,
    /// Machine, program, versions of the peers.
    pub provenance: BTreeMap<String, String>,
    /// Symbols of a sequence.
    pub steps: usize,
    /// What the network of original size has to do for a token.
    pub dense: Work,
    /// What the compact model has to do for a token.
    pub compact: Work,
    /// Bytes of the compact file, words and all.
    pub file_bytes: u64,
    /// Bytes of the original network's weights, four each.
    pub dense_bytes: u64,
    /// What the runtime took storages to cost.
    pub cost: CostModel,
    /// How it stored the compact model's matrices.
    pub choices: Vec<Choice>,
    /// The times.
    pub timings: Vec<Timing>,
    /// Peers that could not be timed, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, String>,
}

/// Work for one token.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// Multiply-adds with weights that are not zero, on the average over stored symbols.
    pub macs: f64,
}

impl Work {
    /// Bytes of the weights that they read, four each; the places of sparse ones are not counted.
    pub fn bytes(self) -> f64 {
        self.macs * size_of::<f32>() as f64
    }
}

/// One time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// What ran.
    pub who: Who,
    /// How symbols came.
    pub mode: Mode,
    /// Sequences side by side.
    pub batch: usize,
    /// Threads.
    pub threads: usize,
    /// Microseconds a token.
    pub microseconds: Median,
}

/// What was timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// Our runtime on the compact model.
    Compact,
    /// Our runtime on a network of the original size.
    Dense,
    /// The engine that trains, on the whole network with zeros in the place of what was pruned.
    Masked,
    /// PyTorch's own layers of the original size.
    PytorchEager,
    /// The same, compiled.
    PytorchCompiled,
    /// ONNX Runtime on the network of the original size.
    OnnxruntimeDense,
    /// ONNX Runtime on our export of the compact model.
    OnnxruntimeReduced,
}

impl Who {
    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Dense => "dense, our runtime",
            Self::Masked => "masked, our engine",
            Self::PytorchEager => "dense, PyTorch",
            Self::PytorchCompiled => "dense, PyTorch compiled",
            Self::OnnxruntimeDense => "dense, ONNX Runtime",
            Self::OnnxruntimeReduced => "our export, ONNX Runtime",
        }
    }
}

/// How symbols come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// A call for a batch of whole sequences, from zero states.
    Whole,
    /// A call a symbol, one sequence, the outputs after each (language model) or after the last (classifier).
    Streaming,
}

/// The middle of some samples, with a confidence interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Median {
    /// The median.
    pub median: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Number of samples.
    pub samples: usize,
}

impl Median {
    /// How many times as long as `other`.
    pub fn over(&self, other: &Self) -> f64 {
        self.median / other.median
    }
}

impl Speed {
    /// The time of `who`, if it was taken.
    pub fn time(&self, who: Who, mode: Mode, batch: usize, threads: usize) -> Option<Median> {
        let found =
            |timing: &&Timing| (timing.who, timing.mode, timing.batch, timing.threads) == (who, mode, batch, threads);
        self.timings.iter().find(found).map(|timing| timing.microseconds)
    }
}
