//! The vocabulary that the crates of sparsegate share: cells, sparsity levels, mini-batches, what survives pruning.
//!
//! Plain data and descriptions. Nothing here knows a tensor library, a file format or a command line.
//!
//! | module | content |
//! |---|---|
//! | [`cells`] | the recurrent cells: preactivations, biases, states and the formula of a step |
//! | [`formula`] | expressions over one time step, evaluated by whoever computes: on tensors, on numbers, as a graph |
//! | `sparsity`, `network`, `adam`, `drop_dead`, `backend` | values that specs and layers both name |
//! | `batch` | mini-batches of symbol ids, and what hands them out |
//! | `counts`, `structure` | what survives pruning |
//! | [`schedule`] | learning rate and KL weight of each step |
//! | `trainer` | the interface between the training loop and a network |

mod adam;
mod backend;
mod batch;
pub mod cells;
mod counts;
mod drop_dead;
mod evaluation;
pub mod formula;
mod metric;
mod network;
pub mod schedule;
mod sparsity;
mod structure;
pub mod trainer;

pub use adam::Adam;
pub use backend::{Backend, UnknownBackend};
pub use batch::{Batch, BatchSource};
pub use counts::{Counts, GateCount, KeptCount};
pub use drop_dead::DropDead;
pub use evaluation::Evaluation;
pub use metric::{EvaluationMetric, UnknownMetric, metric_or_empty};
pub use network::{GateActivation, Init, ModelKind, OutputNoise};
pub use schedule::{RateCurve, Schedule};
pub use sparsity::{GroupLasso, LOG_ALPHA_LIMIT, Magnitude, Prior, Sparsity};
pub use structure::{FORMAT, GateKind, GateRole, Structure, UnitGates};

// The example of the README is a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
