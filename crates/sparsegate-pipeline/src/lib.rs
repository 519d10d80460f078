//! Trains the runs of a sweep.
//!
//! | module | content |
//! |---|---|
//! | [`sweep`] | from experiment files to trained runs: plan, status, data, run folders |
//! | [`exec`] | executes runs: each in its own process, or in this one |
//! | [`train_run`](mod@train_run) | one run in this process: data, network, training, compact model |
//! | [`build`] | from a run's spec to a network ready for its first step |
//! | [`start_from`] | a network that starts from a trained dense one |
//! | [`train`] | the loop: epochs, evaluation, checkpoints, divergence, interruption |
//! | [`measure`] | the time of a training step and of a forward pass |

pub mod build;
pub mod exec;
pub mod measure;
pub mod start_from;
pub mod sweep;
pub mod train;
pub mod train_run;

// The example of the README is a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
