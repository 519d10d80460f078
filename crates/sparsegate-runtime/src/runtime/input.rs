//! What a symbol adds to the sums.

use alloc::vec;
use alloc::vec::Vec;

use super::floats::Floats;
use super::lists::Lists;
use super::order::WIDTH;
use crate::Model;

/// The packed rows of the symbols, and after the last one that of a symbol without a row. Biases are in it: what comes out is all of the sums but the states' products.
pub(crate) struct Input {
    width: usize,
    storage: Storage,
}

enum Storage {
    /// All columns of each row.
    Table(Floats),
    /// What is not zero of each row, to be added to the biases.
    Rows { bias: Vec<f32>, rows: Lists },
    /// The symbol's vector, and the columns of each of its dimensions.
    Factored { bias: Vec<f32>, embedding: Lists, columns: Lists },
}

/// In which way to store the input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Table,
    /// As the model has it: rows, or vectors and a matrix.
    Lists,
}

impl Input {
    /// Packs the input of a model for `bias.len()` columns, where `columns` says which one each of the model's input columns is.
    pub fn new(model: &Model<f32>, columns: &[u32], bias: Vec<f32>, way: Way) -> Self {
        let (width, stored) = (bias.len(), model.symbols.stored.len());
        let matrix = Lists::new(model.input.rows + 1, |add| {
            for row in 0..model.input.rows {
                model.input.row(row).for_each(|(column, weight)| add(row, columns[column] as usize, weight));
            }
        });
        // One more list than there are symbols: a symbol without a row has nothing in it.
        let embedding = model.embedding.as_ref().map(|embedding| {
            Lists::new(stored + 1, |add| {
                for row in 0..stored {
                    embedding.row(row).for_each(|(dimension, value)| add(row, dimension, value));
                }
            })
        });
        let lists = match embedding {
            Some(embedding) => Storage::Factored { bias, embedding, columns: matrix },
            None => Storage::Rows { bias, rows: matrix },
        };
        let storage = match way {
            Way::Lists => lists,
            Way::Table => {
                let mut table = Floats::zeros((stored + 1) * width);
                let lists = Self { width, storage: lists };
                (0..=stored).for_each(|row| lists.write(row, &mut table[row * width..][..width]));
                Storage::Table(table)
            }
        };
        Self { width, storage }
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All sums of a row, in `scratch` if they are nowhere else.
    #[inline(always)]
    pub fn sums<'a>(&'a self, row: usize, scratch: &'a mut [f32]) -> &'a [f32] {
        if let Storage::Table(table) = &self.storage {
            return &table[row * self.width..][..self.width];
        }
        self.write(row, scratch);
        scratch
    }

    fn write(&self, row: usize, sums: &mut [f32]) {
        match &self.storage {
            Storage::Table(table) => sums.copy_from_slice(&table[row * self.width..][..self.width]),
            Storage::Rows { bias, .. } | Storage::Factored { bias, .. } => {
                sums.copy_from_slice(bias);
                self.entries(row, |column, value| sums[column] += value);
            }
        }
    }

    /// What is to be added to the biases, but for a table.
    #[inline(always)]
    fn entries(&self, row: usize, mut add: impl FnMut(usize, f32)) {
        match &self.storage {
            Storage::Table(_) => {}
            Storage::Rows { rows, .. } => rows.pairs(row).for_each(|(column, value)| add(column, value)),
            Storage::Factored { embedding, columns, .. } => {
                for (dimension, factor) in embedding.pairs(row) {
                    columns.pairs(dimension).for_each(|(column, weight)| add(column, factor * weight));
                }
            }
        }
    }

    /// Sets the sums of [`WIDTH`] sequences, as many numbers for each column, to those of their rows.
    #[inline(always)]
    pub fn lanes(&self, rows: &[u32; WIDTH], sums: &mut [f32]) {
        let sums = sums.as_chunks_mut::<WIDTH>().0;
        match &self.storage {
            Storage::Table(table) => {
                for (lane, row) in rows.iter().enumerate() {
                    let row = &table[*row as usize * self.width..][..self.width];
                    sums.iter_mut().zip(row).for_each(|(sums, value)| sums[lane] = *value);
                }
            }
            Storage::Rows { bias, .. } | Storage::Factored { bias, .. } => {
                sums.iter_mut().zip(bias).for_each(|(sums, bias)| *sums = [*bias; WIDTH]);
                for (lane, row) in rows.iter().enumerate() {
                    self.entries(*row as usize, |column, value| sums[column][lane] += value);
                }
            }
        }
    }
}

/// The row of each symbol.
pub(crate) struct Symbols {
    total: u32,
    stored: u32,
    find: Find,
}

enum Find {
    /// Every symbol has one.
    Itself,
    /// The row of each; `stored` without one.
    Map(Vec<u32>),
    /// The symbols that have one.
    Search(Vec<u32>),
}

impl Symbols {
    pub fn new(symbols: &crate::model::Symbols) -> Self {
        let stored = symbols.stored.len();
        let find = if stored == symbols.total as usize {
            Find::Itself
        } else if symbols.total as usize <= 1024 * (stored + 64) {
            let mut rows = vec![stored as u32; symbols.total as usize];
            symbols.stored.iter().enumerate().for_each(|(row, symbol)| rows[*symbol as usize] = row as u32);
            Find::Map(rows)
        } else {
            // A map would be out of proportion to what the model holds.
            Find::Search(symbols.stored.clone())
        };
        Self { total: symbols.total, stored: stored as u32, find }
    }

    /// The row of a symbol, that after the last one for a symbol that has none.
    #[inline(always)]
    pub fn row(&self, symbol: u32) -> u32 {
        match &self.find {
            Find::Itself => symbol.min(self.total),
            Find::Map(rows) => rows.get(symbol as usize).copied().unwrap_or(self.stored),
            Find::Search(stored) => stored.binary_search(&symbol).map_or(self.stored, |row| row as u32),
        }
    }
}
