//! Reproduce *Bayesian Sparsification of Gated Recurrent Neural Networks* (arXiv 1812.05692) from
//! declarative specs.
//!
//! The data flow, one module per stage; each stage reads what the previous stage stored:
//!
//! ```text
//! experiments/*.yaml --spec--> Experiment --plan--> RunSpec + key
//! datasets/*.yaml    --data--> Corpus -> batches --+
//! RunSpec ----------------------------------> train (model, bayes, engine) -> store: run folder
//! run folder --report--> tables and figures
//! ```
//!
//! | module | contents |
//! |---|---|
//! | [`cli`] | commands and their output |
//! | [`spec`] | experiment and dataset YAML, presets, overrides, sweep algebra, schema |
//! | [`plan`] | the runs of a sweep, their keys, which are done, new or stale, and why |
//! | [`data`] | manifests, download, checksums, readers, the generated languages, batching |
//! | [`bayes`] | variational weights: mean and log sigma, log alpha, KL divergence, group variables |
//! | [`baselines`] | pruning baselines without noise, for comparison with the Bayesian method |
//! | [`cells`] | the recurrent cells: preactivations, states, a step, constants |
//! | [`model`] | embedding, recurrent and output layer, language model, classifier, initialisation |
//! | [`engine`] | the custom ops behind one trait: composed of Burn ops, and fast kernels for some backends |
//! | [`train`] | the training loop, metrics, checkpoints |
//! | [`compact`] | the compact model of a run, as a self-contained file |
//! | [`compress`] | masks and counting |
//! | [`export`] | a compact model for other programs: ONNX, tensors with PyTorch's names |
//! | [`measure`] | the time of training steps, on synthetic data, and of forward passes |
//! | [`store`] | run folders: layout, atomic writes, lock, format versions |
//! | [`exec`] | one process per run |
//! | [`report`] | data frames, tables, figures, HTML |
//! | [`progress`] | progress of a sweep, on standard error |
//! | [`provenance`] | git revision, machine and program version of a run |

// `println!` and `eprintln!` panic if the pipe is closed or the disk is full; `cli::output` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod baselines;
pub mod bayes;
pub mod cells;
pub mod cli;
pub mod compact;
pub mod compress;
pub mod data;
pub mod engine;
pub mod exec;
pub mod export;
pub mod measure;
pub mod model;
pub mod plan;
pub mod progress;
pub mod provenance;
pub mod report;
pub mod spec;
pub mod store;
pub mod train;
