//! Networks, written once against the ops of [`crate::engine::Ops`].
//!
//! | file | contents |
//! |---|---|
//! | `recurrent` | the recurrent layer, for any cell |
//! | `embedding` | the embedding of symbols |
//! | `dense` | the output layer |
//! | `language_model` | recurrent layer on symbols, outputs at every step |
//! | `classifier` | recurrent layer on an embedding, outputs after the last step |
//! | `masked` | the pruned network of a finished run at full size, to evaluate and time |
//! | `network` | what both networks share: parameters by name, forward pass, loss |
//! | `trainer` | a network with its optimiser |
//! | `evaluate` | evaluation of the pruned network |
//! | `live` | the parts of a network that are still trained, with `train.drop_dead` |
//! | `gradients`, `metrics` | gradients and Adam update of a step; its metrics, read asynchronously |
//! | `init` | initial values of a network |
//! | `class_tally` | correct and distinct predictions of an evaluation |
//! | `noise`, `symbols`, `host`, `posterior` | noise streams, symbol ids, host tensors, arrays for pruning |

mod class_tally;
mod classifier;
mod dense;
mod embedding;
mod evaluate;
mod gradients;
mod host;
mod init;
mod language_model;
mod live;
mod masked;
mod metrics;
mod network;
mod noise;
mod posterior;
mod recurrent;
mod symbols;
mod trainer;

pub use classifier::{Classifier, ClassifierSizes};
pub use dense::OutputLayer;
pub use embedding::Embedding;
pub use init::Initializer;
pub use language_model::LanguageModel;
pub use masked::MaskedNetwork;
pub(crate) use network::last_rows;
pub use network::{Forward, Network, Parameter, ParameterKind};
pub use noise::{NoiseSource, NoiseStream};
pub use posterior::counts;
pub use recurrent::{InputKind, RecurrentConfig, RecurrentLayer};
pub use trainer::{NetworkTrainer, TrainerOptions};
