//! How long a training step takes, at the shapes of a data set and without it.
//!
//! | file | what it knows |
//! |---|---|
//! | `made_up` | symbols of the right number, distribution and length, which mean nothing |
//! | `step` | the protocol: warm-up, rounds of steps, quartiles |

mod made_up;
mod step;

pub use made_up::{Lengths, UnknownShape, corpus, corpus_of};
pub use step::{MeasureError, Rounds, StepTimes, time_steps};
