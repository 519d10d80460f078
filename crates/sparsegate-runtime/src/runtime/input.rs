//! Input contribution of each symbol to the preactivations.

use alloc::vec;
use alloc::vec::Vec;

use pulp::Simd;

use super::aligned::AlignedVec;
use super::kernels::broadcast_bias;
use super::order::WIDTH;
use super::sparse::SparseLists;
use crate::Model;

/// The packed input rows of the symbols, followed by a row for symbols without input. Biases are included: the result
/// is the preactivations without the recurrent products.
pub(crate) struct Input {
    width: usize,
    storage: PackedInput,
}

enum PackedInput {
    /// All columns of each row, biases included.
    Table(AlignedVec),
    /// The non-zero values of each row, which are added to the biases.
    Rows { bias: Vec<f32>, rows: SparseLists },
    /// The symbol's embedding vector, and the columns of each of its dimensions.
    Factored { bias: Vec<f32>, embedding: SparseLists, columns: SparseLists },
}

/// Storage layout of the input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum InputLayout {
    Table,
    /// As in the model: sparse rows, or embedding vectors and a matrix.
    SparseLists,
}

impl Input {
    /// Packs the input of a model for `bias.len()` packed columns; `columns` maps each input column of the model to its
    /// packed column.
    pub fn new(model: &Model<f32>, columns: &[u32], bias: Vec<f32>, way: InputLayout) -> Self {
        let (width, stored) = (bias.len(), model.symbols.stored.len());
        let matrix = SparseLists::new(model.input.rows + 1, |add| {
            for row in 0..model.input.rows {
                model.input.row(row).for_each(|(column, weight)| add(row, columns[column] as usize, weight));
            }
        });
        // One list more than there are symbols: the last one, for symbols without a row, is empty.
        let embedding = model.embedding.as_ref().map(|embedding| {
            SparseLists::new(stored + 1, |add| {
                for row in 0..stored {
                    embedding.row(row).for_each(|(dimension, value)| add(row, dimension, value));
                }
            })
        });
        let lists = match embedding {
            Some(embedding) => PackedInput::Factored { bias, embedding, columns: matrix },
            None => PackedInput::Rows { bias, rows: matrix },
        };
        let storage = match way {
            InputLayout::SparseLists => lists,
            InputLayout::Table => {
                let mut table = AlignedVec::zeros((stored + 1) * width);
                let lists = Self { width, storage: lists };
                (0..=stored).for_each(|row| lists.write(row, &mut table[row * width..][..width]));
                PackedInput::Table(table)
            }
        };
        Self { width, storage }
    }

    /// Number of packed columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All preactivations of a row: a table row if there is a table, otherwise computed in `scratch`.
    #[inline(always)]
    pub fn sums<'a>(&'a self, row: usize, scratch: &'a mut [f32]) -> &'a [f32] {
        if let PackedInput::Table(table) = &self.storage {
            return &table[row * self.width..][..self.width];
        }
        self.write(row, scratch);
        scratch
    }

    fn write(&self, row: usize, sums: &mut [f32]) {
        match &self.storage {
            PackedInput::Table(table) => sums.copy_from_slice(&table[row * self.width..][..self.width]),
            PackedInput::Rows { bias, .. } | PackedInput::Factored { bias, .. } => {
                sums.copy_from_slice(bias);
                self.entries(row, |column, value| sums[column] += value);
            }
        }
    }

    /// Calls `add` with each column and value to add to the biases; not at all for a table.
    #[inline(always)]
    fn entries(&self, row: usize, mut add: impl FnMut(usize, f32)) {
        match &self.storage {
            PackedInput::Table(_) => {}
            PackedInput::Rows { rows, .. } => rows.iter(row).for_each(|(column, value)| add(column, value)),
            PackedInput::Factored { embedding, columns, .. } => {
                for (dimension, factor) in embedding.iter(row) {
                    columns.iter(dimension).for_each(|(column, weight)| add(column, factor * weight));
                }
            }
        }
    }

    /// Sets the preactivations of [`WIDTH`] sequences `[columns, WIDTH]` to those of their rows.
    #[inline(always)]
    pub fn lanes<S: Simd>(&self, simd: S, rows: &[u32; WIDTH], sums: &mut [f32]) {
        match &self.storage {
            PackedInput::Table(table) => {
                for (lane, row) in rows.iter().enumerate() {
                    let row = &table[*row as usize * self.width..][..self.width];
                    let sums = sums.as_chunks_mut::<WIDTH>().0;
                    sums.iter_mut().zip(row).for_each(|(sums, value)| sums[lane] = *value);
                }
            }
            PackedInput::Rows { bias, .. } | PackedInput::Factored { bias, .. } => {
                broadcast_bias(simd, bias, sums);
                let sums = sums.as_chunks_mut::<WIDTH>().0;
                for (lane, row) in rows.iter().enumerate() {
                    self.entries(*row as usize, |column, value| sums[column][lane] += value);
                }
            }
        }
    }
}

/// Maps symbols to rows.
pub(crate) struct Symbols {
    total: u32,
    stored: u32,
    find: Find,
}

enum Find {
    /// Every symbol has a row: identity.
    Itself,
    /// The row of each symbol; `stored` for a symbol without a row.
    Map(Vec<u32>),
    /// Sorted ids of the symbols with a row, for binary search.
    Search(Vec<u32>),
}

impl Symbols {
    pub fn new(symbols: &crate::model::Vocabulary) -> Self {
        let stored = symbols.stored.len();
        let find = if stored == symbols.total as usize {
            Find::Itself
        } else if symbols.total as usize <= 1024 * (stored + 64) {
            let mut rows = vec![stored as u32; symbols.total as usize];
            symbols.stored.iter().enumerate().for_each(|(row, symbol)| rows[*symbol as usize] = row as u32);
            Find::Map(rows)
        } else {
            // A map would be much larger than the model.
            Find::Search(symbols.stored.clone())
        };
        Self { total: symbols.total, stored: stored as u32, find }
    }

    /// The row of a symbol; for a symbol without a row, the extra row after the last one.
    #[inline(always)]
    pub fn row(&self, symbol: u32) -> u32 {
        match &self.find {
            Find::Itself => symbol.min(self.total),
            Find::Map(rows) => rows.get(symbol as usize).copied().unwrap_or(self.stored),
            Find::Search(stored) => stored.binary_search(&symbol).map_or(self.stored, |row| row as u32),
        }
    }
}
