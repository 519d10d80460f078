//! Training: the loop, its events, checkpoints and exact resume.
//!
//! [`train`] takes a run folder, a spec, a corpus and a [`Trainer`](sparsegate_core::trainer::Trainer) and stores
//! metrics and a trained model. A run that was stopped or killed any number of times leaves the same bytes in
//! `metrics.jsonl`, `structure.json` and `model.safetensors` as an uninterrupted one, on the same backend. Which
//! backends also need the same number of threads is in `docs/backends.md`.

mod baseline;
mod best_epoch;
mod checkpointing;
mod collapse;
mod error;
mod event;
mod run_data;
mod training;
mod usage;
mod vocabulary;

pub use baseline::baseline;
pub(crate) use checkpointing::checkpoint_requests;
pub use checkpointing::{CheckpointIntervals, request_checkpoint};
pub use error::TrainError;
pub use event::TrainEvent;
pub use run_data::{EpochBatches, RunData};
pub use training::{train, train_on};
