//! Cost model that chooses the storage of each matrix.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::int8::Int8Path;
use super::kernels::dense_lanes::PANEL;
use super::lanes::GROUPS;
use super::order::WIDTH;
use super::sparse::SparseLists;
use super::{input, matvec};
use crate::Model;

/// Storage format of a packed matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorageFormat {
    /// All values, except rows and columns that are entirely zero. For the input: a table with the precomputed
    /// preactivations of each symbol.
    Dense,
    /// The non-zero values, each with its index.
    Sparse,
    /// The non-zero values, and a bit mask of their positions. Only with AVX-512 and for a single sequence.
    Masked,
    /// All values as 8-bit integers; for the matrices whose products the model defines in integers, and for no others.
    Int8,
}

/// Time as a linear function of the amount of work.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LinearCost {
    /// Fixed overhead in nanoseconds.
    pub fixed: f64,
    /// Nanoseconds per unit of work.
    pub each: f64,
}

impl LinearCost {
    fn at(self, work: f64) -> f64 {
        self.fixed + self.each * work
    }
}

/// Expected cost of matrix products on one thread of a machine. The defaults were measured on a Zen 5 with AVX-512.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostModel {
    /// One sequence, dense storage: per vector of sixteen weights.
    pub single_dense: LinearCost,
    /// One sequence, sparse storage: per weight.
    pub single_sparse: LinearCost,
    /// One sequence, masked storage: per vector of sixteen weights, zeros included.
    pub single_masked: LinearCost,
    /// Sixteen sequences, dense storage: per weight.
    pub many_dense: LinearCost,
    /// Sixteen sequences, sparse storage: per weight.
    pub many_sparse: LinearCost,
    /// The same, per sixteen sequences, if sixty-four are computed together.
    pub many_sparse_wide: LinearCost,
    /// An input row, dense storage: per column.
    pub input_dense: LinearCost,
    /// An input row, sparse storage: per weight that is read.
    pub input_sparse: LinearCost,
    /// Size in bytes up to which data stay in the core's own caches from step to step.
    pub near: f64,
    /// Nanoseconds per byte to read data that are larger than [`CostModel::near`].
    pub far: f64,
}

impl Default for CostModel {
    fn default() -> Self {
        Self {
            single_dense: LinearCost { fixed: 5.0, each: 0.32 },
            single_sparse: LinearCost { fixed: 100.0, each: 0.3 },
            single_masked: LinearCost { fixed: 30.0, each: 0.42 },
            many_dense: LinearCost { fixed: 35.0, each: 0.13 },
            many_sparse: LinearCost { fixed: 100.0, each: 0.43 },
            many_sparse_wide: LinearCost { fixed: 48.0, each: 0.23 },
            input_dense: LinearCost { fixed: 0.8, each: 0.26 },
            input_sparse: LinearCost { fixed: 1.0, each: 0.49 },
            near: 700e3,
            far: 0.008,
        }
    }
}

impl CostModel {
    /// Time of a pass over `bytes` bytes: the larger of the time of `work` and the time to read the bytes.
    fn pass(&self, line: LinearCost, work: f64, bytes: f64) -> f64 {
        let stream = if bytes > self.near { bytes * self.far } else { 0.0 };
        line.at(work).max(stream)
    }
}

/// Storage chosen for a matrix, with the expected costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StorageChoice {
    /// Name of the matrix and its use: one sequence or many.
    pub matrix: String,
    /// The chosen storage.
    pub storage: StorageFormat,
    /// Expected time of each candidate in nanoseconds, for a step of one sequence or of sixteen sequences.
    pub expected: Vec<(StorageFormat, f64)>,
    /// Multiplications by non-zero weights per token.
    pub weights: usize,
    /// Size of the packed matrix in bytes.
    pub bytes: usize,
}

/// Chooses storages and records the choices.
pub(crate) struct StoragePlanner<'a> {
    pub cost: &'a CostModel,
    pub forced: Option<StorageFormat>,
    /// What multiplies integers.
    pub path: Int8Path,
    pub choices: Vec<StorageChoice>,
}

/// Fraction of the time to read masked storage from outside the core's caches that computation does not hide
/// (measured).
const EXPOSED_READ_FRACTION: f64 = 0.3;

