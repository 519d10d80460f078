//! Experiment and dataset YAML: what a file may say, where a mistake is, and which runs a sweep stands for.
//!
//! [`load`] is the way in. It knows files and YAML and nothing of training; everything after it works on
//! [`types::RunSpec`], in which every default is filled in.
//!
//! A file becomes a tree that keeps the order of keys (`node`), the sweep becomes points (`sweep`), each point laid
//! over the base document becomes a run (`experiment`). A mistake carries a path (`mistake`) until the edge, where
//! the path becomes line and column (`locate`).

pub mod cell;
mod de;
mod error;
mod expect;
mod experiment;
mod file;
mod filter;
mod hashes;
mod keys;
mod locate;
mod mistake;
mod node;
mod overrides;
mod presets;
mod suggest;
mod sweep;
mod together;
mod tolerance;
pub mod types;
mod validate;
pub mod yaml;

pub use error::{Place, SpecError};
pub use expect::metrics;
pub use experiment::{Experiment, from_text, load};
pub use file::{AuthorsFigures, Source, schema};
pub use filter::{label, matches, matching};
pub use hashes::Hashes;
pub use suggest::nearest;
pub use together::load_all;
