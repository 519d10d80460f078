//! Training of a small classifier with every cell: threads, saving and loading, non-finite numbers, accuracy.

use burn::tensor::DType;
use rayon::ThreadPoolBuilder;
use sparsegate_core::cells::{CELLS, Cell};
use sparsegate_core::trainer::Trainer;
use sparsegate_core::{Adam, GateActivation, Prior};
use sparsegate_core::{Batch, BatchSource};
use sparsegate_nn::engine::FusedOps;
use sparsegate_nn::model::{Classifier, ClassifierSizes, Network, NetworkTrainer, RecurrentConfig, TrainerOptions};

use crate::matrix::{HostMatrix, random_ids};
use crate::small_model::{everything, saved_bits};

/// Sizes of a classifier and its batches.
#[derive(Debug, Clone, Copy)]
pub struct SmallClassifier {
    cell: &'static dyn Cell,
    sizes: ClassifierSizes,
    hidden: usize,
    rows: usize,
    steps: usize,
}

/// A classifier of three classes.
pub fn small(cell: &'static dyn Cell) -> SmallClassifier {
    SmallClassifier {
        cell,
        sizes: ClassifierSizes { vocabulary: 23, embedding: 6, outputs: 3 },
        hidden: 9,
        rows: 5,
        steps: 4,
    }
}

impl SmallClassifier {
    /// Trainer of the classifier before its first step, on flex; `change` may edit each tensor's values.
    pub fn trainer(self, mut change: impl FnMut(&str, &mut [f64])) -> NetworkTrainer<Classifier> {
        let units = RecurrentConfig { cell: self.cell, activation: GateActivation::HardSigmoid, hidden: self.hidden };
        let mut seed = 0;
        let mut make = |name: &str, dims| {
            seed += 1;
            let limits = if name.ends_with("/log_sigma") {
                [-3.5, -2.5]
            } else if name.contains("/z_") {
                [0.9, 1.1]
            } else {
                [-0.3, 0.3]
            };
            let mut values = HostMatrix::random(dims, limits, seed);
            change(name, &mut values.values);
            values.tensor(DType::F32)
        };
        let network = Classifier::build(self.sizes, units, &everything(Prior::LogUniform), &mut make);
        let adam = Adam { lr: 0.002, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
        let options = TrainerOptions { seed: 3, carry_state: false, train_size: 5000, adam, clip_norm: Some(1.0) };
        NetworkTrainer::new(network, &FusedOps, options)
    }

    /// The batch of a step: one more text starts at each time step except the first.
    pub fn batch(self, step: u64) -> Batch {
        let active: Vec<usize> =
            (0..self.steps).map(|t| (self.rows + t + 1).saturating_sub(self.steps).max(1)).collect();
        let count = active.iter().sum();
        Batch {
            rows: self.rows,
            active,
            inputs: random_ids(count, self.sizes.vocabulary, 2 * step),
            targets: random_ids(self.rows, self.sizes.outputs.max(2), 2 * step + 1),
        }
    }

    /// Takes the steps `from..=to`, each of which must succeed.
    pub fn train(self, trainer: &mut NetworkTrainer<Classifier>, from: u64, to: u64) {
        for step in from..=to {
            let report = trainer.step(&self.batch(step), step).expect("finite numbers")[0];
            assert!(report.data_loss > 0.0 && report.gradient_norm > 0.0, "step {step}: {report:?}");
        }
    }
}

/// The sizes are large enough for matrix products to be split among threads.
#[test]
fn whole_steps_do_not_depend_on_the_number_of_threads() {
    for cell in CELLS {
        let sizes = ClassifierSizes { vocabulary: 500, embedding: 40, outputs: 1 };
        let large = SmallClassifier { cell: *cell, sizes, hidden: 130, rows: 33, steps: 11 };
        let with = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
            pool.install(|| {
                let mut trainer = large.trainer(|_, _| {});
                large.train(&mut trainer, 1, 2);
                trainer.state()
            })
        };
        let one = with(1);
        for threads in [2, 3] {
            assert_eq!(saved_bits(&with(threads)), saved_bits(&one), "{} with {threads} threads", cell.name());
        }
    }
}

#[test]
fn a_loaded_classifier_goes_on_bit_for_bit() {
    for cell in CELLS {
        let texts = small(*cell);
        let mut straight = texts.trainer(|_, _| {});
        texts.train(&mut straight, 1, 3);
        let saved = straight.state();
        texts.train(&mut straight, 4, 5);
        let mut resumed = texts.trainer(|_, values| values.iter_mut().for_each(|value| *value *= 0.5));
        texts.train(&mut resumed, 1, 2);
        resumed.restore_state(&saved).expect("what was saved");
        texts.train(&mut resumed, 4, 5);
        assert_eq!(saved_bits(&resumed.state()), saved_bits(&straight.state()), "{}", cell.name());
    }
}

