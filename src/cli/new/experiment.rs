//! The texts of a task and of an experiment with it, with sizes chosen so that a first sweep takes minutes.

use super::quoted;

/// Approximate number of optimiser steps per run, enough for pruning to show.
const STEPS: usize = 2_000;

/// Number of epochs for about [`STEPS`] steps, given the batches per epoch.
fn epochs(batches: usize) -> usize {
    (STEPS / batches.max(1)).clamp(3, 60)
}

/// A name as a YAML scalar, in quotes if it could be read as a number.
fn scalar(name: &str) -> String {
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name.to_owned() } else { quoted(name) }
}

/// An experiment that trains the task `name` at several levels.
pub(super) fn experiment(name: &str, about: &str) -> String {
    format!(
        "# Written by `sparsegate new`; docs/specs.md explains the keys. Data, network and training: tasks/{name}.yaml\n\
         name: {task}\n\
         about: {about}\n\
         sweep:\n  \
           product: # also: W+Voc; more seeds; cell: [lstm, gru, rnn]; other tasks\n    \
             task: [{task}]\n    \
             sparsity: [dense, W, W+N, W+G+N]\n    \
             seed: [0]\n",
        about = quoted(about),
        task = scalar(name),
    )
}

/// A task with a classifier, for a training set of `texts` texts.
pub(super) fn classifier(name: &str, about: &str, texts: usize) -> String {
    let batch = (texts / 40).clamp(4, 64);
    let epochs = epochs(texts.div_ceil(batch));
    format!(
        "# Written by `sparsegate new`; docs/specs.md explains the keys.\n\
         task: {task}\n\
         about: {about}\n\
         dataset: {task}\n\
         model:\n  \
           kind: classification\n  \
           cell: lstm\n  \
           hidden: 32\n  \
           embedding: {{ size: 32, vectors: none }} # or a manifest of pretrained vectors: sparsegate new vectors\n  \
           init: glorot\n  \
           forget_bias: 1\n\
         # A larger learning rate also prunes sooner: if a level prunes everything, use a smaller one or more epochs.\n\
         train: {{ epochs: {epochs}, batch: {batch}, optimizer: {{ adam: {{ lr: 2e-3 }} }}, clip_norm: 1 }}\n",
        task = scalar(name),
        about = quoted(about),
    )
}

/// A task with a language model, for `symbols` training symbols and a smaller evaluation part of `shortest`.
pub(super) fn language_model(name: &str, about: &str, symbols: usize, shortest: usize, words: bool) -> String {
    let sequence: usize = if words { 35 } else { 100 };
    // At least about 40 windows per training stream, and at least two symbols per evaluation stream.
    let batch = (symbols / (40 * sequence)).min(shortest / 2).clamp(1, 32);
    let epochs = epochs(symbols / (batch * sequence).max(1));
    format!(
        "# Written by `sparsegate new`; docs/specs.md explains the keys.\n\
         task: {task}\n\
         about: {about}\n\
         dataset: {task}\n\
         model: {{ kind: language-model, cell: lstm, hidden: 64, forget_bias: 1 }}\n\
         train:\n  \
           epochs: {epochs}\n  \
           batch: {batch} # parallel streams\n  \
           sequence: {sequence} # predicted symbols a window\n  \
           carry_state: true\n  \
           optimizer: {{ adam: {{ lr: 4e-3 }} }}\n  \
           clip_norm: 1\n",
        task = scalar(name),
        about = quoted(about),
    )
}
