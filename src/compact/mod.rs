//! The compact model of a run: what pruning left, as a file that runs alone.
//!
//! ```text
//! model.safetensors --compress--> Compact --extract--> Model + Details --> compact.safetensors
//! compact.safetensors --loaded--> Encoder, Engine --> classes, explanations, next words, new text
//! ```
//!
//! | file | idea |
//! |---|---|
//! | `details` | words, classes and reading rules that go with the numbers |
//! | `loaded`, `text` | a file, ready for texts; a text as symbols that know their names |
//! | `engine` | runs the model over one sequence |
//! | `prediction` | the class of a text; the next words, and how well a text was foreseen |
//! | `explanation` | the words that count |
//! | `sampling`, `generation`, `spelling` | new text: the next symbol, all of them, and how they are written |

mod details;
mod engine;
mod explanation;
mod generation;
mod loaded;
mod prediction;
mod sampling;
mod spelling;
mod text;

pub use details::{DETAILS_FORMAT, Details, Origin, WordsOf};
pub use engine::{Engine, NotFinite};
pub use explanation::{Effect, Explanation, explain};
pub use generation::Generation;
pub use loaded::{LoadError, Loaded};
pub use prediction::{Classification, Continuation, classify, go_on};
pub use sampling::Sampler;
