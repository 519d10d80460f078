//! Evaluates a compact model on the batches on which training evaluated the original network.

use sparsegate_runtime::runtime::{Batch as Side, Runtime};

use sparsegate_core::Evaluation;
use sparsegate_core::{Batch, BatchSource};

/// Maximum number of outputs of a language model held at a time, so that they stay in the caches.
const OUTPUTS: usize = 1 << 20;

/// The model's mean negative log likelihood over all batches of `source`, from a zero state, and its accuracy if
/// `classifies`. The likelihood is NaN if an output is not finite.
pub fn evaluate(runtime: &Runtime, classifies: bool, source: &dyn BatchSource) -> Evaluation {
    let mut sums = EvaluationSums::default();
    let mut outputs = Vec::new();
    let mut side: Option<(usize, Side)> = None;
    for index in 0..source.len() {
        let batch = source.batch(index);
        let (_, sequences) = match &mut side {
            Some(known) if known.0 == batch.rows => known,
            other => other.insert((batch.rows, runtime.batch(batch.rows))),
        };
        if classifies {
            outputs.resize(batch.rows * runtime.outputs(), 0.0);
            sequences.classify(&texts(&batch), &mut outputs);
            sums.add_all(&outputs, &batch.targets, true);
            continue;
        }
        if !source.carries_state() {
            sequences.reset();
        }
        let steps = (OUTPUTS / (batch.rows * runtime.outputs()).max(1)).max(1);
        for (inputs, targets) in batch.inputs.chunks(steps * batch.rows).zip(batch.targets.chunks(steps * batch.rows)) {
            outputs.resize(inputs.len() * runtime.outputs(), 0.0);
            sequences.language_model(inputs, &mut outputs);
            sums.add_all(&outputs, targets, false);
        }
    }
    let targets = source.targets() as f64;
    let accuracy = classifies.then_some(sums.right as f64 / targets);
    let only_class = sums.classes.filter(|(lowest, highest)| classifies && lowest == highest).map(|(class, _)| class);
    Evaluation { nats: sums.nats / targets, accuracy, only_class }
}

/// The true and the predicted class of each text of `source`, in order; `None` if an output is not finite.
pub fn predicted_classes(runtime: &Runtime, source: &dyn BatchSource) -> Option<Vec<(u32, usize)>> {
    let mut classes = Vec::with_capacity(source.targets());
    let mut logits = Vec::new();
    for index in 0..source.len() {
        let batch = source.batch(index);
        logits.resize(batch.rows * runtime.outputs(), 0.0);
        runtime.batch(batch.rows).classify(&texts(&batch), &mut logits);
        if !logits.iter().all(|logit| logit.is_finite()) {
            return None;
        }
        let predicted = logits.chunks_exact(runtime.outputs().max(1)).map(predicted_class);
        classes.extend(batch.targets.iter().copied().zip(predicted));
    }
    Some(classes)
}

/// The class with the largest logit, the first one in a tie; a single logit is that of class 1.
fn predicted_class(logits: &[f32]) -> usize {
    if let [logit] = logits {
        return usize::from(*logit >= 0.0);
    }
    let mut best = 0;
    for (place, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = place;
        }
    }
    best
}

/// The sequences of a batch, whose ids are stored step by step.
fn texts(batch: &Batch) -> Vec<Vec<u32>> {
    let mut texts = vec![Vec::new(); batch.rows];
    for (sequence, id) in batch.sequences().zip(&batch.inputs) {
        texts[sequence].push(*id);
    }
    texts
}

/// Probabilities of classes are clipped to [1e-6, 1 - 1e-6] before the logarithm, as in training.
const CLIP: f64 = 1e-6;

#[derive(Default)]
struct EvaluationSums {
    nats: f64,
    right: usize,
    /// The lowest and the highest class predicted.
    classes: Option<(u32, u32)>,
}

impl EvaluationSums {
    /// Adds the outputs for some targets: classes if `classifies`, else next symbols.
    fn add_all(&mut self, logits: &[f32], targets: &[u32], classifies: bool) {
        let outputs = logits.len() / targets.len().max(1);
        logits.chunks_exact(outputs.max(1)).zip(targets).for_each(|(logits, target)| {
            self.add(logits, *target, classifies);
        });
    }

    fn add(&mut self, logits: &[f32], target: u32, classifies: bool) {
        let target = target as usize;
        // Clipping and comparisons would hide such an output.
        if !logits.iter().all(|logit| logit.is_finite()) {
            self.nats = f64::NAN;
        }
        if let [logit] = logits {
            let second = 1.0 / (1.0 + (-f64::from(*logit)).exp());
            let probability = if target == 1 { second } else { 1.0 - second };
            self.nats -= probability.clamp(CLIP, 1.0 - CLIP).ln();
            self.predict(predicted_class(logits), target);
            return;
        }
        let best = predicted_class(logits);
        let largest = logits.get(best).copied().unwrap_or(f32::NEG_INFINITY);
        let total: f64 = logits.iter().map(|logit| f64::from(logit - largest).exp()).sum();
        let nats = total.ln() - f64::from(logits[target] - largest);
        self.nats += if classifies { nats.clamp(-(1.0 - CLIP).ln(), -CLIP.ln()) } else { nats };
        self.predict(best, target);
    }

    fn predict(&mut self, class: usize, target: usize) {
        self.right += usize::from(class == target);
        let class = class as u32;
        let (lowest, highest) = self.classes.unwrap_or((class, class));
        self.classes = Some((lowest.min(class), highest.max(class)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nats(logits: &[f32], target: u32, classifies: bool) -> f64 {
        let mut sums = EvaluationSums::default();
        sums.add_all(logits, &[target], classifies);
        sums.nats
    }

    #[test]
    fn probabilities_of_classes_are_clipped_and_those_of_symbols_are_not() {
        let worst = -CLIP.ln();
        assert!((nats(&[40.0], 0, true) - worst).abs() < 1e-9);
        assert!((nats(&[40.0, 0.0, 0.0], 1, true) - worst).abs() < 1e-9);
        assert!((nats(&[40.0, 0.0, 0.0], 0, true) - CLIP).abs() < 1e-9);
        assert!((nats(&[40.0, 0.0, 0.0], 1, false) - 40.0).abs() < 1e-9);
        assert!((nats(&[1.0, 0.0, 0.0], 1, true) - (2.0 + 1_f64.exp()).ln()).abs() < 1e-12, "inside nothing changes");
        assert!(nats(&[f32::NAN, 0.0, 0.0], 1, true).is_nan());
    }
}
