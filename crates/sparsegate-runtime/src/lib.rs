//! Inference for compact recurrent networks: what pruning leaves of a sparsified network. Pruned symbols, embedding
//! dimensions, units and weights are removed, and a constant gate is stored as its bias alone.
//!
//! ```text
//! file --format--> Model --reference--> reference implementation: scalar code, f32 or f64
//!                    |
//!                    +-----pack---> Runtime --> optimised: packed matrices, SIMD, threads, f32
//! ```
//!
//! | module | content |
//! |---|---|
//! | [`cell`] | the cells: kinds of preactivations, which of them read the input and which the state, activations |
//! | [`formula`] | the step of any other cell, as a list of operations |
//! | [`matrix`] | a dense or CSR matrix |
//! | [`model`] | a network as plain data, validated once |
//! | [`int8`] | weights as 8-bit integers, and products in integers |
//! | [`mod@reference`] | reference implementation of the forward pass; the other implementations are tested against it |
//! | [`format`](mod@format) | the file format: safetensors, versioned, every length and index checked |
//! | [`synthetic`] | random models of a given structure, for tests and benchmarks |
//! | [`runtime`] | optimised implementation |
//! | [`float`] | the two number types |
//!
//! Without the feature `std` the crate needs only `alloc`.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod cell;
pub mod float;
pub mod format;
pub mod formula;
pub mod int8;
pub mod matrix;
pub mod model;
pub mod reference;
pub mod runtime;
pub mod synthetic;

pub use cell::{Activation, Cell, CellKind};
pub use float::Float;
pub use formula::CellFormula;
pub use int8::Int8;
pub use matrix::Matrix;
pub use model::Model;
pub use runtime::Runtime;

// The example of the README is a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
