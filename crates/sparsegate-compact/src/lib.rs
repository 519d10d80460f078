//! The compact model of a run: what survives pruning, as a self-contained file.
//!
//! ```text
//! model.safetensors --prune--> ReducedNetwork --extract--> Model + Details --> compact.safetensors
//! compact.safetensors --loaded--> Encoder, Session --> classes, explanations, next words, new text
//! ```
//!
//! | file | contents |
//! |---|---|
//! | `details` | words, classes and reading rules stored with the weights |
//! | `evaluate` | likelihood and accuracy on a data set |
//! | `extract` | removes what has no influence on an output; turns sums without weights into constants |
//! | `cell_formula` | the step of a cell that the runtime has no code for, as the file stores it |
//! | `build` | makes the compact file of a finished run |
//! | `write` | writes it into the run's folder |
//! | `find` | the file of a run that is named by folder, key or settings |
//! | `loaded`, `text` | a file that is ready to process texts; a text as symbols with their names |
//! | `session` | runs the model over one sequence |
//! | `constant` | whether the answers depend on what the model reads |
//! | `prediction` | the class of a text; the next words, and the likelihood of a text |
//! | `explanation` | the effect of each word on a prediction |
//! | `sampling`, `generation`, `spelling` | generated text: one symbol, all of them, writing them as text |

mod build;
mod cell_formula;
mod class_results;
mod constant;
mod details;
mod evaluate;
mod explanation;
mod extract;
mod find;
mod generation;
mod loaded;
mod prediction;
mod sampling;
mod session;
mod spelling;
mod text;
mod write;

pub use build::{CompactError, build_file};
pub use cell_formula::{UnsupportedCell, sum_names};
pub use class_results::{ClassError, class_results, words_by_class};
pub use constant::constant_answer;
pub use details::{DETAILS_FORMAT, Details, ModelOrigin, WordsOf};
pub use evaluate::evaluate;
pub use explanation::{Effect, Explanation, explain};
pub use extract::{extract, extract_with_formula};
pub use find::{FindModelError, FoundModel, find_model, model_of};
pub use generation::Generation;
pub use loaded::{CompactModel, DetailsError};
pub use prediction::{Classification, NextWords, classify, predict_next};
pub use sampling::Sampler;
pub use session::{NotFinite, Session, check_outputs};
pub use write::{WriteCompactError, write_compact, write_compact_with};

// The example of the README is a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
