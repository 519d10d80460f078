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
//! A cell that is described by its formula has no kernels: an interpreter runs it on one thread, with the weights
//! stored as in the model. Symbol by symbol it takes up to some ten times as long as the kernels, and up to twenty for
//! many sequences, which it computes one after the other.
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
mod int8;
mod interpreter;
mod kernels;
mod lanes;
mod many;
mod matvec;
mod order;
mod outputs;
mod packed_batch;
mod program;
mod recurrence;
mod single;
mod sparse;
mod threads;
mod update;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use pulp::Arch;

pub use cost::{CostModel, LinearCost, StorageChoice, StorageFormat};

use crate::model::InvalidModel;
use crate::{Cell, CellKind, Model};
use cost::{StoragePlanner, Times};
use int8::Int8Path;
use interpreter::{InterpretedBatch, InterpretedStream, Interpreter};
use many::BatchRecurrence;
use order::UnitOrder;
use outputs::Outputs;
use packed_batch::PackedBatch;
use recurrence::Recurrence;
use single::StreamState;
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
pub struct Runtime(Engine);

/// What runs a model.
#[derive(Clone)]
enum Engine {
    /// The kernels of a built-in cell.
    Packed(Arc<Packed>),
    /// The interpreter of a formula.
    Interpreted(Arc<Interpreter>),
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
    fn new((arch, path): (Arch, Int8Path), model: &Model<f32>, cell: CellKind, options: &Options) -> Self {
        let order = UnitOrder::new(&model.columns, model.units());
        let mut plan = StoragePlanner { cost: &options.cost, forced: options.storage, path, choices: Vec::new() };
        let pool = Pool::new(threads(options.threads));
        let single = Recurrence::new(model, cell, &order, &mut plan);
        let many = BatchRecurrence::new(model, cell, &order, &mut plan);
        let outputs = Outputs::new(model, &order, &mut plan);
        let times = Times::new(&plan.choices, model.units(), single.chunks(), pool.threads());
        let symbols = input::Symbols::new(&model.symbols);
        Self { arch, symbols, single, many, outputs, choices: plan.choices, times, pool }
    }

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
        Self::with_arch((Arch::new(), Int8Path::detect()), model, options)
    }

    /// Packs for a given SIMD instruction set, and one for integers.
    fn with_arch(arch: (Arch, Int8Path), model: &Model<f32>, options: &Options) -> Result<Self, InvalidModel> {
        model.check()?;
        Ok(Self(match &model.cell {
            Cell::BuiltIn(cell) => Engine::Packed(Arc::new(Packed::new(arch, model, *cell, options))),
            Cell::Formula(formula) => Engine::Interpreted(Arc::new(Interpreter::new(arch.0, model, formula))),
        }))
    }

    /// Storage of each matrix, with the expected costs; empty for a cell with a formula, for which there is no choice.
    pub fn choices(&self) -> &[StorageChoice] {
        match &self.0 {
            Engine::Packed(packed) => &packed.choices,
            Engine::Interpreted(_) => &[],
        }
    }

    /// Number of threads, including the caller's; one for a cell with a formula.
    pub fn threads(&self) -> usize {
        match &self.0 {
            Engine::Packed(packed) => packed.pool.threads(),
            Engine::Interpreted(_) => 1,
        }
    }

    /// O, the number of outputs.
    pub fn outputs(&self) -> usize {
        match &self.0 {
            Engine::Packed(packed) => packed.outputs.count(),
            Engine::Interpreted(interpreter) => interpreter.outputs(),
        }
    }

    /// A single sequence, starting from the zero state.
    pub fn stream(&self) -> Stream {
        Stream(match &self.0 {
            Engine::Packed(packed) => StreamEngine::Packed(Arc::clone(packed), Box::new(StreamState::new(packed))),
            Engine::Interpreted(interpreter) => StreamEngine::Interpreted(InterpretedStream::new(interpreter)),
        })
    }

    /// `sequences` sequences side by side, starting from zero states.
    pub fn batch(&self, sequences: usize) -> Batch {
        let engine = match &self.0 {
            Engine::Packed(packed) => BatchEngine::Packed(PackedBatch::new(packed, sequences)),
            Engine::Interpreted(interpreter) => BatchEngine::Interpreted(InterpretedBatch::new(interpreter, sequences)),
        };
        Batch { outputs: self.outputs(), sequences, engine }
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
pub struct Stream(StreamEngine);

enum StreamEngine {
    Packed(Arc<Packed>, Box<StreamState>),
    Interpreted(InterpretedStream),
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
        match &mut self.0 {
            StreamEngine::Packed(packed, state) => state.read(packed, symbols),
            StreamEngine::Interpreted(stream) => stream.read(symbols),
        }
    }

    /// Logits `[O]` for the current state.
    pub fn outputs(&mut self) -> &[f32] {
        match &mut self.0 {
            StreamEngine::Packed(packed, state) => state.outputs(packed),
            StreamEngine::Interpreted(stream) => stream.outputs(),
        }
    }

    /// Resets the state to zero.
    pub fn reset(&mut self) {
        match &mut self.0 {
            StreamEngine::Packed(_, state) => state.reset(),
            StreamEngine::Interpreted(stream) => stream.reset(),
        }
    }
}

