//! The texts of a task and of an experiment with it, with settings that suit the size of the data.

use super::quoted;
use super::settings::Settings;

/// The start of a task.
fn head(name: &str, about: &str) -> String {
    format!(
        "# Written by `sparsegate new`; docs/specs.md explains the keys, docs/small-data.md the values.\n\
         task: {task}\n\
         about: {about}\n\
         dataset: {task}\n",
        task = scalar(name),
        about = quoted(about),
    )
}

/// A name as a YAML scalar, in quotes if it could be read as a number.
fn scalar(name: &str) -> String {
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name.to_owned() } else { quoted(name) }
}

/// An experiment that trains the task `name` at `levels`.
pub(super) fn experiment(name: &str, about: &str, levels: &str) -> String {
    format!(
        "# Written by `sparsegate new`; docs/specs.md explains the keys. Data, network and training: tasks/{name}.yaml\n\
         name: {task}\n\
         about: {about}\n\
         sweep:\n  \
           product: # also: cell: [lstm, gru, rnn]; other tasks; more seeds, which show which differences are real\n    \
             task: [{task}]\n    \
             sparsity: {levels}\n    \
             seed: [0]\n",
        about = quoted(about),
        task = scalar(name),
    )
}

/// A task with a classifier, for a training set of `texts` texts.
pub(super) fn classifier(name: &str, about: &str, texts: usize) -> String {
    let Settings { batch, epochs, warm_up, kl_weight, embedding } = Settings::classifier(texts);
    format!(
        "{}\
         model:\n  \
           kind: classification\n  \
           cell: gru # on few texts more accurate than lstm; with lstm set forget_bias: 1\n  \
           hidden: 32 # larger did not help up to 10,000 texts\n  \
           embedding: {{ size: {embedding}, vectors: none }} # pretrained vectors help most on few texts: sparsegate new vectors\n  \
           init: glorot\n  \
           forget_bias: 2 # the state lasts over a whole text from the start\n\
         train:\n  \
           epochs: {epochs} # about 3,000 steps: pruning takes that many at this learning rate\n  \
           batch: {batch}\n  \
           optimizer: {{ adam: {{ lr: 4e-3 }} }} # also sets how fast weights are pruned: halve it and double the epochs together\n  \
           schedule: {{ cosine: {{ to: 0.05 }} }} # structure and accuracy settle at the end\n  \
           clip_norm: 1\n  \
           # Weight: training texts / 30,000. It is reached after half of the epochs: learn first, then prune.\n  \
           kl: {{ weight: {kl_weight}, warm_up: {warm_up} }}\n  \
           select: best # the best validation accuracy among the epochs with the full KL weight\n  \
           early_stop: {{ patience: {warm_up} }} # ends the dense run when it overfits\n",
        head(name, about),
    )
}

/// A task with a language model, for `symbols` training symbols and a smaller evaluation part of `shortest`.
pub(super) fn language_model(name: &str, about: &str, symbols: usize, shortest: usize, words: bool) -> String {
    let sequence = if words { 35 } else { 64 };
    let Settings { batch, epochs, warm_up, kl_weight, .. } =
        Settings::language_model(symbols, shortest, words, sequence);
    let (cell, rate, steps, metric) =
        if words { ("gru", "4e-3", "3,700", "perplexity") } else { ("lstm", "8e-3", "10,500", "bits per character") };
    let weight = if words {
        "training words / 100,000"
    } else {
        "training characters / 34,000, at most 4: small networks of characters have few weights to spare"
    };
    format!(
        "{}\
         model: {{ kind: language-model, cell: {cell}, hidden: 128, forget_bias: 1 }} # sparse levels remove what is not needed\n\
         train:\n  \
           epochs: {epochs} # about {steps} steps: pruning takes that many at this learning rate\n  \
           batch: {batch} # parallel streams; few, so that an epoch has enough steps\n  \
           sequence: {sequence} # predicted symbols a window\n  \
           carry_state: true\n  \
           optimizer: {{ adam: {{ lr: {rate} }} }} # also sets how fast weights are pruned\n  \
           schedule: {{ cosine: {{ to: 0.05 }} }} # structure and {metric} settle at the end\n  \
           clip_norm: 1\n  \
           # Weight: {weight}.\n  \
           # It is reached after half of the epochs: learn first, then prune.\n  \
           kl: {{ weight: {kl_weight}, warm_up: {warm_up} }}\n  \
           select: best # the best validation {metric} among the epochs with the full KL weight\n  \
           early_stop: {{ patience: {warm_up} }} # ends the dense run when it overfits\n",
        head(name, about),
    )
}
