//! Networks, written once against [`crate::engine::Ops`].

mod build;
mod init;
mod language_model;
mod noise;
mod training;

pub use build::{BuildError, new_trainee};
pub use language_model::{Forward, LanguageModel, Shape, State};
pub use noise::{NoiseSource, Stream};
pub use training::{LanguageModelTrainee, TraineeOptions};
