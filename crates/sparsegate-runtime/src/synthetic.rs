//! Random models of a given structure: for tests, and to measure the speed of structures without a trained model.

use alloc::vec;
use alloc::vec::Vec;

use crate::model::{LiveColumns, Sizes, Task, Vocabulary};
use crate::{Activation, Cell, CellKind, Float, Matrix, Model};

/// Structure of a compact network.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelShape {
    /// The cell.
    pub cell: Cell,
    /// Activation of the gates.
    pub activation: Activation,
    /// Meaning of the outputs.
    pub task: Task,
    /// Sizes before pruning.
    pub original: Sizes,
    /// Number of symbols with a row.
    pub symbols: u32,
    /// Surviving embedding dimensions; `None` without an embedding.
    pub dimensions: Option<u32>,
    /// Surviving units.
    pub units: u32,
    /// Number of preactivations of each kind that are not constant, in the order of the cell's kinds.
    pub live: Vec<u32>,
    /// Non-zero weights of the embedding, the input, the recurrent and the output matrix.
    pub weights: WeightCounts,
}

/// Numbers of non-zero weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightCounts {
    /// Embedding; 0 without one.
    pub embedding: usize,
    /// Input matrix.
    pub input: usize,
    /// Recurrent matrix.
    pub recurrent: usize,
    /// Output matrix.
    pub output: usize,
}

impl ModelShape {
    /// A network without any pruning.
    pub fn dense(cell: impl Into<Cell>, activation: Activation, task: Task, sizes: Sizes) -> Self {
        let cell = cell.into();
        let Sizes { symbols, dimensions, units, outputs } = sizes;
        let dimensions = (dimensions > 0).then_some(dimensions);
        let size = |rows: u32, columns: usize| rows as usize * columns;
        let (input, state) = (cell.input_kinds().len(), cell.state_kinds().len());
        let wide = units as usize;
        Self {
            live: vec![units; cell.kinds()],
            cell,
            activation,
            task,
            original: sizes,
            symbols,
            dimensions,
            units,
            weights: WeightCounts {
                embedding: dimensions.map_or(0, |dimensions| size(symbols, dimensions as usize)),
                input: size(dimensions.unwrap_or(symbols), input * wide),
                recurrent: size(units, state * wide),
                output: size(outputs, wide),
            },
        }
    }

    /// Structure of the final models of the paper's authors at the level W+G+N (weights, gates and neurons), by data
    /// set: `imdb`, `agnews`, `char-ptb`, `word-ptb`. Published are the counts of symbols, dimensions, units, live
    /// gates and weights, but not how the live gates spread over the kinds. The split used here is invented; it follows
    /// the paper's observation that classifiers keep information flow and output gates, and language models mostly
    /// output gates.
    pub fn of_paper(name: &str) -> Option<Self> {
        let (task, activation, sizes, [symbols, dimensions, units], live, weights) = match name {
            "imdb" => {
                let kept = ([307, 1, 7], [0, 0, 7, 1], [304, 6, 20, 7]);
                (Task::Classification, Activation::HardSigmoid, [20_003, 300, 128, 1], kept.0, kept.1, kept.2)
            }
            "agnews" => {
                let kept = ([2295, 46, 14], [6, 9, 14, 10], [10_918, 752, 267, 48]);
                (Task::Classification, Activation::HardSigmoid, [20_003, 300, 512, 4], kept.0, kept.1, kept.2)
            }
            "char-ptb" => {
                let kept = ([50, 0, 404], [383, 390, 391, 399], [0, 39_000, 381_951, 12_037]);
                (Task::LanguageModel, Activation::Sigmoid, [50, 0, 1000, 50], kept.0, kept.1, kept.2)
            }
            "word-ptb" => {
                let kept = ([9972, 0, 117], [13, 24, 64, 100], [0, 241_203, 15_857, 276_932]);
                (Task::LanguageModel, Activation::Sigmoid, [10_000, 0, 256, 10_000], kept.0, kept.1, kept.2)
            }
            _ => return None,
        };
        let [embedding, input, recurrent, output] = weights;
        let original = Sizes { symbols: sizes[0], dimensions: sizes[1], units: sizes[2], outputs: sizes[3] };
        Some(Self {
            cell: CellKind::Lstm.into(),
            activation,
            task,
            original,
            symbols,
            dimensions: (dimensions > 0).then_some(dimensions),
            units,
            live: live.to_vec(),
            weights: WeightCounts { embedding, input, recurrent, output },
        })
    }

