//! Training: the loop, its events, checkpoints and exact resume.
//!
//! [`train`] turns a run folder, a spec, a corpus and a [`Trainee`](sparsegate_core::trainee::Trainee) into stored metrics and a trained model. What
//! it writes to `metrics.jsonl`, `structure.json` and `model.safetensors` depends on nothing but these: a run that was
//! stopped or killed any number of times leaves the same bytes as one that never was.

mod error;
mod event;
mod pace;
mod passes;
mod training;

pub use error::TrainError;
pub use event::Event;
pub use pace::Pace;
pub use passes::{Epochs, Passes};
pub use training::{train, train_passes};
