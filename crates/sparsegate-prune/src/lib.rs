//! What survives pruning: masks, counts and the kept structure of a network, from plain host arrays.
//!
//! ```text
//! Posterior --masks--> Masks --counts--> Counts
//!     |                  |
//!     +-------+----------+--structure--> Structure (kept units, kept symbols, constant gates)
//!                        +--compact----> Compact (a small plain network that computes the same)
//! ```
//!
//! | file | idea |
//! |---|---|
//! | `real` | the two element types |
//! | `array` | one quantity: mean and log sigma, and which elements are live |
//! | `posterior` | the quantities of a network, their shapes checked once |
//! | `relevance` | what each layer says of itself: live weights, gates, inputs, units |
//! | `masks` | what is kept once the layers are taken together |
//! | `count` | numbers, the authors' and the exact one |
//! | `structure` | kept units and symbols, values of constant gates, strengths of symbols |
//! | `compact` | factors multiplied in, dropped units and dimensions taken out |
//!
//! Which kinds of gates there are, how many biases and what a dead gate is worth, the cell says. Nothing here knows a
//! tensor library, a file or a random number.

mod array;
mod compact;
mod count;
mod masks;
mod posterior;
mod real;
mod relevance;
mod structure;

pub use array::{Array, LOG_ALPHA_LIMIT};
pub use compact::{Compact, Matrix, compact};
pub use count::counts;
pub use masks::{Masks, masks};
pub use posterior::{Named, Parts, Posterior, ShapeError};
pub use real::Real;
pub use relevance::{EmbeddingRelevance, Relevance, relevance};
pub use structure::structure;

#[cfg(test)]
mod testing;
