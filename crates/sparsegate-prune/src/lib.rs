//! Pruning: masks, counts and structure of a network, computed from plain host arrays.
//!
//! ```text
//! Posterior --masks--> Masks --counts--> Counts
//!     |                  |
//!     +-------+----------+--structure--> Structure (kept units, kept symbols, constant gates)
//!                        +--reduce-----> ReducedNetwork (a small deterministic network that computes the same)
//! ```
//!
//! | file | contents |
//! |---|---|
//! | `element` | the two element types |
//! | `matrix` | one array: mean and log sigma, and which elements are live |
//! | `posterior` | the arrays of a network, with checked shapes |
//! | `layer_masks` | live weights, gates, inputs and units of each layer by itself |
//! | `masks` | what is kept, considering all layers together |
//! | `count` | counts and compression, the authors' and the exact one |
//! | `structure` | kept units and symbols, values of constant gates, strengths of symbols |
//! | `reduce` | group factors multiplied in, dropped units and dimensions removed |
//!
//! The kinds of gates, the number of biases and the value of a dead gate come from the cell. Nothing here depends on a
//! tensor library, a file or a random number.

mod count;
mod element;
mod layer_masks;
mod masks;
mod matrix;
mod posterior;
mod reduce;
mod structure;

pub use count::counts;
pub use element::Element;
pub use layer_masks::{EmbeddingMasks, LayerMasks, layer_masks};
pub use masks::{Masks, masks};
pub use matrix::PosteriorMatrix;
pub use posterior::{NetworkArrays, Posterior, ShapeError, TensorView};
pub use reduce::{DenseMatrix, ReducedNetwork, reduce};
pub use structure::structure;

#[cfg(test)]
mod testing;

// The example of the README is a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
