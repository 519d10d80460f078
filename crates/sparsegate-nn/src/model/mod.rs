//! Networks, written once against [`crate::engine::Ops`].
//!
//! | file | idea |
//! |---|---|
//! | `recurrent` | the recurrent layer, for any cell |
//! | `embedding` | vectors of symbols |
//! | `dense` | the output layer |
//! | `language_model` | recurrent layer on symbols, outputs at every step |
//! | `classifier` | recurrent layer on an embedding, outputs after the last step |
//! | `masked` | the network of a run that is done, pruned, to run and to time |
//! | `network` | what both have in common: quantities by name, a pass, a loss |
//! | `trainee` | a network with its optimiser |
//! | `init` | initial values |
//! | `noise`, `symbols`, `host`, `posterior` | noise streams, ids, tensors on the host, numbers for counting |

mod classifier;
mod dense;
mod embedding;
mod gradients;
mod host;
mod init;
mod language_model;
mod masked;
mod network;
mod noise;
mod posterior;
mod recurrent;
mod reports;
mod symbols;
mod trainee;

pub use classifier::{Classifier, Sizes};
pub use dense::Dense;
pub use embedding::Embedding;
pub use init::Initial;
pub use language_model::LanguageModel;
pub use masked::Masked;
pub use network::{Forward, Network, Quantity, QuantityKind};
pub use noise::{NoiseSource, Stream};
pub use recurrent::{Inputs, Recurrent, Units};
pub use trainee::{NetworkTrainee, TraineeOptions};
