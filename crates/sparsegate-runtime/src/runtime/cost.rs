//! What a way of storing a matrix costs.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::kernels::dense_lanes::PANEL;
use super::lanes::GROUPS;
use super::lists::Lists;
use super::order::WIDTH;
use super::{input, matvec};
use crate::Model;

/// A way of storing a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Storage {
    /// All of its numbers, but for rows and columns that are all zero. Of the input: the sums of each symbol, ready made.
    Dense,
    /// The numbers that are not zero, each with its place.
    Sparse,
    /// The numbers that are not zero, and a bit for each number that says which these are. Only with AVX-512, for one sequence.
    Masked,
}

/// Time that is linear in an amount of work.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Nanoseconds of no work at all.
    pub fixed: f64,
    /// Nanoseconds of a unit of work more.
    pub each: f64,
}

impl Line {
    fn at(self, work: f64) -> f64 {
        self.fixed + self.each * work
    }
}

/// What the runtime takes matrices to cost on a machine, on one thread. The defaults were measured on a Zen 5 with AVX-512.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostModel {
    /// One sequence, dense storage: for each vector of sixteen weights.
    pub single_dense: Line,
    /// One sequence, sparse storage: for each weight.
    pub single_sparse: Line,
    /// One sequence, masked storage: for each vector of sixteen weights, zeros among them.
    pub single_masked: Line,
    /// Sixteen sequences, dense storage: for each weight.
    pub many_dense: Line,
    /// Sixteen sequences, sparse storage: for each weight.
    pub many_sparse: Line,
    /// The same, when sixty-four are computed together.
    pub many_sparse_wide: Line,
    /// A row of the input, dense storage: for each column.
    pub input_dense: Line,
    /// A row of the input, sparse storage: for each weight that is read.
    pub input_sparse: Line,
    /// Bytes that stay near the processor from step to step.
    pub near: f64,
    /// What each byte takes of what does not stay near.
    pub far: f64,
}

impl Default for CostModel {
    fn default() -> Self {
        Self {
            single_dense: Line { fixed: 5.0, each: 0.32 },
            single_sparse: Line { fixed: 100.0, each: 0.3 },
            single_masked: Line { fixed: 30.0, each: 0.42 },
            many_dense: Line { fixed: 35.0, each: 0.13 },
            many_sparse: Line { fixed: 100.0, each: 0.43 },
            many_sparse_wide: Line { fixed: 48.0, each: 0.23 },
            input_dense: Line { fixed: 0.8, each: 0.26 },
            input_sparse: Line { fixed: 1.0, each: 0.49 },
            near: 700e3,
            far: 0.008,
        }
    }
}

impl CostModel {
    /// Time of a pass over `bytes`, of which `work` alone would take so long.
    fn pass(&self, line: Line, work: f64, bytes: f64) -> f64 {
        let stream = if bytes > self.near { bytes * self.far } else { 0.0 };
        line.at(work).max(stream)
    }
}

/// How a matrix is stored, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Which matrix, and for what.
    pub matrix: String,
    /// The way.
    pub storage: Storage,
    /// What each way was expected to take, in nanoseconds: of a step of one sequence, or of sixteen.
    pub expected: Vec<(Storage, f64)>,
    /// Multiplications with weights that are not zero, a token.
    pub weights: usize,
    /// Bytes that the storage has.
    pub bytes: usize,
}

/// Chooses storages, and notes what was chosen.
pub(crate) struct Plan<'a> {
    pub cost: &'a CostModel,
    pub forced: Option<Storage>,
    pub choices: Vec<Choice>,
}

/// The share of the time to read masked storage from afar that is added to that of computing with it, as measured.
const UNHIDDEN: f64 = 0.3;

/// Numbers that the nearest cache of any processor of today has room for.
const NEAREST: usize = 8192;

/// A way to store a matrix, with what it is expected to take and its size.
type Candidate = (Storage, f64, f64);

