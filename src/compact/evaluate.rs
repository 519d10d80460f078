//! How well a compact model predicts, measured as training measured the network that it was taken from.

use sparsegate_runtime::Model;
use sparsegate_runtime::model::Task;
use sparsegate_runtime::plain::{self, State};

use crate::data::Evaluation;
use crate::data::batch::BatchSource;

/// The model's likelihood, and of a classifier its accuracy, over all batches of `source`, from a zero state.
pub fn evaluate(model: &Model<f32>, source: &dyn BatchSource) -> Evaluation {
    let mut sums = Sums::default();
    let mut carried: Option<Vec<State<f32>>> = None;
    for index in 0..source.len() {
        let batch = source.batch(index);
        let kept = carried.take().filter(|_| source.carries_state());
        let mut states = kept.unwrap_or_else(|| (0..batch.rows).map(|_| State::zero(model)).collect());
        let (mut ids, mut targets) = (batch.inputs.iter(), batch.targets.iter());
        for active in &batch.active {
            for (state, id) in states[..*active].iter_mut().zip(&mut ids) {
                plain::step(model, *id, state);
                if model.task == Task::LanguageModel
                    && let Some(target) = targets.next()
                {
                    sums.add(&plain::outputs(model, state), *target);
                }
            }
        }
        if model.task == Task::Classification {
            for (state, target) in states.iter().zip(targets) {
                sums.add(&plain::outputs(model, state), *target);
            }
        }
        carried = Some(states);
    }
    let targets = source.targets() as f64;
    let accuracy = (model.task == Task::Classification).then_some(sums.right as f64 / targets);
    Evaluation { nats: sums.nats / targets, accuracy }
}

/// Probabilities of a classifier are kept this far from 0 and 1 before the logarithm, as in training.
const CLIP: f64 = 1e-6;

#[derive(Default)]
struct Sums {
    nats: f64,
    right: usize,
}

impl Sums {
    fn add(&mut self, logits: &[f32], target: u32) {
        let target = target as usize;
        if let [logit] = logits {
            let second = 1.0 / (1.0 + (-f64::from(*logit)).exp());
            let probability = if target == 1 { second } else { 1.0 - second };
            self.nats -= probability.clamp(CLIP, 1.0 - CLIP).ln();
            self.right += usize::from((*logit >= 0.0) == (target == 1));
            return;
        }
        let (mut best, mut largest) = (0, f32::NEG_INFINITY);
        for (place, logit) in logits.iter().enumerate() {
            if *logit > largest {
                (best, largest) = (place, *logit);
            }
        }
        let total: f64 = logits.iter().map(|logit| f64::from(logit - largest).exp()).sum();
        self.nats -= f64::from(logits[target] - largest) - total.ln();
        self.right += usize::from(best == target);
    }
}