    /// The network before pruning.
    #[must_use]
    pub fn original(&self) -> Self {
        Self::dense(self.cell.clone(), self.activation, self.task, self.original)
    }

    /// The network with pruned weights set to zero: as large as [`Self::original`], with as many non-zero weights as
    /// this one.
    #[must_use]
    pub fn masked(&self) -> Self {
        Self { weights: self.weights, ..self.original() }
    }

    /// A random model of this shape, reproducible by its seed: the surviving symbols, preactivations and weights and
    /// the values of the weights are random. Weights spread evenly over the rows: the counts of two rows differ by at
    /// most one. Counts above the available room are reduced to it.
    pub fn model<T: Float>(&self, seed: u64) -> Model<T> {
        let mut random = SplitMix64(seed);
        let columns = LiveColumns {
            live: self.live.iter().map(|live| random.sample_indices(self.units as usize, *live as usize)).collect(),
        };
        let total = self.original.symbols;
        let stored = random.sample_indices(total as usize, self.symbols as usize);
        let (symbols, units, outputs) = (stored.len(), self.units as usize, self.original.outputs as usize);
        let inputs = self.dimensions.map_or(symbols, |dimensions| dimensions as usize);
        let WeightCounts { embedding, input, recurrent, output } = self.weights;
        let sums = [columns.count(self.cell.input_kinds()), columns.count(self.cell.state_kinds())];
        Model {
            cell: self.cell.clone(),
            activation: self.activation,
            task: self.task,
            symbols: Vocabulary { total, stored },
            embedding: self.dimensions.map(|dimensions| random.matrix([symbols, dimensions as usize], embedding, 1)),
            input: random.matrix([inputs, sums[0]], input, if self.dimensions.is_some() { inputs } else { 1 }),
            recurrent: random.matrix([units, sums[1]], recurrent, units),
            bias: random.numbers(self.cell.kinds() * units, 1.0),
            state_factor: self.cell.has_state_factor().then(|| random.numbers(units, 1.0)),
            output: random.matrix([outputs, units], output, units),
            output_bias: random.numbers(outputs, 1.0),
            int8: None,
            columns,
            original: self.original,
        }
    }
}

/// Random number generator: splitmix64 (S. Vigna).
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [-1, 1).
    fn number(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    fn numbers<T: Float>(&mut self, count: usize, scale: f64) -> Vec<T> {
        (0..count).map(|_| T::from_f64(scale * self.number())).collect()
    }

    /// `count` distinct indices below `total`, sorted; every subset is equally likely.
    fn sample_indices(&mut self, total: usize, count: usize) -> Vec<u32> {
        let mut left = count.min(total);
        let mut sample_indices = Vec::with_capacity(left);
        for place in 0..total {
            if (self.next() >> 32) * ((total - place) as u64) < (left as u64) << 32 {
                sample_indices.push(place as u32);
                left -= 1;
            }
        }
        sample_indices
    }

    /// A matrix with `weights` non-zero values, scaled so that a sum over `reads` rows has a magnitude near one.
    fn matrix<T: Float>(&mut self, [rows, columns]: [usize; 2], weights: usize, reads: usize) -> Matrix<T> {
        let mut values = vec![T::default(); rows * columns];
        let density = weights as f64 / values.len().max(1) as f64;
        let scale = 1.0 / libm::sqrt((reads as f64 * density).max(1.0));
        let mut due = 0;
        for row in 0..rows {
            let until = weights * (row + 1) / rows;
            for place in self.sample_indices(columns, until - due) {
                let number = self.number();
                values[row * columns + place as usize] =
                    T::from_f64(scale * (number + 0.25 * libm::copysign(1.0, number)));
            }
            due = until;
        }
        let dense = Matrix::dense(rows, columns, values);
        if density < 0.5 { dense.sparse() } else { dense }
    }
}
