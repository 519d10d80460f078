//! The file of a compact model: one safetensors file, so that any tool of that format can look into it.
//!
//! The header's metadata has two entries. `sparsegate-compact` is JSON:
//!
//! | field | meaning |
//! |---|---|
//! | `format` | version of this description, [`FORMAT`] |
//! | `cell`, `activation` | as in specs: `lstm`, `gru`, `gru-zhstate`, `rnn`; `sigmoid`, `hard-sigmoid` |
//! | `task` | `language-model` or `classification` |
//! | `symbols` | how many ids there are |
//! | `dimensions` | E', of the embedding that is left; absent without one |
//! | `units`, `outputs` | H', O |
//! | `live` | how many sums of each kind still move, in the order of [`crate::Cell::kinds`] |
//! | `original` | sizes of the network that this one was taken from: `symbols`, `dimensions` (0 without an embedding), `units`, `outputs` |
//!
//! `details` is whatever JSON the writer wants to be with the model, such as its words; nothing here reads it.
//!
//! | tensor | shape | |
//! |---|---|---|
//! | `symbols` | `[V']` | ids that have a row, rising; absent if all have |
//! | `columns` | `[C]` | units whose sums move, rising within a kind, kind after kind |
//! | `embedding` | `[V', E']` | a matrix, absent without an embedding |
//! | `input` | `[E' or V', input columns]` | a matrix |
//! | `recurrent` | `[H', state columns]` | a matrix |
//! | `bias` | `[kinds, H']` | f32 |
//! | `state_factor` | `[H']` | f32, of `gru-zhstate` alone, if its units have factors |
//! | `output` | `[O, H']` | a matrix |
//! | `output_bias` | `[O]` | f32 |
//!
//! A matrix NAME is either one f32 tensor of that name, or what is not zero of it, row after row: `NAME.counts` (how many in
//! each row), `NAME.places` (their columns, rising within a row) and `NAME.values` (f32). The writer takes what is
//! smaller. Integers are u8, u16 or u32, the narrowest that holds them.
//!
//! A reader refuses a version above its own. What is raised when: any change that an older reader would misread.

mod error;
mod header;
mod integers;
mod read;
mod write;

use alloc::string::String;
use alloc::vec::Vec;

pub use error::FormatError;

use crate::Model;

/// Version of the format that is written, and the newest that is read.
pub const FORMAT: u32 = 1;

/// Metadata entries of the safetensors header.
const HEADER: &str = "sparsegate-compact";
const DETAILS: &str = "details";

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// The network, checked.
    pub model: Model<f32>,
    /// JSON that the writer put beside it.
    pub details: String,
}

impl File {
    /// Reads a file's bytes. Every length, place and number is checked: what comes out is safe to run.
    ///
    /// # Errors
    /// What is wrong with the bytes, and where.
    pub fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        read::read(bytes)
    }

    /// The file's bytes, the same for the same model and details.
    ///
    /// # Errors
    /// A model that does not hold together, which could not be read back.
    pub fn write(&self) -> Result<Vec<u8>, FormatError> {
        write::write(self)
    }
}
