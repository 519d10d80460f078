//! The fast way: a model packed for the processor's vector unit, on one thread or several.
//!
//! [`Runtime::new`] packs a model once. Then
//!
//! - a [`Stream`] reads one symbol after another, for the smallest latency;
//! - a [`Batch`] reads many sequences side by side, or all of one at once.
//!
//! Each matrix is stored in the way that a [`CostModel`] expects to be fastest ([`Storage`]), once for one sequence, where vectors
//! hold units, and once for many, where vectors hold sequences; [`Runtime::choices`] tells what was chosen. Only sums that move
//! are computed; what stands for the others is put through its function when the model is packed.
//!
//! Results are the same bits for any number of threads: each number is computed by one thread, in an order that does not
//! depend on how many there are. They differ from [`crate::plain`]'s by rounding alone (1e-5 of the larger of one and the
//! number). A sum that overflows is infinite, and two infinite ones of unlike signs make NaN, which stays NaN, as there.
//!
//! Nothing is allocated after the first call of a kind.

mod activation;
mod batch;
mod cost;
mod floats;
mod input;
mod kernels;
mod lanes;
mod lists;
mod many;
mod matvec;
mod order;
mod outputs;
mod recurrence;
mod single;
mod threads;
mod update;

use alloc::sync::Arc;
use alloc::vec::Vec;

use pulp::Arch;

pub use cost::{Choice, CostModel, Line, Storage};

use crate::model::Invalid;
use crate::model::Model;
use batch::Block;
use cost::{Plan, Times};
use many::Many;
use order::Order;
use outputs::Outputs;
use recurrence::Recurrence;
use single::{Locked, Single};
use threads::Pool;

/// How to pack and run a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Threads, the caller's among them; 0 for as many as the processor runs at a time. Without the feature `std`, one.
    pub threads: usize,
    /// What storages are taken to cost on this machine.
    pub cost: CostModel,
    /// The storage of every matrix that can be stored in this way, whatever it costs.
    pub storage: Option<Storage>,
}

impl Default for Options {
    fn default() -> Self {
        Self { threads: 0, cost: CostModel::default(), storage: None }
    }
}

/// A packed model. Cheap to clone: clones share what is packed, and threads.
#[derive(Clone)]
pub struct Runtime {
    packed: Arc<Packed>,
}

struct Packed {
    arch: Arch,
    symbols: input::Symbols,
    single: Recurrence,
    many: Many,
    outputs: Outputs,
    choices: Vec<Choice>,
    times: Times,
    pool: Pool,
}

impl Packed {
    /// Has all threads work on what takes so many nanoseconds, or one if that is not worth waking the others. The job is
    /// given a thread's number and how many there are.
    fn share_out(&self, time: f64, job: &(dyn Fn(usize, usize) + Sync)) {
        if time < WORTH_WAKING {
            return job(0, 1);
        }
        self.pool.run(&|index| job(index, self.pool.threads()));
    }
}

/// Nanoseconds of work from which on it is given to all threads.
const WORTH_WAKING: f64 = 40e3;

impl Runtime {
    /// Packs a model.
    ///
    /// # Errors
    /// What [`Model::check`] finds.
    pub fn new(model: &Model<f32>, options: &Options) -> Result<Self, Invalid> {
        model.check()?;
        let order = Order::new(&model.columns, model.units());
        let mut plan = Plan { cost: &options.cost, forced: options.storage, choices: Vec::new() };
        let pool = Pool::new(threads(options.threads));
        let single = Recurrence::new(model, &order, &mut plan);
        let many = Many::new(model, &order, &mut plan);
        let outputs = Outputs::new(model, &order, &mut plan);
        let times = Times::new(&plan.choices, single.chunks(), pool.threads());
        let symbols = input::Symbols::new(&model.symbols);
        let (arch, choices) = (Arch::new(), plan.choices);
        Ok(Self { packed: Arc::new(Packed { arch, symbols, single, many, outputs, choices, times, pool }) })
    }

    /// How each matrix is stored, and why.
    pub fn choices(&self) -> &[Choice] {
        &self.packed.choices
    }

    /// Threads, the caller's among them.
    pub fn threads(&self) -> usize {
        self.packed.pool.threads()
    }

