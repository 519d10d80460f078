//! Times training steps on synthetic data with a data set's sizes, and the forward pass of trained models.
//!
//! | file | contents |
//! |---|---|
//! | `forward` | forward passes of the compact model and its references, timed in alternation |
//! | `synthetic` | synthetic data: realistic sizes, symbol frequencies and text lengths |
//! | `step` | the protocol for training steps: warm-up, rounds of steps, quantiles |

pub mod forward;
mod step;
mod synthetic;

pub use step::{MeasureError, Rounds, StepTimes, time_steps};
pub use synthetic::{Lengths, UnknownSizes, synthetic_corpus, synthetic_corpus_sized};
