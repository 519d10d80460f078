//! Trains the runs of a sweep.
//!
//! | module | content |
//! |---|---|
//! | [`build`] | from a run's spec to a network ready for its first step |
//! | [`train`] | the loop: epochs, evaluation, checkpoints, divergence, interruption |
//! | [`exec`] | one process a run, how many at a time |
//! | [`measure`] | the time of a training step and of a forward pass |

pub mod build;
pub mod exec;
pub mod measure;
pub mod train;

// The example of the README is a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