    /// O, the number of outputs.
    pub fn outputs(&self) -> usize {
        self.packed.outputs.count()
    }

    /// One sequence, from a zero state.
    pub fn stream(&self) -> Stream {
        Stream { single: Single::new(&self.packed), packed: Arc::clone(&self.packed) }
    }

    /// So many sequences side by side, from zero states.
    pub fn batch(&self, sequences: usize) -> Batch {
        Batch { packed: Arc::clone(&self.packed), sequences, one: None, blocks: Vec::new(), texts: Vec::new(), order: Vec::new() }
    }
}

fn threads(wanted: usize) -> usize {
    #[cfg(feature = "std")]
    if wanted == 0 {
        return std::thread::available_parallelism().map_or(1, usize::from);
    }
    wanted.max(1)
}

/// One sequence, read symbol by symbol.
pub struct Stream {
    packed: Arc<Packed>,
    single: Single,
}

impl Stream {
    /// Goes on by one symbol and gives the outputs after it: logits `[O]`. A symbol without a row, or beyond the ids there are, is a
    /// step without input.
    pub fn step(&mut self, symbol: u32) -> &[f32] {
        self.read(&[symbol]);
        self.outputs()
    }

    /// Goes on by some symbols.
    pub fn read(&mut self, symbols: &[u32]) {
        self.single.read(&self.packed, symbols);
    }

    /// The outputs in the present state: logits `[O]`.
    pub fn outputs(&mut self) -> &[f32] {
        self.single.outputs(&self.packed)
    }

    /// Back to a zero state.
    pub fn reset(&mut self) {
        self.single.reset();
    }
}

/// Many sequences, read side by side.
pub struct Batch {
    packed: Arc<Packed>,
    sequences: usize,
    /// For one sequence alone.
    one: Option<Single>,
    /// For a language model, with the sequences' states.
    blocks: Vec<Locked<Block>>,
    /// For texts, one a thread.
    texts: Vec<Locked<Block>>,
    /// Numbers of the texts, by falling length.
    order: Vec<u32>,
}

impl Batch {
    /// Goes on by `symbols` `[T, B]` (the first symbol of each sequence, then the second of each, ...), and writes the outputs after
    /// each of them, logits `[T, B, O]`. States go on from call to call.
    ///
    /// # Panics
    /// If there are not `T * B` symbols for some T, or not O outputs for each.
    pub fn language_model(&mut self, symbols: &[u32], out: &mut [f32]) {
        let Self { packed, sequences, one, blocks, .. } = self;
        if *sequences == 0 {
            assert!(symbols.is_empty() && out.is_empty(), "symbols or outputs for no sequences");
            return;
        }
        assert!(symbols.len().is_multiple_of(*sequences), "{} symbols for {sequences} sequences", symbols.len());
        let outputs = symbols.len() * packed.outputs.count();
        assert_eq!(out.len(), outputs, "room for the outputs of {} symbols", symbols.len());
        if *sequences == 1 {
            return one.get_or_insert_with(|| Single::new(packed)).read_all(packed, symbols, out);
        }
        if blocks.is_empty() {
            *blocks = batch::blocks(packed, *sequences);
        }
        batch::language_model(packed, blocks, *sequences, symbols, out);
    }

    /// The outputs after the last symbol of each text, logits `[texts, O]`, each from a zero state. There may be more or fewer texts than
    /// the batch has sequences, of unequal lengths, and empty ones.
    ///
    /// # Panics
    /// If there are not O outputs for each text.
    pub fn classify<T: AsRef<[u32]> + Sync>(&mut self, texts: &[T], out: &mut [f32]) {
        let Self { packed, one, texts: blocks, order, .. } = self;
        let outputs = packed.outputs.count();
        assert_eq!(out.len(), texts.len() * outputs, "room for the outputs of {} texts", texts.len());
        if let [text] = texts {
            let one = one.get_or_insert_with(|| Single::new(packed));
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

    /// Back to zero states.
    pub fn reset(&mut self) {
        if let Some(one) = &mut self.one {
            one.reset();
        }
        batch::reset(&mut self.blocks);
    }
}
