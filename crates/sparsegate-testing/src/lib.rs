//! What tests of several crates share; a development dependency of them, never published.
//!
//! | module | contents |
//! |---|---|
//! | [`Project`], [`command_in`], [`Answer`] | a project folder, the program run in it, and what it answers |
//! | `View` | a folder as another host or container sees it (Linux) |
//! | [`wait_for`], [`signal`] | waiting for what a process does, and signals to it |
//! | [`manifests`] | data sets of the synthetic language and of synthetic texts, and the files of others |
//! | [`every_cell`] | two small tasks with every cell, dense and sparsified |
//! | [`tables`] | labelled texts as rows of a table, and `new task` for them |
//! | [`formulas`] | cells of the compact runtime with a formula |
//! | [`language_models`], [`classifiers`], [`stored`] | run folders with synthetic numbers, and the stored runs of a project (feature `runs`) |
//! | [`networks`] | small networks, matrices and the cell of `docs/new-cell.md` (feature `networks`) |
//!
//! A unit test cannot use types of its own crate through this one, because `cargo test` compiles the crate a second
//! time for its unit tests. Integration tests can.

#![allow(clippy::missing_panics_doc, reason = "a fixture that cannot be made fails the test")]
#![allow(clippy::new_without_default, reason = "an empty project is a folder on the disk, not a default value")]

#[cfg(feature = "runs")]
pub mod classifiers;
pub mod every_cell;
pub mod formulas;
#[cfg(feature = "runs")]
pub mod language_models;
pub mod manifests;
#[cfg(feature = "networks")]
pub mod networks;
mod program;
mod project;
#[cfg(feature = "runs")]
pub mod stored;
pub mod tables;
#[cfg(target_os = "linux")]
mod view;
mod waiting;

pub use program::{Answer, command_in};
pub use project::Project;
#[cfg(target_os = "linux")]
pub use view::View;
pub use waiting::{LIMIT, signal, signal_if_running, wait_for};