/// Values that fit in the first-level cache of any current processor.
const L1_VALUES: usize = 8192;

/// A storage with its expected time in nanoseconds and its size in bytes.
type Candidate = (StorageFormat, f64, f64);

impl StoragePlanner<'_> {
    fn choose(&mut self, matrix: &str, weights: usize, candidates: &[Candidate]) -> StorageFormat {
        let wanted = candidates.iter().find(|candidate| Some(candidate.0) == self.forced);
        let best = candidates.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let (storage, _, bytes) = *wanted.or(best).unwrap_or(&(StorageFormat::Sparse, 0.0, 0.0));
        self.choices.push(StorageChoice {
            matrix: matrix.into(),
            storage,
            expected: candidates.iter().map(|(storage, time, _)| (*storage, *time)).collect(),
            weights,
            bytes: bytes as usize,
        });
        storage
    }

    /// Chooses the storage of a matrix for one sequence. The matrix is given column by column and reads `reads` units.
    pub fn single(&mut self, matrix: &str, weights: &SparseLists, reads: usize) -> matvec::MatvecLayout {
        let (count, all) = (weights.total() as f64, (weights.count() * reads) as f64);
        let vectors = all / WIDTH as f64;
        let cost = self.cost;
        let mut candidates = vec![
            (StorageFormat::Dense, cost.pass(cost.single_dense, vectors, 4.0 * all), 4.0 * all),
            (StorageFormat::Sparse, cost.pass(cost.single_sparse, count, 8.0 * count), 8.0 * count),
        ];
        if matvec::can_mask() {
            let bytes = 4.0 * count + 2.0 * vectors;
            // The position of the next values depends on the mask of the previous ones, so a slow read delays what
            // follows: computation hides it only partly.
            let delay = if bytes > cost.near { EXPOSED_READ_FRACTION * bytes * cost.far } else { 0.0 };
            candidates.push((StorageFormat::Masked, cost.pass(cost.single_masked, vectors, bytes) + delay, bytes));
        }
        match self.choose(&format(matrix, ONE), weights.total(), &candidates) {
            StorageFormat::Dense | StorageFormat::Int8 => matvec::MatvecLayout::Dense,
            StorageFormat::Sparse => matvec::MatvecLayout::Sparse,
            StorageFormat::Masked => matvec::MatvecLayout::Masked,
        }
    }

    /// The same for many sequences; `true` for dense storage. `wide` if there are always enough sequences, or steps of
    /// a sequence, to compute [`GROUPS`] groups together.
    pub fn many(&mut self, matrix: &str, weights: &SparseLists, reads: usize, wide: bool) -> bool {
        let (count, all) = (weights.total() as f64, (weights.count().next_multiple_of(PANEL) * reads) as f64);
        let cost = self.cost;
        // Weights are read once for all groups; the wide rate holds only if the states stay in the first-level cache.
        let groups = if wide { GROUPS } else { 1 };
        let line = if wide && reads * GROUPS * WIDTH <= L1_VALUES { cost.many_sparse_wide } else { cost.many_sparse };
        let near = |bytes: f64| if bytes > cost.near { bytes * cost.far / groups as f64 } else { 0.0 };
        let candidates = [
            (StorageFormat::Dense, cost.many_dense.at(all).max(near(4.0 * all)), 4.0 * all),
            (StorageFormat::Sparse, line.at(count).max(near(8.0 * count)), 8.0 * count),
        ];
        self.choose(&format(matrix, MANY), weights.total(), &candidates) == StorageFormat::Dense
    }

    /// Records that a matrix of `units` rows is stored as 8-bit integers, for `lanes` sequences.
    pub fn int8(&mut self, matrix: &str, weights: &SparseLists, units: usize, lanes: usize) {
        let elements = (weights.count() * units.next_multiple_of(4)) as f64;
        let (purpose, cost) = if lanes > 1 { (MANY, INT8_MANY) } else { (ONE, INT8_SINGLE) };
        let candidates = [(StorageFormat::Int8, cost.at(elements), elements)];
        self.choose(&format(matrix, purpose), weights.total(), &candidates);
    }

    /// Chooses the storage of the input of a model with `width` packed columns, for `lanes` sequences.
    pub fn input(&mut self, model: &Model<f32>, width: usize, lanes: usize) -> input::InputLayout {
        let rows = model.symbols.stored.len().max(1) as f64;
        let embedding = model.embedding.as_ref().map_or(0, crate::Matrix::count_nonzero) as f64;
        let input = model.input.count_nonzero() as f64;
        // Average number of weights read per symbol.
        let (read, stored) = match &model.embedding {
            Some(_) => (embedding / rows * input / model.input.rows.max(1) as f64, embedding + input),
            None => (input / rows, input),
        };
        let table = 4.0 * (rows + 1.0) * width as f64;
        let scale = lanes as f64;
        let cost = self.cost;
        let far = |bytes: f64, touched: f64| if bytes > cost.near { touched * cost.far } else { 0.0 };
        let mut candidates = vec![(
            StorageFormat::Sparse,
            scale * (cost.input_sparse.at(read) + far(8.0 * stored, 8.0 * read)),
            8.0 * stored,
        )];
        // A small file must not lead to a large table. A stricter limit would be costly: a matrix product per token
        // instead of a table row.
        if table <= 64e6 || table <= 64.0 * stored || self.forced == Some(StorageFormat::Dense) {
            let touched = 4.0 * width as f64;
            // A single sequence uses the table row in place, without copying it.
            let work = if lanes > 1 { cost.input_dense.at(width as f64) } else { cost.input_dense.fixed };
            let time = scale * (work + far(table, touched));
            candidates.push((StorageFormat::Dense, time, table));
        }
        match self.choose(
            &format("input", if lanes > 1 { MANY } else { ONE }),
            (embedding + input) as usize,
            &candidates,
        ) {
            StorageFormat::Dense => input::InputLayout::Table,
            StorageFormat::Sparse | StorageFormat::Masked | StorageFormat::Int8 => input::InputLayout::SparseLists,
        }
    }
}

