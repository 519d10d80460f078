//! Optimised inference: a model packed for SIMD, on one thread or several.
//!
//! [`Runtime::new`] packs a model once. Then
//!
//! - a [`Stream`] reads one symbol after another, with the lowest latency;
//! - a [`Batch`] reads many sequences side by side, or one whole sequence in a call.
//!
//! Each matrix is stored in the format that a [`CostModel`] expects to be fastest ([`StorageFormat`]): once for a
//! single sequence, where SIMD lanes are units, and once for many sequences, where SIMD lanes are sequences.
//! [`Runtime::choices`] reports the choices. Only non-constant preactivations are computed; the activation of the
//! constant ones is applied when the model is packed.
//!
//! Results are bitwise equal for any number of threads: each value is computed by one thread, in an order that does not
//! depend on the number of threads. They differ from those of [`crate::reference`] only by rounding (1e-5 of the
//! value, or of one if that is larger). A sum that overflows is infinite, and the sum of two infinities of opposite
//! sign is NaN, which is preserved, as in [`crate::reference`].
//!
//! Nothing is allocated after the first call of each method.

mod activation;
mod aligned;
mod batch;
mod cost;
#[cfg(feature = "std")]
mod fit;
mod input;
mod kernels;
mod lanes;
mod many;
mod matvec;
mod order;
mod outputs;
mod recurrence;
mod single;
mod sparse;
mod threads;
mod update;

use alloc::sync::Arc;
use alloc::vec::Vec;

use pulp::Arch;

pub use cost::{CostModel, LinearCost, StorageChoice, StorageFormat};

use crate::model::InvalidModel;
use crate::model::Model;
use batch::BatchBlock;
use cost::{StoragePlanner, Times};
use many::BatchRecurrence;
use order::UnitOrder;
use outputs::Outputs;
use recurrence::Recurrence;
use single::{StreamState, Uncontended};
use threads::Pool;

/// Options to pack and run a model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// Number of threads, including the caller's; 0 for one per available processor. Always one without the feature
    /// `std`.
    pub threads: usize,
    /// Cost model of this machine.
    pub cost: CostModel,
    /// Storage to use for every matrix that supports it, regardless of its cost.
    pub storage: Option<StorageFormat>,
}

/// A packed model. Cheap to clone: clones share the packed data and the threads.
#[derive(Clone)]
pub struct Runtime {
    packed: Arc<Packed>,
}

struct Packed {
    arch: Arch,
    symbols: input::Symbols,
    single: Recurrence,
    many: BatchRecurrence,
    outputs: Outputs,
    choices: Vec<StorageChoice>,
    times: Times,
    pool: Pool,
}

impl Packed {
    /// Runs a job of an expected duration of `time` nanoseconds on all threads, or on one if it is not worth waking the
    /// others. The job gets a thread's index and the number of threads.
    fn run_on_threads(&self, time: f64, job: impl Fn(usize, usize) + threads::MaybeSync) {
        if time < WORTH_WAKING {
            return job(0, 1);
        }
        self.pool.run(&|index| job(index, self.pool.threads()));
    }
}

/// Work of at least this many nanoseconds is given to all threads.
const WORTH_WAKING: f64 = 30e3;

impl Runtime {
    /// Packs a model.
    ///
    /// # Errors
    /// The error of [`Model::check`].
    pub fn new(model: &Model<f32>, options: &Options) -> Result<Self, InvalidModel> {
        Self::with_arch(Arch::new(), model, options)
    }

    /// Packs for a given SIMD instruction set.
    fn with_arch(arch: Arch, model: &Model<f32>, options: &Options) -> Result<Self, InvalidModel> {
        model.check()?;
        let order = UnitOrder::new(&model.columns, model.units());
        let mut plan = StoragePlanner { cost: &options.cost, forced: options.storage, choices: Vec::new() };
        let pool = Pool::new(threads(options.threads));
        let single = Recurrence::new(model, &order, &mut plan);
        let many = BatchRecurrence::new(model, &order, &mut plan);
        let outputs = Outputs::new(model, &order, &mut plan);
        let times = Times::new(&plan.choices, model.units(), single.chunks(), pool.threads());
        let symbols = input::Symbols::new(&model.symbols);
        let choices = plan.choices;
        Ok(Self { packed: Arc::new(Packed { arch, symbols, single, many, outputs, choices, times, pool }) })
    }

    /// Storage of each matrix, with the expected costs.
    pub fn choices(&self) -> &[StorageChoice] {
        &self.packed.choices
    }

    /// Number of threads, including the caller's.
    pub fn threads(&self) -> usize {
        self.packed.pool.threads()
    }

    /// O, the number of outputs.
    pub fn outputs(&self) -> usize {
        self.packed.outputs.count()
    }

    /// A single sequence, starting from the zero state.
    pub fn stream(&self) -> Stream {
        Stream { single: StreamState::new(&self.packed), packed: Arc::clone(&self.packed) }
    }

    /// `sequences` sequences side by side, starting from zero states.
    pub fn batch(&self, sequences: usize) -> Batch {
        Batch {
            packed: Arc::clone(&self.packed),
            sequences,
            one: None,
            blocks: Vec::new(),
            texts: Vec::new(),
            order: Vec::new(),
        }
    }
}

fn threads(wanted: usize) -> usize {
    #[cfg(feature = "std")]
    if wanted == 0 {
        return std::thread::available_parallelism().map_or(1, usize::from);
    }
    wanted.max(1)
}

/// A single sequence, read symbol by symbol.
pub struct Stream {
    packed: Arc<Packed>,
    single: StreamState,
}

