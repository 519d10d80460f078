//! A trivial model whose state depends on every step it has seen.

use std::sync::atomic::{AtomicBool, Ordering};

use sparsegate_core::Evaluation;
use sparsegate_core::trainer::{NamedTensor, NonFinite, StepMetrics, Trainer};
use sparsegate_core::{Batch, BatchSource};
use sparsegate_data::Unit;
use sparsegate_pipeline::train::RunData;
use sparsegate_store::format::{Counts, GateCount, KeptCount, Structure, UnitGates};

pub struct ToyTrainer {
    weights: Vec<f32>,
    moment: Vec<f32>,
    carried: Vec<f32>,
    /// Step at which a tensor becomes non-finite.
    pub diverges_at: Option<u64>,
    /// Step whose update, after all metrics are computed, makes a tensor of the state infinite.
    pub breaks_at: Option<(u64, &'static str)>,
    /// Whether the outputs of an evaluation are NaN, as accuracies cannot show.
    pub evaluates_to_nan: bool,
    /// Whether nothing of the network is left.
    empty: bool,
    /// Number of steps whose metrics are returned together, as by a device that computes asynchronously.
    block: usize,
    waiting: Vec<StepMetrics>,
    /// Called after each step.
    pub after_step: Box<dyn FnMut(u64)>,
    /// Called at the beginning of each evaluation.
    pub while_evaluating: Box<dyn Fn()>,
}

impl ToyTrainer {
    pub fn new() -> Self {
        let weights = vec![0.5, -0.25, 0.125];
        Self {
            moment: vec![0.0; 3],
            carried: vec![0.0; 2],
            weights,
            diverges_at: None,
            breaks_at: None,
            evaluates_to_nan: false,
            empty: false,
            block: 1,
            waiting: Vec::new(),
            after_step: Box::new(|_| {}),
            while_evaluating: Box::new(|| {}),
        }
    }

    pub fn empty() -> Self {
        Self { empty: true, ..Self::new() }
    }

    pub fn in_blocks(block: usize) -> Self {
        Self { block, ..Self::new() }
    }

    fn tensor(name: &str, values: &[f32]) -> NamedTensor {
        NamedTensor { name: name.to_owned(), shape: vec![values.len()], values: values.to_vec() }
    }
}

impl Trainer for ToyTrainer {
    fn step(&mut self, batch: &Batch, step: u64) -> Result<Vec<StepMetrics>, NonFinite> {
        let diverged = self.diverges_at.is_some_and(|at| at <= step);
        if diverged && self.block == 1 {
            return Err(NonFinite { step, tensor: "lstm/w_hidden/mean".to_owned() });
        }
        let noise = (step as f32 * 0.7).sin();
        let mut gradient = noise;
        for (at, (x, y)) in batch.inputs.iter().zip(&batch.targets).enumerate() {
            gradient += (*x as f32 * 0.013 + self.carried[at % 2]).sin() - *y as f32 * 0.001;
        }
        for (weight, moment) in self.weights.iter_mut().zip(&mut self.moment) {
            *moment = 0.9 * *moment + 0.1 * gradient * *weight;
            *weight -= 0.01 * *moment;
        }
        self.carried = vec![gradient.sin(), self.weights[0] + self.carried[0]];
        match self.breaks_at {
            Some((at, "weights")) if at == step => self.weights[1] = f32::INFINITY,
            Some((at, _)) if at == step => self.moment[2] = f32::NAN,
            _ => {}
        }
        (self.after_step)(step);
        let data_loss = if diverged { f64::NAN } else { f64::from(gradient.abs()) + 0.1 };
        let (kl_term, gradient_norm) = (f64::from(self.moment[1].abs()), f64::from(gradient.abs()));
        self.waiting.push(StepMetrics { step, data_loss, kl_term, gradient_norm });
        Ok(if self.waiting.len() < self.block { Vec::new() } else { std::mem::take(&mut self.waiting) })
    }

