//! The compact model of a run: what pruning left, as a file that runs alone.
//!
//! ```text
//! model.safetensors --compress--> Compact --extract--> Model + Details --> compact.safetensors
//! ```
//!
//! | file | idea |
//! |---|---|
//! | `details` | words, classes and reading rules that go with the numbers |
//! | `evaluate` | likelihood and accuracy, as training measures them |
//! | `extract` | parts that no output depends on go, sums that nothing reaches become constants |
//! | `of_run` | the file of a run that is done |
//! | `stored` | writes it into the run's folder |

mod details;
mod evaluate;
mod extract;
mod of_run;
mod stored;

pub use details::{DETAILS_FORMAT, Details, Origin, WordsOf};
pub use evaluate::evaluate;
pub use extract::{UnknownCell, extract};
pub use of_run::{CompactError, of_run};
pub use stored::{MakeError, make, make_with};
