//! Reproduce *Bayesian Sparsification of Gated Recurrent Neural Networks* (arXiv 1812.05692) from
//! declarative specs.
//!
//! The way of the data, one module a stage; each stage reads what the stage before it stored:
//!
//! ```text
//! experiments/*.yaml --spec--> Experiment --plan--> RunSpec + key
//! datasets/*.yaml    --data--> Corpus -> batches --+
//! RunSpec ----------------------------------> train (model, bayes, engine) -> store: run folder
//! run folder --report--> tables and figures
//! ```
//!
//! | module | what it knows |
//! |---|---|
//! | [`cli`] | commands; the only place that prints |
//! | [`spec`] | experiment and dataset YAML, presets, overrides, sweep algebra, schema |
//! | [`plan`] | the runs of a sweep, their content keys, what is done, new or stale and why |
//! | [`data`] | manifests, download, checksums, readers, the embedded language, batching |
//! | [`bayes`] | a variational weight: mean and log sigma, log alpha, KL, group variables |
//! | [`baselines`] | ways to prune without noise, to hold the method against |
//! | [`cells`] | the recurrent cells: preactivations, states, a step, constants |
//! | [`model`] | embedding, recurrent and output layer, language model, classifier, initialisation |
//! | [`engine`] | the custom ops behind one trait: composed Burn ops, and fast kernels for flex |
//! | [`train`] | the loop, metrics, checkpoints |
//! | [`compact`] | the compact model of a run, as a file that runs alone |
//! | [`compress`] | masks and counting |
//! | [`export`] | a compact model for other programs: ONNX, tensors with PyTorch's names |
//! | [`measure`] | the time of a training step, on made-up data |
//! | [`store`] | run folders: layout, atomic writes, lock, format versions |
//! | [`exec`] | runs the runs, one process each |
//! | [`report`] | frames, tables, figures, HTML |

// `println!` and `eprintln!` panic when nobody reads or the disk is full; `cli::output` does not.
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
