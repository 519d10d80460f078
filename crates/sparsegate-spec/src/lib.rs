//! Experiment and dataset YAML: parsing, error positions, and the expansion of sweeps into runs.
//!
//! [`load`] is the entry point. This crate knows files and YAML but not training; the rest of the program works on
//! [`types::RunSpec`], in which all defaults are filled in.
//!
//! A file is parsed into a tree that keeps the order of keys (`node`). The sweep is expanded into points (`sweep`),
//! and each point is applied to the base document, which a task (`task`) may bring along, to give a run (`resolve`). An
//! error carries a path (`diagnostic`), which is turned into line and column before it is shown (`locate`).

pub mod cell_name;
mod de;
mod diagnostic;
mod error;
mod expect;
mod experiment;
mod file;
mod filter;
mod hashes;
mod keys;
mod load_all;
mod locate;
mod node;
mod overrides;
mod paths;
mod presets;
mod resolve;
mod suggest;
mod sweep;
mod task;
mod tolerance;
mod training;
pub mod types;
mod validate;
pub mod varying;
pub mod yaml;

pub use error::{SourcePosition, SpecError};
pub use expect::metrics;
pub use experiment::{Experiment, from_text, load};
pub use file::{PublishedResults, PublishedSource, schema};
pub use filter::{label, matches, matching};
pub use hashes::Hashes;
pub use load_all::{load_all, load_all_in};
pub use presets::Preset;
pub use suggest::nearest;
pub use task::{Task, task_schema};
pub use varying::VaryingKeys;

// The example of the README is a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
