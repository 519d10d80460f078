//! How long things take: a training step, at the shapes of a data set and without it, and the forward pass of what training
//! leaves.
//!
//! | file | what it knows |
//! |---|---|
//! | `forward` | compact against dense, in turns |
//! | `made_up` | symbols of the right number, distribution and length, which mean nothing |
//! | `step` | the protocol: warm-up, rounds of steps, quartiles |

pub mod forward;
mod made_up;
mod step;

pub use made_up::{Lengths, UnknownShape, corpus, corpus_of};
pub use step::{MeasureError, Rounds, StepTimes, time_steps};
