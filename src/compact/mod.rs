//! The compact model of a run: what pruning left, as a file that runs alone.
//!
//! ```text
//! model.safetensors --compress--> Compact --extract--> Model + Details --> compact.safetensors
//! ```
//!
//! | file | idea |
//! |---|---|
//! | `details` | words, classes and reading rules that go with the numbers |

mod details;

pub use details::{DETAILS_FORMAT, Details, Origin, WordsOf};