/// Sets an element of each tensor in turn to NaN, one that the batch reads.
#[test]
fn what_is_not_a_number_is_named() {
    for cell in CELLS {
        let texts = small(*cell);
        let batch = texts.batch(7);
        let names: Vec<String> = texts.trainer(|_, _| {}).parameters().into_iter().map(|tensor| tensor.name).collect();
        assert_eq!(names.len(), 18);
        for name in names {
            let word = batch.inputs[0] as usize;
            let mut trainer = texts.trainer(|found, values| {
                let place = match found.trim_end_matches("/mean").trim_end_matches("/log_sigma") {
                    "embedding/w" => word * texts.sizes.embedding,
                    "embedding/z_vocabulary" => word,
                    _ => values.len() / 2,
                };
                if found == name {
                    values[place] = f64::NAN;
                }
            });
            let error = trainer.step(&batch, 7).expect_err(&name);
            assert_eq!((error.tensor, error.step), (name, 7), "{}", cell.name());
        }
    }
}

/// The counts cover the cell and the embedding.
#[test]
fn everything_is_counted() {
    for cell in CELLS {
        let texts = small(*cell);
        let counts = texts.trainer(|_, _| {}).counts();
        let wide = cell.preactivations().len() as u64 * 9;
        assert_eq!(counts.input_weights.total, 6 * wide);
        assert_eq!(counts.recurrent_weights.total, 9 * wide);
        assert_eq!(counts.embedding_weights.map(|weights| weights.total), Some(23 * 6));
        assert_eq!(counts.inputs.map(|inputs| inputs.total), Some(6));
        assert_eq!((counts.vocabulary.total, counts.neurons.total, counts.output_weights.total), (23, 9, 27));
        let kinds: Vec<&str> = counts.gates.iter().map(|gate| gate.kind.as_str()).collect();
        assert!(cell.preactivations().iter().map(|preactivation| preactivation.name).eq(kinds));
    }
}

/// Two batches of unequal sizes.
struct Two([Batch; 2]);

impl BatchSource for Two {
    fn len(&self) -> usize {
        2
    }
    fn batch(&self, index: usize) -> Batch {
        self.0[index].clone()
    }
    fn targets(&self) -> usize {
        self.0.iter().map(|batch| batch.rows).sum()
    }
    fn carries_state(&self) -> bool {
        false
    }
}

#[test]
fn accuracy_and_likelihood_are_over_texts_and_not_over_batches() {
    for outputs in [1, 3] {
        let mut texts = small(CELLS[0]);
        texts.sizes.outputs = outputs;
        let trainer = texts.trainer(|_, _| {});
        let network = trainer.network().to_deterministic(true);
        let batches = [texts.batch(1), SmallClassifier { rows: 2, ..texts }.batch(2)];
        let (mut nats, mut right) = (0.0, 0);
        for batch in &batches {
            let forward = network.forward(&FusedOps, batch, network.zero_states(batch.rows), None);
            let scores = crate::matrix::host(&(forward.outputs + network.output.bias.clone()));
            for (scores, target) in scores.chunks(outputs).zip(&batch.targets) {
                let exponentials: Vec<f64> =
                    if outputs == 1 { vec![1.0, scores[0].exp()] } else { scores.iter().map(|s| s.exp()).collect() };
                let share = exponentials[*target as usize] / exponentials.iter().sum::<f64>();
                nats -= share.ln();
                right += usize::from(exponentials.iter().all(|other| *other <= exponentials[*target as usize]));
            }
        }
        let found = trainer.evaluate(&Two(batches));
        assert!((found.nats - nats / 7.0).abs() < 1e-6, "{found:?} against {}", nats / 7.0);
        assert_eq!(found.accuracy, Some(right as f64 / 7.0));
    }
}

/// One batch.
struct One(Batch);

impl BatchSource for One {
    fn len(&self) -> usize {
        1
    }
    fn batch(&self, _: usize) -> Batch {
        self.0.clone()
    }
    fn targets(&self) -> usize {
        self.0.targets.len()
    }
    fn carries_state(&self) -> bool {
        false
    }
}

/// The loss of a class is clipped, and an accuracy is finite in any case.
#[test]
fn an_evaluation_shows_outputs_that_are_not_finite() {
    for outputs in [1, 3] {
        let sizes = ClassifierSizes { outputs, ..small(CELLS[0]).sizes };
        let texts = SmallClassifier { sizes, ..small(CELLS[0]) };
        let source = One(texts.batch(1));
        assert!(texts.trainer(|_, _| {}).evaluate(&source).nats.is_finite());
        let overflow = |name: &str, values: &mut [f64]| {
            if name == "output/w/mean" {
                values.fill(f64::from(f32::MAX));
            } else if name.ends_with("/bias") {
                values.fill(4.0);
            }
        };
        let trainer = texts.trainer(overflow);
        assert!(trainer.parameters().iter().all(|tensor| tensor.values.iter().all(|value| value.is_finite())));
        let found = trainer.evaluate(&source);
        assert!(found.accuracy.is_some_and(f64::is_finite) && found.nats.is_nan(), "{outputs} outputs: {found:?}");
    }
}