    fn drain_metrics(&mut self) -> Vec<StepMetrics> {
        std::mem::take(&mut self.waiting)
    }

    fn reset_state(&mut self) {
        self.carried = vec![0.0; 2];
    }

    fn evaluate_unless(&self, stop: &AtomicBool, source: &dyn BatchSource) -> Option<Evaluation> {
        (self.while_evaluating)();
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let inputs = (0..source.len()).flat_map(|at| source.batch(at).inputs);
        let sum = inputs.map(|x| (f64::from(x) * f64::from(self.weights[0])).cos()).sum::<f64>();
        let nats = if self.evaluates_to_nan { f64::NAN } else { sum.abs() / source.targets() as f64 };
        Some(Evaluation { nats, accuracy: Some(0.5), only_class: None })
    }

    fn counts(&self) -> Counts {
        let kept = |kept| KeptCount { kept, total: 3 };
        Counts {
            compression: 3.0 / (1.0 + f64::from(self.weights[1].abs())),
            compression_exact: 3.5,
            embedding_weights: None,
            input_weights: kept(1),
            recurrent_weights: kept(1),
            output_weights: kept(1),
            weights_kept_exact: 3,
            vocabulary: kept(2),
            inputs: None,
            neurons: kept(if self.empty { 0 } else { 3 }),
            gates: vec![GateCount { kind: "i".to_owned(), flow: false, kept: 1, total: 3 }],
        }
    }

    fn structure(&self) -> Structure {
        let gates = vec![UnitGates { unit: 0, constant: vec![Some(f64::from(self.weights[2]))] }];
        Structure {
            format: 1,
            counts: self.counts(),
            neurons: vec![0, 1],
            vocabulary: vec![0, 2],
            strengths: vec![2.0, 1.0],
            inputs: Vec::new(),
            kinds: Vec::new(),
            gates,
            words: Vec::new(),
        }
    }

    fn parameters(&self) -> Vec<NamedTensor> {
        vec![Self::tensor("weights", &self.weights)]
    }

    fn state(&self) -> Vec<NamedTensor> {
        vec![
            Self::tensor("weights", &self.weights),
            Self::tensor("adam/moment", &self.moment),
            Self::tensor("state", &self.carried),
        ]
    }

    fn restore_state(&mut self, tensors: &[NamedTensor]) -> Result<(), String> {
        let slots = [("weights", &mut self.weights), ("adam/moment", &mut self.moment), ("state", &mut self.carried)];
        for (name, slot) in slots {
            let found = tensors.iter().find(|tensor| tensor.name == name).ok_or(format!("{name} is missing"))?;
            if found.shape != [slot.len()] {
                return Err(format!("{name} has shape {:?}", found.shape));
            }
            slot.clone_from(&found.values);
        }
        Ok(())
    }
}

/// Batches whose content depends on the epoch and the index.
pub struct ToyBatches {
    pub epoch: u32,
    pub batches: usize,
}

impl BatchSource for ToyBatches {
    fn len(&self) -> usize {
        self.batches
    }
    fn batch(&self, index: usize) -> Batch {
        let start = self.epoch * 1000 + index as u32 * 4;
        Batch::even(2, (start..start + 4).collect(), (start + 1..start + 5).collect())
    }
    fn targets(&self) -> usize {
        self.batches * 4
    }
    fn carries_state(&self) -> bool {
        true
    }
}

pub fn run_data(batches: usize) -> RunData<'static> {
    RunData {
        train: Box::new(move |epoch| Ok(Box::new(ToyBatches { epoch, batches }))),
        valid: Box::new(ToyBatches { epoch: 50, batches: 3 }),
        test: Box::new(ToyBatches { epoch: 60, batches: 3 }),
        unit: Unit::Word,
        words: &[],
        classes: &[],
        baseline: None,
        informative: Some(&[true, true, false]),
        vectors: None,
    }
}