impl Plan<'_> {
    fn choose(&mut self, matrix: &str, weights: usize, candidates: &[Candidate]) -> Storage {
        let wanted = candidates.iter().find(|candidate| Some(candidate.0) == self.forced);
        let best = candidates.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let (storage, _, bytes) = *wanted.or(best).unwrap_or(&(Storage::Sparse, 0.0, 0.0));
        self.choices.push(Choice {
            matrix: matrix.into(),
            storage,
            expected: candidates.iter().map(|(storage, time, _)| (*storage, *time)).collect(),
            weights,
            bytes: bytes as usize,
        });
        storage
    }

    /// Of a matrix given column by column, that reads so many units of one sequence.
    pub fn single(&mut self, matrix: &str, weights: &Lists, reads: usize) -> matvec::Way {
        let (count, all) = (weights.total() as f64, (weights.count() * reads) as f64);
        let vectors = all / WIDTH as f64;
        let cost = self.cost;
        let mut candidates = vec![
            (Storage::Dense, cost.pass(cost.single_dense, vectors, 4.0 * all), 4.0 * all),
            (Storage::Sparse, cost.pass(cost.single_sparse, count, 8.0 * count), 8.0 * count),
        ];
        if matvec::can_mask() {
            let bytes = 4.0 * count + 2.0 * vectors;
            // Numbers that come from afar delay those after them, whose places depend on them: reading hides only partly.
            let delay = if bytes > cost.near { UNHIDDEN * bytes * cost.far } else { 0.0 };
            candidates.push((Storage::Masked, cost.pass(cost.single_masked, vectors, bytes) + delay, bytes));
        }
        match self.choose(&format(matrix, ONE), weights.total(), &candidates) {
            Storage::Dense => matvec::Way::Dense,
            Storage::Sparse => matvec::Way::Sparse,
            Storage::Masked => matvec::Way::Masked,
        }
    }

    /// The same for many sequences; whether to store it densely. `wide` if there are always enough sequences, or steps of
    /// them, to compute [`GROUPS`] groups together.
    pub fn many(&mut self, matrix: &str, weights: &Lists, reads: usize, wide: bool) -> bool {
        let (count, all) = (weights.total() as f64, (weights.count().next_multiple_of(PANEL) * reads) as f64);
        let cost = self.cost;
        // Weights are read once for all groups; the states are to stay in the nearest cache meanwhile.
        let groups = if wide { GROUPS } else { 1 };
        let line = if wide && reads * GROUPS * WIDTH <= NEAREST { cost.many_sparse_wide } else { cost.many_sparse };
        let near = |bytes: f64| if bytes > cost.near { bytes * cost.far / groups as f64 } else { 0.0 };
        let candidates = [
            (Storage::Dense, cost.many_dense.at(all).max(near(4.0 * all)), 4.0 * all),
            (Storage::Sparse, line.at(count).max(near(8.0 * count)), 8.0 * count),
        ];
        self.choose(&format(matrix, MANY), weights.total(), &candidates) == Storage::Dense
    }

    /// Of the input of a model with so many packed columns.
    pub fn input(&mut self, model: &Model<f32>, width: usize, lanes: usize) -> input::Way {
        let rows = model.symbols.stored.len().max(1) as f64;
        let embedding = model.embedding.as_ref().map_or(0, crate::Matrix::count_nonzero) as f64;
        let input = model.input.count_nonzero() as f64;
        // Weights that are read for a symbol on average.
        let (read, stored) = match &model.embedding {
            Some(_) => (embedding / rows * input / model.input.rows.max(1) as f64, embedding + input),
            None => (input / rows, input),
        };
        let table = 4.0 * (rows + 1.0) * width as f64;
        let scale = lanes as f64;
        let cost = self.cost;
        let far = |bytes: f64, touched: f64| if bytes > cost.near { touched * cost.far } else { 0.0 };
        let mut candidates =
            vec![(Storage::Sparse, scale * (cost.input_sparse.at(read) + far(8.0 * stored, 8.0 * read)), 8.0 * stored)];
        // A small file must not make a large table. Too strict a limit would be dear: a product a token instead of a row.
        if table <= 64e6 || table <= 64.0 * stored || self.forced == Some(Storage::Dense) {
            let touched = 4.0 * width as f64;
            // One sequence's sums are used where they lie in the table.
            let work = if lanes > 1 { cost.input_dense.at(width as f64) } else { cost.input_dense.fixed };
            let time = scale * (work + far(table, touched));
            candidates.push((Storage::Dense, time, table));
        }
        match self.choose(
            &format("input", if lanes > 1 { MANY } else { ONE }),
            (embedding + input) as usize,
            &candidates,
        ) {
            Storage::Dense => input::Way::Table,
            Storage::Sparse | Storage::Masked => input::Way::Lists,
        }
    }
}

fn format(matrix: &str, purpose: &str) -> String {
    alloc::format!("{matrix}, {purpose}")
}

/// What a packed model is expected to take, a symbol, in nanoseconds on one thread.
pub(crate) struct Times {
    /// Of a batch.
    pub many: f64,
    /// Of the output layer in a batch.
    pub outputs: f64,
    /// Threads for the recurrence of one sequence.
    pub single_threads: usize,
}

impl Times {
    pub fn new(choices: &[Choice], units: usize, chunks: usize, threads: usize) -> Self {
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
        // Threads meet after each step.
        let single_threads = if single < 4e3 { 1 } else { threads.min(chunks).max(1) };
        let rest = OVERHEAD + UPDATE * units as f64;
        Self {
            many: (time("input", true) + time("recurrent", true) + rest) / per_lane + outputs,
            outputs,
            single_threads,
        }
    }
}

/// What a step of sixteen sequences takes beside the matrices: by itself, and for each unit. Only to tell whether it is worth waking
/// other threads: half or twice as much would do.
const OVERHEAD: f64 = 40.0;
const UPDATE: f64 = 10.0;

const ONE: &str = "one sequence";
const MANY: &str = "many sequences";
