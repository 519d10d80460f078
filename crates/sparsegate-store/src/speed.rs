//! `speed.json`: forward-pass times of a run's compact model and of its references, on one machine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sparsegate_runtime::runtime::{CostModel, StorageChoice};

/// Forward-pass times, and the work they are compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// [`super::format::FORMAT`].
    pub format: u32,
    /// Machine, program, versions of PyTorch and ONNX Runtime.
    pub provenance: BTreeMap<String, String>,
    /// Symbols per sequence.
    pub steps: usize,
    /// Work per token of the network of original size.
    pub dense: Work,
    /// Work per token of the compact model.
    pub compact: Work,
    /// Bytes of the compact file, including its vocabulary.
    pub file_bytes: u64,
    /// Bytes of the original network's weights, four bytes each.
    pub dense_bytes: u64,
    /// Sizes with 8-bit weights, if those were timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub int8: Option<Int8Bytes>,
    /// The cost model with which the runtime chose how to store matrices, fitted on this machine.
    pub cost: CostModel,
    /// How the runtime stored each of the compact model's matrices.
    pub choices: Vec<StorageChoice>,
    /// The measured times.
    pub timings: Vec<Timing>,
    /// Implementations that could not be timed, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, String>,
}

/// Bytes of files with 8-bit weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Int8Bytes {
    /// The compact file, including its vocabulary.
    pub compact: u64,
    /// The network of the original size, quantised by ONNX Runtime; `None` if it was not timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onnxruntime: Option<u64>,
}

/// Work per token.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// Multiply-adds with non-zero weights, averaged over the stored symbols.
    pub macs: f64,
}

impl Work {
    /// Bytes of the weights that these multiply-adds read, four bytes each; the indices of sparse matrices are not
    /// counted.
    pub fn bytes(self) -> f64 {
        self.macs * size_of::<f32>() as f64
    }
}

/// The time of one implementation in one setting.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// The implementation.
    #[serde(rename = "who")]
    pub implementation: Implementation,
    /// How symbols are passed to it.
    pub mode: InputMode,
    /// Sequences per batch.
    pub batch: usize,
    /// Threads.
    pub threads: usize,
    /// Microseconds per token.
    pub microseconds: MedianInterval,
}

/// An implementation that is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Implementation {
    /// Our runtime on the compact model.
    Compact,
    /// Our runtime on a network of the original size.
    Dense,
    /// The training engine on the full-size network, with pruned weights set to zero.
    Masked,
    /// PyTorch's own layers at the original size, eager mode.
    PytorchEager,
    /// The same, compiled by PyTorch.
    PytorchCompiled,
    /// ONNX Runtime on the network of the original size.
    OnnxruntimeDense,
    /// ONNX Runtime on our export of the compact model.
    OnnxruntimeReduced,
    /// Our runtime on the compact model with 8-bit weights.
    CompactInt8,
    /// ONNX Runtime on the network of the original size, quantised to 8 bits (`quantize_dynamic`).
    OnnxruntimeInt8,
    /// ONNX Runtime on our export of the compact model with 8-bit weights.
    OnnxruntimeReducedInt8,
}

impl Implementation {
    /// Its display name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Dense => "dense, our runtime",
            Self::Masked => "masked, our engine",
            Self::PytorchEager => "dense, PyTorch",
            Self::PytorchCompiled => "dense, PyTorch compiled",
            Self::OnnxruntimeDense => "dense, ONNX Runtime",
            Self::OnnxruntimeReduced => "our export, ONNX Runtime",
            Self::CompactInt8 => "compact, 8 bits",
            Self::OnnxruntimeInt8 => "dense 8 bits, ONNX Runtime",
            Self::OnnxruntimeReducedInt8 => "our export 8 bits, ONNX Runtime",
        }
    }
}

/// How symbols are passed to an implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputMode {
    /// One call per batch of whole sequences, from zero states.
    Whole,
    /// One call per symbol of a single sequence; outputs are computed after each symbol (language model) or after the
    /// last (classifier).
    Streaming,
}

/// The median of some samples, with a 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MedianInterval {
    /// The median.
    pub median: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Number of samples.
    pub samples: usize,
    /// The shortest sample: the one that other load on the machine disturbed least. Files of older versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fastest: Option<f64>,
}

impl MedianInterval {
    /// How many times as long as `other`.
    pub fn over(&self, other: &Self) -> f64 {
        self.median / other.median
    }
}

impl Speed {
    /// The time of `implementation` in this setting; `None` if it was not measured.
    pub fn time(
        &self,
        implementation: Implementation,
        mode: InputMode,
        batch: usize,
        threads: usize,
    ) -> Option<MedianInterval> {
        let found = |timing: &&Timing| {
            (timing.implementation, timing.mode, timing.batch, timing.threads) == (implementation, mode, batch, threads)
        };
        self.timings.iter().find(found).map(|timing| timing.microseconds)
    }
}
