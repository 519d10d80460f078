//! Pruning: masks, counts and structure of a network, computed from plain host arrays.
//!
//! ```text
//! Posterior --masks--> Masks --counts--> Counts
//!     |                  |
//!     +-------+----------+--structure--> Structure (kept units, kept symbols, constant gates)
//!                        +--compact----> Compact (a small deterministic network that computes the same)
//! ```
//!
//! | file | contents |
//! |---|---|
//! | `real` | the two element types |
//! | `array` | one array: mean and log sigma, and which elements are live |
//! | `posterior` | the arrays of a network, with checked shapes |
//! | `relevance` | live weights, gates, inputs and units of each layer by itself |
//! | `masks` | what is kept, considering all layers together |
//! | `count` | counts and compression, the authors' and the exact one |
//! | `structure` | kept units and symbols, values of constant gates, strengths of symbols |
//! | `compact` | group factors multiplied in, dropped units and dimensions removed |
//!
//! The kinds of gates, the number of biases and the value of a dead gate come from the cell. Nothing here depends on a
//! tensor library, a file or a random number.

mod array;
mod compact;
mod count;
mod element;
mod masks;
mod posterior;
mod relevance;
mod structure;

pub use array::{Array, LOG_ALPHA_LIMIT};
pub use compact::{Compact, Matrix, compact};
pub use count::counts;
pub use element::Element;
pub use masks::{Masks, masks};
pub use posterior::{Named, Parts, Posterior, ShapeError};
pub use relevance::{EmbeddingRelevance, Relevance, relevance};
pub use structure::structure;

#[cfg(test)]
mod testing;
