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
//! | `evaluate` | likelihood and accuracy, as training measures them |
//! | `extract` | parts that no output depends on go, sums that nothing reaches become constants |
//! | `of_run` | the file of a run that is done |
//! | `stored` | writes it into the run's folder |
//! | `loaded`, `text` | a file, ready for texts; a text as symbols that know their names |
//! | `engine` | runs the model over one sequence |
//! | `prediction` | the class of a text; the next words, and how well a text was foreseen |
//! | `explanation` | the words that count |
//! | `sampling`, `generation`, `spelling` | new text: the next symbol, all of them, and how they are written |

mod details;
mod engine;
mod evaluate;
mod explanation;
mod extract;
mod generation;
mod loaded;
mod of_run;
mod prediction;
mod sampling;
mod spelling;
mod stored;
mod text;

pub use details::{DETAILS_FORMAT, Details, Origin, WordsOf};
pub use engine::{Engine, NotFinite};
pub use evaluate::evaluate;
pub use explanation::{Effect, Explanation, explain};
pub use extract::{UnknownCell, extract};
pub use generation::Generation;
pub use loaded::{DetailsError, Loaded};
pub use of_run::{CompactError, of_run};
pub use prediction::{Classification, Continuation, classify, go_on};
pub use sampling::Sampler;
pub use stored::{MakeError, make, make_with};