/// Many sequences, read side by side.
pub struct Batch {
    /// O.
    outputs: usize,
    sequences: usize,
    engine: BatchEngine,
}

enum BatchEngine {
    Packed(PackedBatch),
    Interpreted(InterpretedBatch),
}

impl Batch {
    /// Advances by `symbols` `[T, B]` (the first symbol of each sequence, then the second of each, ...), and writes the
    /// logits `[T, B, O]` after each of them to `out`. States carry over from call to call.
    ///
    /// # Panics
    /// If the number of symbols is not a multiple of B, or `out` does not have O values per symbol.
    pub fn language_model(&mut self, symbols: &[u32], out: &mut [f32]) {
        let Self { outputs, sequences, engine } = self;
        if *sequences == 0 {
            assert!(symbols.is_empty() && out.is_empty(), "a batch of no sequences takes no symbols and no outputs");
            return;
        }
        assert!(symbols.len().is_multiple_of(*sequences), "{} symbols for {sequences} sequences", symbols.len());
        assert_eq!(out.len(), symbols.len() * *outputs, "number of outputs for {} symbols", symbols.len());
        match engine {
            BatchEngine::Packed(batch) => batch.language_model(symbols, out),
            BatchEngine::Interpreted(batch) => batch.language_model(symbols, out),
        }
    }

    /// Writes the logits after the last symbol of each text to `out` `[texts, O]`; each text starts from a zero state.
    /// The number of texts may differ from the batch's number of sequences; texts may have unequal lengths or be empty.
    /// The states of the sequences stay as they are.
    ///
    /// # Panics
    /// If `out` does not have O values per text.
    pub fn classify<T: AsRef<[u32]> + Sync>(&mut self, texts: &[T], out: &mut [f32]) {
        assert_eq!(out.len(), texts.len() * self.outputs, "number of outputs for {} texts", texts.len());
        match &mut self.engine {
            BatchEngine::Packed(batch) => batch.classify(texts, out),
            BatchEngine::Interpreted(batch) => batch.classify(texts, out),
        }
    }

    /// Resets all states to zero.
    pub fn reset(&mut self) {
        match &mut self.engine {
            BatchEngine::Packed(batch) => batch.reset(),
            BatchEngine::Interpreted(batch) => batch.reset(),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
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
            (shape.cell, shape.units, shape.weights.output) = (cell.into(), 90, 1500);
            shape.live = vec![40, 90, 33, 70][..cell.preactivations().len()].to_vec();
            let model: Model<f32> = shape.model(3);
            assert_eq!(model.task, Task::LanguageModel);
            for storage in [Some(StorageFormat::Dense), Some(StorageFormat::Sparse), None] {
                for sequences in [1, 70] {
                    let symbols: Vec<u32> = (0..12 * sequences as u32).map(|at| at * 7 % 10_000).collect();
                    let mut results = Vec::new();
                    for arch in units() {
                        let options = Options { threads: 1, storage, ..Options::default() };
                        let runtime =
                            Runtime::with_arch((arch, Int8Path::detect()), &model, &options).expect("a valid model");
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
