//! Variational recurrent layers on [Burn](burn): weights, groups, kernels, networks and their training step.
//!
//! | module | content |
//! |---|---|
//! | [`variational`] | a variational parameter: mean, log sigma, log alpha, KL divergence, groups |
//! | [`cells`] | a time step of any cell on tensors |
//! | [`engine`] | the custom ops behind one trait: composed Burn ops, and fused kernels for each backend |
//! | [`model`] | recurrent layer, embedding, output layer, language model, classifier, initial values, the trainer |
//! | [`module`] | the layers as Burn modules, for training loops of other programs |
//! | [`baselines`] | magnitude pruning and group lasso |
//!
//! Nothing here reads data or run folders, or knows YAML.

pub mod baselines;
pub mod cells;
pub mod engine;
pub mod model;
pub mod module;
pub mod variational;

// The example of the README is a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
