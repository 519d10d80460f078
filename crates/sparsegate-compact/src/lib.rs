//! The compact model of a run: what survives pruning, as a self-contained file.
//!
//! ```text
//! model.safetensors --compress--> Compact --extract--> Model + Details --> compact.safetensors
//! compact.safetensors --loaded--> Encoder, Engine --> classes, explanations, next words, new text
//! ```
//!
//! | file | contents |
//! |---|---|
//! | `details` | words, classes and reading rules stored with the weights |
//! | `evaluate` | likelihood and accuracy on a data set |
//! | `extract` | removes what has no influence on an output; turns sums without weights into constants |
//! | `of_run` | makes the compact file of a finished run |
//! | `stored` | writes it into the run's folder |
//! | `loaded`, `text` | a file that is ready to process texts; a text as symbols with their names |
//! | `engine` | runs the model over one sequence |
//! | `prediction` | the class of a text; the next words, and the likelihood of a text |
//! | `explanation` | the effect of each word on a prediction |
//! | `sampling`, `generation`, `spelling` | generated text: one symbol, all of them, writing them as text |

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
