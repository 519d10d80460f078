//! The file format of a compact model: one safetensors file, which any safetensors tool can inspect.
//!
//! The header's metadata has two entries. `sparsegate-compact` is JSON:
//!
//! | field | meaning |
//! |---|---|
//! | `format` | version of this format: 1 for a built-in cell, 2 for a cell with a formula, 3 for 8-bit weights |
//! | `cell`, `activation` | as in specs: `lstm`, `gru`, `gru-zhstate`, `rnn` or another cell's name; `sigmoid`, `hard-sigmoid` |
//! | `formula` | the step of a cell that is not built in: the fields of [`crate::CellFormula`] |
//! | `task` | `language-model` or `classification` |
//! | `symbols` | number of ids in the vocabulary |
//! | `dimensions` | E', surviving dimensions of the embedding; absent without one |
//! | `units`, `outputs` | H', O |
//! | `int8` | for 8-bit weights: `recurrent` and `output`, whether their products are computed in integers |
//! | `live` | number of non-constant preactivations of each kind, by kind |
//! | `original` | sizes before pruning: `symbols`, `dimensions` (0 without an embedding), `units`, `outputs` |
//!
//! `details` is arbitrary JSON that the writer stores with the model, such as its words; it is not interpreted here.
//!
//! | tensor | shape | |
//! |---|---|---|
//! | `symbols` | `[V']` | sorted ids that have a row; absent if all have one |
//! | `columns` | `[C]` | units of the non-constant preactivations, sorted within a kind, ordered by kind |
//! | `embedding` | `[V', E']` | a matrix, absent without an embedding |
//! | `input` | `[E' or V', input columns]` | a matrix |
//! | `recurrent` | `[H', state columns]` | a matrix |
//! | `bias` | `[kinds, H']` | f32 |
//! | `state_factor` | `[H']` | f32, only if the cell has such factors and its units too |
//! | `output` | `[O, H']` | a matrix |
//! | `output_bias` | `[O]` | f32 |
//!
//! A matrix NAME is stored either dense, as one f32 tensor of that name, or as its non-zero values, row by row:
//! `NAME.counts` (number of values in each row), `NAME.places` (their column indices, increasing within a row) and
//! `NAME.values` (f32). The writer chooses the smaller of the two. Integers are stored as u8, u16 or u32, the narrowest
//! type that holds all of them.
//!
//! With 8-bit weights (version 3, module [`crate::int8`]), a matrix that has a tensor `NAME.scales` (f32, one for each
//! row, or for each column of the recurrent matrix) has integers as values (i8, from -127 to 127). There is a third way
//! to store it, smaller for most densities: `NAME.mask` (u8, one bit for each element, row-major, the lowest bit first)
//! marks the elements that are in `NAME.values`.
//!
//! A reader refuses a version newer than its own. The version is raised by any change that an older reader would
//! misread.

mod error;
mod header;
mod integers;
mod mask;
mod read;
mod write;

use alloc::string::String;
use alloc::vec::Vec;

pub use error::FormatError;

use crate::Model;

/// Newest version of the format: that of 8-bit weights.
pub const FORMAT: u32 = 3;

/// First version with 8-bit weights.
const INT8_FORMAT: u32 = 3;

/// Version that is written for a cell with a formula.
const FORMULA_FORMAT: u32 = 2;

/// Version that is written for a built-in cell, so that older programs can read the file.
const BUILT_IN_FORMAT: u32 = 1;

/// Metadata entries of the safetensors header.
const HEADER: &str = "sparsegate-compact";
const DETAILS: &str = "details";

/// Content of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// The validated network.
    pub model: Model<f32>,
    /// JSON that the writer stored with the model.
    pub details: String,
}

impl File {
    /// Reads a file's bytes. Every length, index and value is checked, so the model can be run safely.
    ///
    /// # Errors
    /// What is wrong with the bytes, and in which part.
    pub fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        read::read(bytes)
    }

    /// The file's bytes; equal models and details give equal bytes.
    ///
    /// # Errors
    /// An inconsistent model, which could not be read back.
    pub fn write(&self) -> Result<Vec<u8>, FormatError> {
        write::write(self)
    }
}
