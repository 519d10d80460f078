//! Experiment and dataset YAML: what a file may say, where a mistake is, and which runs a sweep stands for.
//!
//! [`load`] is the way in. It knows files and YAML and nothing of training; everything after it works on
//! [`types::RunSpec`], in which every default is filled in.

mod error;
mod experiment;
pub mod types;
pub mod yaml;

pub use error::SpecError;
pub use experiment::{AuthorsFigures, Experiment, Source, load};
