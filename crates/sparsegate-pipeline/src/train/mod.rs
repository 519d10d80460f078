//! Training: the loop, its events, checkpoints and exact resume.
//!
//! [`train`] takes a run folder, a spec, a corpus and a [`Trainer`](sparsegate_core::trainer::Trainer) and stores
//! metrics and a trained model. The bytes of `metrics.jsonl`, `structure.json` and `model.safetensors` depend on
//! nothing else: a run that was stopped or killed any number of times leaves the same bytes as an uninterrupted one.

mod baseline;
mod best_epoch;
mod checkpointing;
mod collapse;
mod error;
mod event;
mod run_data;
mod training;
mod vocabulary;

pub use baseline::baseline;
pub(crate) use checkpointing::checkpoint_requests;
pub use checkpointing::{CheckpointIntervals, request_checkpoint};
pub use error::TrainError;
pub use event::TrainEvent;
pub use run_data::{EpochBatches, RunData};
pub use training::{train, train_on};