impl Stream {
    /// Advances by one symbol and returns the logits `[O]` after it. A symbol without a row, or an id outside the
    /// vocabulary, contributes no input.
    pub fn step(&mut self, symbol: u32) -> &[f32] {
        self.read(&[symbol]);
        self.outputs()
    }

    /// Advances by several symbols.
    pub fn read(&mut self, symbols: &[u32]) {
        self.single.read(&self.packed, symbols);
    }

    /// Logits `[O]` for the current state.
    pub fn outputs(&mut self) -> &[f32] {
        self.single.outputs(&self.packed)
    }

    /// Resets the state to zero.
    pub fn reset(&mut self) {
        self.single.reset();
    }
}

/// Many sequences, read side by side.
pub struct Batch {
    packed: Arc<Packed>,
    sequences: usize,
    /// State if there is a single sequence.
    one: Option<StreamState>,
    /// States of the sequences of a language model.
    blocks: Vec<Uncontended<BatchBlock>>,
    /// States for texts, one block per thread.
    texts: Vec<Uncontended<BatchBlock>>,
    /// Indices of the texts, by decreasing length.
    order: Vec<u32>,
}

impl Batch {
    /// Advances by `symbols` `[T, B]` (the first symbol of each sequence, then the second of each, ...), and writes the
    /// logits `[T, B, O]` after each of them to `out`. States carry over from call to call.
    ///
    /// # Panics
    /// If the number of symbols is not a multiple of B, or `out` does not have O values per symbol.
    pub fn language_model(&mut self, symbols: &[u32], out: &mut [f32]) {
        let Self { packed, sequences, one, blocks, .. } = self;
        if *sequences == 0 {
            assert!(symbols.is_empty() && out.is_empty(), "a batch of no sequences takes no symbols and no outputs");
            return;
        }
        assert!(symbols.len().is_multiple_of(*sequences), "{} symbols for {sequences} sequences", symbols.len());
        let outputs = symbols.len() * packed.outputs.count();
        assert_eq!(out.len(), outputs, "number of outputs for {} symbols", symbols.len());
        if *sequences == 1 {
            return one.get_or_insert_with(|| StreamState::new(packed)).read_all(packed, symbols, out);
        }
        if blocks.is_empty() {
            *blocks = batch::blocks(packed, *sequences);
        }
        batch::language_model(packed, blocks, *sequences, symbols, out);
    }

    /// Writes the logits after the last symbol of each text to `out` `[texts, O]`; each text starts from a zero state.
    /// The number of texts may differ from the batch's number of sequences; texts may have unequal lengths or be empty.
    ///
    /// # Panics
    /// If `out` does not have O values per text.
    pub fn classify<T: AsRef<[u32]> + Sync>(&mut self, texts: &[T], out: &mut [f32]) {
        let Self { packed, one, texts: blocks, order, .. } = self;
        let outputs = packed.outputs.count();
        assert_eq!(out.len(), texts.len() * outputs, "number of outputs for {} texts", texts.len());
        if let [text] = texts {
            let one = one.get_or_insert_with(|| StreamState::new(packed));
            one.reset();
            one.read(packed, text.as_ref());
            out.copy_from_slice(one.outputs(packed));
            return one.reset();
        }
        if blocks.is_empty() {
            *blocks = batch::text_blocks(packed);
        }
        order.clear();
        order.extend(0..texts.len() as u32);
        order.sort_unstable_by_key(|text| (core::cmp::Reverse(texts[*text as usize].as_ref().len()), *text));
        batch::classify(packed, blocks, texts, order, out);
    }

    /// Resets all states to zero.
    pub fn reset(&mut self) {
        if let Some(one) = &mut self.one {
            one.reset();
        }
        batch::reset(&mut self.blocks);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::CellKind;
    use crate::model::Task;
    use crate::synthetic::ModelShape;

    /// Every SIMD instruction set that this processor supports.
    fn units() -> Vec<Arch> {
        let mut units = vec![Arch::Scalar, Arch::new()];
        #[cfg(target_arch = "x86_64")]
        units.extend(pulp::x86::V3::try_new().map(Arch::V3));
        units
    }

    #[test]
    fn narrower_vector_units_compute_the_same() {
        for cell in CellKind::ALL {
            let mut shape = ModelShape::of_paper("word-ptb").unwrap_or_else(|| unreachable!());
            let outputs = 70;
            shape.original.outputs = outputs;
            (shape.cell, shape.units, shape.weights.output) = (cell, 90, 1500);
            shape.live = vec![40, 90, 33, 70][..cell.preactivations().len()].to_vec();
            let model: Model<f32> = shape.model(3);
            assert_eq!(model.task, Task::LanguageModel);
            for storage in [Some(StorageFormat::Dense), Some(StorageFormat::Sparse), None] {
                for sequences in [1, 70] {
                    let symbols: Vec<u32> = (0..12 * sequences as u32).map(|at| at * 7 % 10_000).collect();
                    let mut results = Vec::new();
                    for arch in units() {
                        let options = Options { threads: 1, storage, ..Options::default() };
                        let runtime = Runtime::with_arch(arch, &model, &options).expect("a valid model");
                        let mut out = vec![0.0; symbols.len() * outputs as usize];
                        runtime.batch(sequences).language_model(&symbols, &mut out);
                        results.push(out);
                    }
                    for result in &results[1..] {
                        let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5 * b.abs().max(1.0);
                        assert!(result.iter().zip(&results[0]).all(close), "{cell:?}, {storage:?}, {sequences}");
                    }
                }
            }
        }
    }
}
