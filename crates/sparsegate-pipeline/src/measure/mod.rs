//! Times training steps on synthetic data with a data set's sizes, and the forward pass of trained models.
//!
//! | file | contents |
//! |---|---|
//! | `forward` | forward passes of the compact model and its references, timed in alternation |
//! | `corpus` | the data that the steps of a run are timed on |
//! | `synthetic` | synthetic data: realistic sizes, symbol frequencies and text lengths |
//! | `step` | the protocol for training steps: warm-up, rounds of steps, quantiles |

mod corpus;
pub mod forward;
mod step;
mod synthetic;

pub use corpus::{CorpusError, corpus_for};
pub use step::{MeasureError, Rounds, StepTimes, time_steps};
pub use synthetic::{Lengths, UnknownSizes, synthetic_corpus, synthetic_corpus_sized};
