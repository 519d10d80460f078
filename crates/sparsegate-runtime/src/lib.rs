//! Runs the small network that is left of a sparsified recurrent one: without its dead symbols, dimensions, units and
//! weights, and with its constant gates folded into numbers.
//!
//! ```text
//! file --format--> Model --plain--> the definition, one number after another, f32 or f64
//!                    |
//!                    +-----pack---> Runtime --> fast: packed matrices, vector units, threads, f32
//! ```
//!
//! | module | idea |
//! |---|---|
//! | [`cell`] | the cells: kinds of columns, which of them read the input and which the state, activations |
//! | [`matrix`] | a matrix, dense or sparse, as it is stored |
//! | [`model`] | a network as plain data, checked once |
//! | [`plain`] | what a model computes, as short as it can be said; everything else is held against it |
//! | [`format`](mod@format) | the file: safetensors, versioned, every length and index checked |
//! | [`made_up`] | random models of a given structure, for tests and measurements |
//! | [`runtime`] | the same, fast |
//! | [`real`] | the two number types |
//!
//! Without the feature `std` the crate needs `alloc` alone.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod cell;
pub mod format;
pub mod made_up;
pub mod matrix;
pub mod model;
pub mod plain;
pub mod real;
pub mod runtime;

pub use cell::{Activation, Cell};
pub use matrix::Matrix;
pub use model::Model;
pub use real::Real;
pub use runtime::Runtime;