fn format(matrix: &str, purpose: &str) -> String {
    alloc::format!("{matrix}, {purpose}")
}

/// Expected time per symbol of a packed model, in nanoseconds on one thread.
pub(crate) struct Times {
    /// All of a batch's step, per sequence.
    pub many: f64,
    /// Output layer in a batch, per sequence.
    pub outputs: f64,
    /// Number of threads for the recurrence of one sequence.
    pub single_threads: usize,
}

impl Times {
    pub fn new(choices: &[StorageChoice], units: usize, chunks: usize, threads: usize) -> Self {
        let time = |matrix: &str, lanes: bool| {
            let purpose = if lanes { MANY } else { ONE };
            let found =
                choices.iter().find(|choice| choice.matrix.starts_with(matrix) && choice.matrix.ends_with(purpose));
            let expected = found.and_then(|choice| choice.expected.iter().find(|(way, _)| *way == choice.storage));
            expected.map_or(0.0, |(_, time)| *time)
        };
        let per_lane = WIDTH as f64;
        let outputs = time("output", true) / per_lane;
        let single = time("recurrent", false);
        // Threads synchronise after each step, so a short step runs on one thread.
        let single_threads = if single < 4e3 { 1 } else { threads.min(chunks).max(1) };
        let rest = OVERHEAD + UPDATE * units as f64;
        Self {
            many: (time("input", true) + time("recurrent", true) + rest) / per_lane + outputs,
            outputs,
            single_threads,
        }
    }
}

/// Time of a step of sixteen sequences besides the matrix products, in nanoseconds: fixed, and per unit. It only
/// decides whether waking other threads pays off, so a factor of two in either direction does not matter.
const OVERHEAD: f64 = 40.0;
const UPDATE: f64 = 10.0;

/// Time of an integer product per element, in nanoseconds: of one sequence, and of sixteen. As there is no choice, it
/// only decides how many threads are woken.
const INT8_SINGLE: LinearCost = LinearCost { fixed: 30.0, each: 0.007 };
const INT8_MANY: LinearCost = LinearCost { fixed: 60.0, each: 0.09 };

const ONE: &str = "one sequence";
const MANY: &str = "many sequences";
